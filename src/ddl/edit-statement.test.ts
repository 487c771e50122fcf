import { expect, test } from 'vitest';
import {
  addedWithDefault,
  addsIfMissing,
  detachedConcurrently,
  enabledPlainly,
  firingForReplicas,
  partitionOfComputedBound,
  rolesIn,
  withDefault,
  withExtensionVersion,
  withIndexName,
  withPartitionBound,
  withoutConcurrently,
  withRoles,
} from './edit-statement.ts';
import { parseStatements } from './statements.ts';

const node = async (sql: string) => (await parseStatements(sql))[0]?.node ?? {};

test.each([
  ['drop index /* concurrently */ CONCURRENTLY "concurrently"', 'drop index /* concurrently */  "concurrently"'],
  ['create index concurrently concurrently1 on t (a)', 'create index  concurrently1 on t (a)'],
  ['alter table t detach partition "é" concurrently', 'alter table t detach partition "é" '],
  ['drop index a', 'drop index a'],
])('takes CONCURRENTLY out of: %s', async (sql, expected) => {
  expect(await withoutConcurrently(sql)).toBe(expected);
});

test('knows the partition that is detached concurrently', async () => {
  expect(detachedConcurrently(await node('alter table t detach partition s."P" concurrently'))).toBe('"s"."P"');
  expect(detachedConcurrently(await node('alter table t detach partition p'))).toBeNull();
});

test('gives an unnamed index the name that the source chose', async () => {
  expect(await withIndexName('create index on only "on"."on" (a) where on_hand > 1', 'on_a_idx')).toBe(
    'create index "on_a_idx" on only "on"."on" (a) where on_hand > 1',
  );
  expect(await withIndexName('create index i on t (a)', 'other')).toBe('create index i on t (a)');
});

test('keeps triggers and rules from firing for replicated rows', async () => {
  const sql = 'alter table t enable always trigger "always", add column replica int, enable replica rule r';
  expect(firingForReplicas(await node(sql))).toEqual(['always', 'r']);
  expect(await enabledPlainly(sql)).toBe(
    'alter table t enable  trigger "always", add column replica int, enable  rule r',
  );
});

test('keeps event triggers from firing for replicated commands', async () => {
  for (const word of ['always', 'replica']) {
    const sql = `alter event trigger "${word}" enable ${word}`;
    expect(firingForReplicas(await node(sql))).toEqual([word]);
    expect(await enabledPlainly(sql)).toBe(`alter event trigger "${word}" enable `);
  }
  expect(firingForReplicas(await node('alter event trigger t disable'))).toEqual([]);
});

test.each([
  [
    'alter table t add a timestamptz default now() not null, add b int',
    'a',
    'alter table t add a timestamptz default  X  not null, add b int',
  ],
  [
    'alter table t add a text default (\'é\' || (now())::text) collate "C"',
    'a',
    'alter table t add a text default  X  collate "C"',
  ],
  [
    'alter table t add z int default 1, add a int not null default random() * 2 check (a > 1)',
    'a',
    'alter table t add z int default 1, add a int not null default  X  check (a > 1)',
  ],
  ['alter table t add a date default current_date', 'a', 'alter table t add a date default  X '],
])('replaces exactly the default expression in: %s', async (sql, column, expected) => {
  const constant = `CAST('2020-01-01, ''x''' AS "My"."Type"(3))`;
  expect(await withDefault(sql, column, constant)).toBe(expected.replace('X', constant));
});

test('only defaults that two servers may compute differently are listed', async () => {
  expect(
    await node("alter table t add a int default 5, add b date default 'today', add c int, add d int default null").then(
      addedWithDefault,
    ),
  ).toEqual(['b']);
});

test('an added column that may be there already', async () => {
  expect(addsIfMissing(await node('alter table t add if not exists a int default 5, add b int'))).toBe(true);
  expect(addsIfMissing(await node('alter table t add a int, drop column if exists b'))).toBe(false);
});

test('pins the version of an extension', async () => {
  expect(await withExtensionVersion('create extension if not exists hstore schema s cascade -- now', '1.8')).toBe(
    'create extension if not exists hstore schema s cascade VERSION "1.8"',
  );
  expect(await withExtensionVersion("create extension hstore version '1.4'", '1.4')).toBe(
    "create extension hstore version '1.4'",
  );
  expect(await withExtensionVersion('alter extension hstore update', '1.8')).toBe(
    'alter extension hstore update TO "1.8"',
  );
});

test('finds and replaces roles wherever a statement names one', async () => {
  const grant = 'grant select on alice to alice, "Bob", public, current_user';
  expect(rolesIn(await node(grant))).toEqual(['alice', 'Bob']);
  expect(await withRoles(grant, new Map([['alice', 'x y']]))).toBe(
    'grant select on alice to "x y", "Bob", public, current_user',
  );
  expect(
    await withRoles(
      'alter default privileges for role alice grant select on tables to bob',
      new Map([
        ['alice', 'a'],
        ['bob', 'b'],
      ]),
    ),
  ).toBe('alter default privileges for role "a" grant select on tables to "b"');
  expect(await withRoles('create schema s authorization alice', new Map([['alice', 'z']]))).toBe(
    'create schema s authorization "z"',
  );
  expect(await withRoles('alter table t owner to alice', new Map([['alice', 'z']]))).toBe('alter table t owner to "z"');
});

test.each([
  ["create table p partition of t for values from (minvalue, 1) to (now() - '1 day', 2) with (fillfactor = 70)", 'p'],
  ['alter table t attach partition s."P" for values in (1, \'x\'::text)', 'P'],
  ["create table p partition of t for values from ('yesterday') to ('today')", 'p'],
  ["create table p partition of t for values from ('2020-01-01', -1) to (maxvalue, 1.5)", null],
  ['create table p partition of t default', null],
  ['create table p (a int)', null],
])('knows a partition whose bound is computed: %s', async (sql, partition) => {
  expect(partitionOfComputedBound(await node(sql))).toBe(partition);
});

test('puts the bound that the source computed in the place of its expression', async () => {
  expect(
    await withPartitionBound(
      'create table p partition of t (check (f(values))) /* for values */ FOR VALUES from (a(1)) to (b((2))) partition by list (f(a))',
      "FOR VALUES FROM ('now ( ') TO (3)",
    ),
  ).toBe(
    "create table p partition of t (check (f(values))) /* for values */ FOR VALUES FROM ('now ( ') TO (3) partition by list (f(a))",
  );
  expect(
    await withPartitionBound('alter table t attach partition p for values in (f(1), 2);', 'FOR VALUES IN (5)'),
  ).toBe('alter table t attach partition p FOR VALUES IN (5);');
});
