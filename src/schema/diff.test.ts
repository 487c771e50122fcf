import { expect, test } from 'vitest';
import type { ColumnMetadata, TableMetadata } from '../wal/table-metadata.ts';
import { diffDropped, diffTable } from './diff.ts';

const column = (num: number, name: string, more: Partial<ColumnMetadata> = {}): ColumnMetadata => ({
  num,
  name,
  type: 'integer',
  type_oid: 23,
  ...more,
});
const table = (more: Partial<TableMetadata> = {}): TableMetadata => ({
  oid: 20_000,
  schema: 'public',
  name: 't',
  kind: 'r',
  persistence: 'p',
  owner: 'app',
  identity: 'd',
  columns: [column(1, 'id', { not_null: true }), column(2, 'a')],
  constraints: [{ oid: 30, name: 't_pkey', type: 'p', definition: 'PRIMARY KEY (id)' }],
  indexes: [
    { oid: 40, name: 't_pkey', definition: 'CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)', valid: true },
  ],
  ...more,
});
const kinds = (before: TableMetadata | null, after: TableMetadata): string[] =>
  diffTable(before, after).map((change) => ('aspect' in change ? `${change.kind} ${change.aspect}` : change.kind));

test('the same table has no changes, a new one is created whole', () => {
  expect(diffTable(table(), table())).toEqual([]);
  expect(kinds(null, table())).toEqual(['create table']);
});

test('a renamed column is no new column, also when another takes its name', () => {
  const after = table({ columns: [column(1, 'id', { not_null: true }), column(2, 'b'), column(3, 'a')] });
  expect(diffTable(table(), after)).toMatchObject([
    { kind: 'rename column', num: 2, from: 'a', to: 'b' },
    { kind: 'add column', column: { num: 3, name: 'a' } },
  ]);
});

test('a column dropped and added again under its name is another column', () => {
  expect(kinds(table(), table({ columns: [column(1, 'id', { not_null: true }), column(3, 'a')] }))).toEqual([
    'drop column',
    'add column',
  ]);
});

test('every aspect of a column is seen on its own', () => {
  const changed = column(2, 'a', {
    type: 'text',
    collation: 'pg_catalog."C"',
    default: "'x'::text",
    identity: 'a',
    not_null: true,
    generated: 'id',
  });
  expect(kinds(table(), table({ columns: [column(1, 'id', { not_null: true }), changed] }))).toEqual([
    'alter column type',
    'alter column collation',
    'alter column default',
    'alter column generated',
    'alter column identity',
    'alter column not null',
  ]);
});

test('a table that moves, changes owner, identity and storage stays the same table', () => {
  const after = table({
    schema: 's',
    name: 'u',
    owner: 'bob',
    identity: 'f',
    persistence: 'u',
    options: ['fillfactor=70'],
    rls: true,
  });
  expect(kinds(table(), after)).toEqual([
    'move table',
    'alter table persistence',
    'alter table options',
    'alter table row security',
    'alter table replica identity',
    'alter table owner',
  ]);
});

test('names get free before they are taken', () => {
  const after = table({
    constraints: [{ oid: 31, name: 't_pkey', type: 'p', definition: 'PRIMARY KEY (a)' }],
    indexes: [
      { oid: 41, name: 't_pkey', definition: 'CREATE UNIQUE INDEX t_pkey ON public.t USING btree (a)', valid: true },
    ],
  });
  expect(kinds(table(), after)).toEqual(['drop constraint', 'drop index', 'add index', 'add constraint']);
  const renamed = table({ constraints: [{ oid: 30, name: 'pk', type: 'p', definition: 'PRIMARY KEY (id)' }] });
  expect(diffTable(table(), renamed)).toMatchObject([{ kind: 'rename constraint', from: 't_pkey', to: 'pk' }]);
});

test('of dropped objects only relations are tables', () => {
  expect(
    diffDropped([
      { class: 'pg_class', oid: 1, type: 'table', identity: 'public.t', original: true },
      { class: 'pg_class', oid: 2, sub: 3, type: 'table column', identity: 'public.u.c', original: true },
      { class: 'pg_class', oid: 4, type: 'index', identity: 'public.i' },
      { class: 'pg_type', oid: 5, type: 'type', identity: 'public.t' },
    ]),
  ).toEqual([{ kind: 'drop table', oid: 1, identity: 'public.t' }]);
});
