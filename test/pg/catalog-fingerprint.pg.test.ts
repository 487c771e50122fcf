import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { catalogFingerprint } from '../../src/schema/catalog-fingerprint.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

const SCHEMA = `create table kept (id int primary key, note text); create sequence counter; create view seen as select id from kept;
  create materialized view counted as select count(*) from kept with data; insert into kept select i, 'x' from generate_series(1, 100) i`;

const CHANGES = [
  'create table other (id int)',
  'alter table kept add column more int',
  'alter table kept rename to retained',
  'alter table retained alter note set not null',
  'alter table retained alter more set default 7',
  'create index on retained (note)',
  `create function f() returns int language sql as 'select 1'`,
  `create or replace function f() returns int language sql as 'select 2'`,
  `comment on table retained is 'x'`,
  'grant select on retained to public',
  'alter table retained enable row level security',
  'create policy p on retained using (true)',
  'create schema s',
  `create type mood as enum ('sad')`,
  `alter type mood add value 'ok'`,
  'alter sequence counter increment 3',
  'create or replace view seen as select id, note from retained',
  'alter default privileges grant select on tables to public',
  'drop function f()',
  'alter table retained replica identity full',
  `create rule r as on update to seen do instead nothing`,
  'drop table other',
];

describe.each(testMajors())('the fingerprint of the catalogs on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let session: ClientSession;
  beforeAll(async () => {
    pair = await testDatabases({ major });
    session = await ClientSession.connect(pair.source.url(), 'source');
    await pair.source.query(SCHEMA);
  });
  afterAll(async () => {
    await session.close();
    await pair.dispose();
  });

  it('changes with every change of schema', async () => {
    const prints = [await catalogFingerprint(session)];
    for (const change of CHANGES) {
      await pair.source.query(change);
      prints.push(await catalogFingerprint(session));
    }
    const unnoticed = CHANGES.filter((_, i) => prints[i] === prints[i + 1]);
    expect(unnoticed).toEqual([]);
  });

  it('stays with rows, TRUNCATE, ANALYZE, a refreshed view and temporary tables of others', async () => {
    const before = await catalogFingerprint(session);
    await pair.source.query(`insert into retained (id, note) select 1000 + i, 'y' from generate_series(1, 10) i`);
    await pair.source.query('truncate retained');
    await pair.source.query('analyze');
    await pair.source.query('refresh materialized view counted');
    await pair.source.query('vacuum retained');
    await pair.source.query(`select nextval('counter')`);
    await pair.source.query(
      'create temp table t (id int primary key, v text default 1); create temp view v as select * from t',
    );
    expect(await catalogFingerprint(session)).toBe(before);
  });

  it('is that of its snapshot', async () => {
    await session.execute('begin isolation level repeatable read');
    const before = await catalogFingerprint(session);
    await pair.source.query('create table late ()');
    expect(await catalogFingerprint(session)).toBe(before);
    await session.execute('commit');
    expect(await catalogFingerprint(session)).not.toBe(before);
  });
});
