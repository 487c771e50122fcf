import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND_CLASSES } from '../../src/ddl/command-classes.ts';
import { UNREPORTED_COMMANDS } from '../../src/ddl/unreported-commands.ts';
import { renderDdl } from '../../tools/ddl/render-ddl.ts';
import { testedBy } from '../../tools/ddl/tested-by.ts';

/** Nothing to compare after them: one needs a server to read from, one a provider, and one is no statement. */
const WITHOUT_CASE = ['IMPORT FOREIGN SCHEMA', 'LOGIN', 'SECURITY LABEL'];

test('docs/ddl.md is what `npm run docs:ddl` writes from the tables and the cases', async () => {
  const file = path.join(import.meta.dirname, '..', '..', 'docs', 'ddl.md');
  expect(readFileSync(file, 'utf8')).toBe(await renderDdl());
});

test('every command that has a statement is sent by a case', async () => {
  const tested = await testedBy();
  const missing = [...COMMAND_CLASSES].filter(([tag, { unused }]) => unused !== true && !tested.has(tag));
  expect(missing.map(([tag]) => tag)).toEqual(WITHOUT_CASE);
});

test('a tag is reported or not, by each version', () => {
  for (const [tag, { until = Infinity }] of UNREPORTED_COMMANDS)
    expect(COMMAND_CLASSES.get(tag)?.since ?? Infinity, tag).toBeGreaterThan(Number.isFinite(until) ? until : 0);
});
