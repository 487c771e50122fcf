import { expect, it } from 'vitest';
import type { SnapshotTable } from '../../wal/snapshot.ts';
import { copyFormat } from './copy-format.ts';
import { copyStatement } from './copy-statement.ts';

const WHOLE = { lower: null, upper: null };

function table(
  columns: readonly (readonly [string, number, string?])[],
  extensionCondition?: string,
  name = 't',
): SnapshotTable {
  return {
    oid: 1,
    fileNode: '1',
    bytes: 0,
    estimatedRows: 0,
    ...(extensionCondition === undefined ? {} : { extensionCondition }),
    metadata: {
      oid: 1,
      schema: 'public',
      name,
      kind: 'r',
      persistence: 'p',
      owner: 'o',
      identity: 'd',
      columns: columns.map(([column, type, generated], at) => ({
        num: at + 1,
        name: column,
        type: '',
        type_oid: type,
        ...(generated === undefined ? {} : { generated_kind: generated }),
      })),
    },
  };
}

const key = { column: 'id', kind: 'integer' } as const;

it.each([
  ['a whole table', table([['id', 20]]), null, WHOLE, 'copy "public"."t" ("id") to stdout'],
  [
    'names of every kind',
    table([['a"b', 20]], undefined, 'x.y"z'),
    null,
    WHOLE,
    'copy "public"."x.y""z" ("a""b") to stdout',
  ],
  [
    'no generated column',
    table([
      ['id', 20],
      ['g', 20, 's'],
      ['v', 25, 'v'],
    ]),
    null,
    WHOLE,
    'copy "public"."t" ("id") to stdout',
  ],
  ['a table without columns', table([]), null, WHOLE, 'copy "public"."t" to stdout'],
  [
    'a range',
    table([
      ['id', 20],
      ['x', 25],
    ]),
    key,
    { lower: '-5', upper: '7' },
    `copy (select "id", "x" from only "public"."t" where "id" >= '-5' and "id" < '7') to stdout`,
  ],
  [
    'the first range',
    table([['id', 20]]),
    key,
    { lower: null, upper: '7' },
    `copy (select "id" from only "public"."t" where "id" < '7') to stdout`,
  ],
  [
    'the last range',
    table([['id', 20]]),
    key,
    { lower: '7', upper: null },
    `copy (select "id" from only "public"."t" where "id" >= '7') to stdout`,
  ],
  [
    'what an extension leaves to its users',
    table([['id', 20]], 'WHERE id > 3'),
    null,
    WHOLE,
    'copy (select "id" from only "public"."t" WHERE id > 3) to stdout',
  ],
  ['an extension that leaves all', table([['id', 20]], ''), null, WHOLE, 'copy "public"."t" ("id") to stdout'],
] as const)('copies %s', (_name, subject, rangeKey, range, statement) => {
  expect(copyStatement(subject, rangeKey, range, 'text')).toBe(statement);
  expect(copyStatement(subject, rangeKey, range, 'binary')).toBe(`${statement} with (format binary)`);
});

it('takes the binary form only if every column that is copied has a built-in scalar type', () => {
  expect(
    copyFormat(
      table([
        ['a', 20],
        ['b', 1700],
        ['c', 3802],
      ]).metadata,
    ),
  ).toBe('binary');
  expect(
    copyFormat(
      table([
        ['a', 20],
        ['g', 16400, 's'],
      ]).metadata,
    ),
  ).toBe('binary');
  for (const type of [16400, 1007, 2205, 26, 790, 142, 3904]) {
    expect(
      copyFormat(
        table([
          ['a', 20],
          ['b', type],
        ]).metadata,
      ),
    ).toBe('text');
  }
});
