import { expect, it } from 'vitest';
import { fieldLimitProblem } from './field-limit.ts';

it.each<Readonly<Record<string, unknown>>>([
  { 'index.mapping.total_fields.limit': 5 },
  { 'mapping.total_fields.limit': '5' },
  { index: { mapping: { total_fields: { limit: 5 } } } },
  { mapping: { 'total_fields.limit': 5 } },
])('explains a limit that is too low: %j', (settings) => {
  expect(fieldLimitProblem(6, settings)).toMatch(/^needs 6 fields .* is 5$/);
  expect(fieldLimitProblem(5, settings)).toBeNull();
});

it('has nothing to say where the limit is ours', () => {
  expect(fieldLimitProblem(10_000, { number_of_shards: 1, index: { mapping: null } })).toBeNull();
});
