import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IDENTITY_BYTES, IdentityCodec } from './identity-codec.ts';

function idOf(values: readonly (string | null)[], columns = [...values.keys()], prefix?: string): string {
  const parts = values.map((value) => Buffer.from(value ?? ''));
  const fields = new Int32Array(values.length * 2 + 2);
  let offset = 3;
  for (const [i, value] of values.entries()) {
    const length = parts[i]?.length ?? 0;
    fields[2 + i * 2] = offset;
    fields[3 + i * 2] = value === null ? -1 : length;
    offset += length;
  }
  return new IdentityCodec(columns, prefix).text(Buffer.concat([Buffer.from('...'), ...parts]), fields, 2);
}

it.each<[(string | null)[], string]>([
  [['42'], '42'],
  [['a', '1'], 'a|1'],
  [['a|b', 'c\\'], 'a\\|b|c\\\\'],
  [[''], '\\e'],
  [['', ''], '|'],
  [[null], '\\n'],
  [['#1'], '\\#1'],
  [['a#1'], 'a#1'],
])('%j → %s', (values, id) => {
  expect(idOf(values)).toBe(id);
});

it('takes the key columns alone, in their order, behind what tells the table', () => {
  expect(idOf(['x', 'y', 'z'], [2, 0])).toBe('z|x');
  expect(idOf(['', 'y'], [0, 1], 't1')).toBe('t1||y');
  expect(idOf([''], [0], 't1')).toBe('t1|');
});

it('hashes what is too long, never into an id that another key could have', () => {
  const long = 'é'.repeat(IDENTITY_BYTES / 2);
  expect(idOf([long])).toBe(long);
  expect(idOf([`${long}a`])).toMatch(/^#[0-9a-f]{64}$/);
  expect(idOf([`${long}a`])).not.toBe(idOf([`${long}b`]));
  expect(idOf([idOf([`${long}a`])])).not.toBe(idOf([`${long}a`]));
});

it('is another one for every other key', () => {
  const value = fc.option(fc.string({ unit: fc.constantFrom('|', '\\', 'e', 'n', '#', 'a'), maxLength: 4 }));
  const key = fc.integer({ min: 1, max: 3 }).chain((size) => fc.tuple(...Array.from({ length: size }, () => value)));
  fc.assert(
    fc.property(key, key, (a, b) => {
      if (a.length !== b.length) return;
      expect(idOf(a) === idOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { seed: 7, numRuns: 5_000 },
  );
});

it('refuses a key of which the stream says no more than that it stayed', () => {
  const fields = Int32Array.from([0, -2]);
  expect(() => new IdentityCodec([0]).text(Buffer.alloc(0), fields, 0)).toThrow('unchanged value in the key');
});
