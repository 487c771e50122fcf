import { expect, test } from 'vitest';
import type { TableMetadata } from '../wal/table-metadata.ts';
import { describeDifferences, tableDifferences } from './compare-tables.ts';

const here: TableMetadata = {
  oid: 1,
  schema: 'public',
  name: 't',
  kind: 'r',
  persistence: 'p',
  owner: 'app',
  identity: 'd',
  columns: [
    { num: 1, name: 'id', type: 'integer', type_oid: 23, not_null: true },
    { num: 3, name: 'note', type: 'public.word', type_oid: 16_500, missing: 'x' },
  ],
  constraints: [
    { oid: 7, name: 't_id_not_null', type: 'n', definition: 'NOT NULL id' },
    { oid: 8, name: 't_pkey', type: 'p', definition: 'PRIMARY KEY (id)' },
  ],
};
const there: TableMetadata = {
  ...here,
  oid: 2,
  columns: [
    { num: 1, name: 'id', type: 'integer', type_oid: 23, not_null: true },
    { num: 2, name: 'note', type: 'public.word', type_oid: 26_500 },
  ],
};
const SAME = { source: 18, target: 18 };

test('object ids, attribute numbers and values from the past are no difference', () => {
  expect(tableDifferences(here, there, SAME)).toEqual([]);
});

test('says which field of which column differs, on both sides', () => {
  const [id, note] = there.columns ?? [];
  const other = { ...there, columns: [id, { ...note, type: 'text' }] as NonNullable<TableMetadata['columns']> };
  const found = tableDifferences(here, other, SAME);
  expect(found).toEqual([{ path: 'columns.note.type', source: 'public.word', target: 'text' }]);
  expect(describeDifferences('public.t', found)).toBe(
    'public.t columns.note.type: source "public.word", target "text"',
  );
});

test('a missing table, a missing column and another order of columns are differences', () => {
  expect(tableDifferences(here, undefined, SAME)).toMatchObject([{ target: 'missing' }]);
  expect(
    tableDifferences(here, { ...there, columns: (there.columns ?? []).slice(0, 1) }, SAME).map(({ path }) => path),
  ).toEqual(['order', 'columns.note']);
  expect(
    tableDifferences(here, { ...there, columns: [...(there.columns ?? [])].reverse() }, SAME).map(({ path }) => path),
  ).toEqual(['order']);
});

test('foreign keys that PostgreSQL numbered are told apart by what they say between two versions', () => {
  const key = (name: string, definition: string): NonNullable<TableMetadata['constraints']>[number] => ({
    oid: 9,
    name,
    type: 'f',
    definition,
  });
  const [one, two] = ['FOREIGN KEY (p) REFERENCES p1(id)', 'FOREIGN KEY (p) REFERENCES p2(id)'];
  const older = { ...here, constraints: [key('t_p_fkey', one), key('t_p_fkey1', two), key('t_p_fkey2', two)] };
  const newer = { ...there, constraints: [key('t_p_fkey', one), key('t_p_fkey_1', two), key('t_p_fkey_2', two)] };
  const versions = { source: 15, target: 18 };
  expect(tableDifferences(older, newer, versions)).toEqual([]);
  expect(tableDifferences(older, newer, SAME)).toHaveLength(4);
  const fewer = { ...newer, constraints: newer.constraints.slice(0, 2) };
  expect(tableDifferences(older, fewer, versions)).toMatchObject([{ target: undefined }]);
  const named = { ...newer, constraints: [key('other', one), ...newer.constraints.slice(1)] };
  expect(tableDifferences(older, named, versions).map(({ path }) => path)).toEqual([
    'constraints.t_p_fkey',
    'constraints.other',
  ]);
});

test('named NOT NULL constraints count only where both sides have them', () => {
  const older = { ...there, constraints: (there.constraints ?? []).slice(1) };
  expect(tableDifferences(here, older, { source: 18, target: 17 })).toEqual([]);
  expect(tableDifferences(here, older, SAME)).toHaveLength(1);
});

test('an index that a failed CREATE INDEX CONCURRENTLY left on the source may be missing, any other not', () => {
  const index = { oid: 9, name: 'i', definition: 'CREATE INDEX i ON public.t USING btree (id)' };
  const invalid = { ...here, indexes: [{ ...index, valid: false }] };
  const valid = { ...there, indexes: [{ ...index, valid: true }] };
  expect(tableDifferences(invalid, there, SAME)).toEqual([]);
  expect(tableDifferences(invalid, valid, SAME)).toMatchObject([{ path: 'indexes.i.valid' }]);
  expect(tableDifferences({ ...valid, oid: 1 }, there, SAME)).toMatchObject([{ path: 'indexes.i' }]);
  expect(tableDifferences({ ...invalid, kind: 'p' }, { ...there, kind: 'p' }, SAME)).toMatchObject([
    { path: 'indexes.i' },
  ]);
});
