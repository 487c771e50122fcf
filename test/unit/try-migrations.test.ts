import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHistory } from '../../tools/try-migrations/read-history.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'history-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function files(contents: Readonly<Record<string, string>>): [name: string, up: string, down: string | null][] {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return readHistory(folder).map(({ name, up, down }) => [name, up, down]);
}

test('files in the order of their numbers', () => {
  expect(files({ 'v10.sql': 'c', 'v2.sql': 'b', 'v1.sql': 'a', 'readme.md': 'x' })).toEqual([
    ['v1', 'a', null],
    ['v2', 'b', null],
    ['v10', 'c', null],
  ]);
});

test('moments with and without dashes are moments', () => {
  const names = files({
    '20170309122510_b/up.sql': '',
    '2017-08-31-230457_c/up.sql': '',
    '20151115043602_a/up.sql': '',
  });
  expect(names.map(([name]) => name)).toEqual(['20151115043602_a', '20170309122510_b', '2017-08-31-230457_c']);
});

test('ways up and down in files, folders and sections', () => {
  const sections = '-- +goose Up\nup\n-- +goose Down\ndown';
  expect(
    files({
      '1.up.sql': 'a',
      '1.down.sql': 'b',
      '2/up.sql': 'c',
      '2/down.sql': 'd',
      '3/migration.sql': 'e',
      '4.sql': sections,
    }),
  ).toEqual([
    ['1', 'a', 'b'],
    ['2', 'c', 'd'],
    ['3', 'e', null],
    ['4', 'up', 'down'],
  ]);
});

test('the text for PostgreSQL takes the place of the common one, those for others are left out', () => {
  expect(
    files({ '1_x.up.sql': 'common', '1_x.postgres.up.sql': 'ours', '1_x.mysql.up.sql': 'theirs', '1_x.down.sql': 'd' }),
  ).toEqual([['1_x', 'ours', 'd']]);
});
