import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { READING_OPTIONS } from '../../src/postgres/pinned-settings.ts';
import { schemaFingerprint } from '../../src/schema/catalog/fingerprint.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { textClient } from '../support/text-client.ts';
import { PgSession } from './cases/pg-session.ts';

const SCHEMA = [
  'create table t (a int primary key, b text); create table u (a int); create table p (a int) partition by list (a); create table p1 (a int)',
  'create function f() returns int language sql as $$ select 1 $$; create type e as enum ($$a$$); create type c as (a int); create domain d as int; create sequence s; create view v as select * from t; create materialized view m as select * from t',
];

const CHANGES = [
  'create table more (a int)',
  'drop table u',
  'alter table t add x int',
  'alter table t rename b to c',
  'alter table t alter b set default 5',
  'alter table u alter a type bigint',
  'alter table t add constraint k check (a > 0)',
  'alter table t alter b set statistics 5',
  'alter table t rename to t2',
  'alter table t owner to alice',
  'alter table t set (fillfactor = 50)',
  'alter table t enable row level security',
  'alter table t replica identity full',
  'grant select on t to alice',
  'grant select (a) on t to alice',
  `comment on column t.a is 'x'`,
  'create index on t (b)',
  'alter table p attach partition p1 for values in (1)',
  'create or replace function f() returns int language sql as $$ select 2 $$',
  'drop function f()',
  `alter type e add value 'b'`,
  'alter type c add attribute b int',
  'alter domain d add check (value > 0)',
  'alter sequence s increment 5',
  'create or replace view v as select a, b, 1 as x from t',
  'create trigger r after insert on t execute function suppress_redundant_updates_trigger()',
  'create rule r as on insert to t do also nothing',
  'create policy r on t',
  'create statistics r on a, b from t',
  'alter default privileges grant select on tables to alice',
  'create schema more',
  'create extension hstore',
  'refresh materialized view m with no data',
];

describe.each(testMajors())('PostgreSQL %i: the fingerprint of a schema', (major) => {
  let pair: DatabasePair;
  let database: TestDatabase;

  beforeAll(async () => {
    pair = await testDatabases({ major });
    database = pair.source;
    for (const sql of SCHEMA) await database.query(sql);
  });
  afterAll(() => pair.dispose());

  async function read(begin: string, work: (session: PgSession) => Promise<void>): Promise<void> {
    const url = new URL(database.url());
    url.searchParams.set('options', READING_OPTIONS);
    const client = textClient(url.href);
    await client.connect();
    try {
      await client.query(begin);
      await work(new PgSession(client));
    } finally {
      await client.end();
    }
  }

  it.each(CHANGES)('changes with: %s', async (change) => {
    await read('begin', async (session) => {
      const before = await schemaFingerprint(session);
      await session.execute(`set local search_path = public; ${change}`);
      expect(await schemaFingerprint(session)).not.toBe(before);
    });
  });

  it('stays with rows, statistics, TRUNCATE, sequences and temporary tables', async () => {
    await read('begin isolation level repeatable read', async (snapshot) => {
      const before = await schemaFingerprint(snapshot);
      for (const sql of [
        `insert into t select n, 'x' from generate_series(1, 1000) n; select nextval('s')`,
        'create temporary table gone (a serial primary key, b text default 5, check (a > 0)); create temporary view away as select * from gone',
        'analyze t; refresh materialized view m',
        'vacuum freeze t',
        'vacuum full u',
        'truncate u',
      ])
        await database.query(sql);
      expect(await schemaFingerprint(snapshot)).toBe(before);
      await read('select', async (now) => expect(await schemaFingerprint(now)).toBe(before));
    });
  });

  it('tells a session with a snapshot from one that sees a later change', async () => {
    await read('begin isolation level repeatable read', async (snapshot) => {
      await schemaFingerprint(snapshot);
      await database.query('create view later as select 1');
      const seen = await schemaFingerprint(snapshot);
      await read('select', async (now) => expect(await schemaFingerprint(now)).not.toBe(seen));
    });
  });
});
