import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReadSession } from '../../src/listener/snapshot/read-session.ts';
import { hiddenRelations } from '../../src/listener/snapshot/rights.ts';
import { readSequences } from '../../src/listener/snapshot/sequences.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { readTables } from '../../src/listener/snapshot/tables.ts';
import { plainShapes } from '../support/plain-shapes.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

describe.each(testMajors())('what a snapshot of PostgreSQL %i has to bring', (major) => {
  let pair: DatabasePair;
  let closers: (() => Promise<void>)[];
  const { signal } = new AbortController();

  beforeEach(async () => {
    pair = await testDatabases({ major });
    closers = [];
  });

  afterEach(async () => {
    for (const close of closers) await close();
    await pair.dispose();
  });

  async function snapshot(user?: string): Promise<SourceSnapshot> {
    const opened = await SourceSnapshot.open({ url: pair.source.url(user), signal, streamed: false });
    closers.push(() => opened.close());
    return opened;
  }

  async function catalogs(user?: string): Promise<ReadSession> {
    const session = await ReadSession.connect({ url: pair.source.url(user), signal, statementTimeoutMs: 60_000 });
    closers.push(() => session.close());
    return session;
  }

  /** An extension from plain SQL, as if its script had made the objects. */
  const MEMBER = `
    create extension hstore;
    create function pg_temp.join(object oid) returns void language sql as $$
      insert into pg_depend select 'pg_class'::regclass, object, 0, 'pg_extension'::regclass, oid, 0, 'e' from pg_extension where extname = 'hstore' $$;
    create table member (id int); create table settings (id int, own bool); create table all_own (id int);
    create sequence member_seq; create sequence own_seq;
    select pg_temp.join(c::regclass) from unnest(array['member', 'settings', 'all_own', 'member_seq', 'own_seq']) c;
    update pg_extension set extconfig = array['settings'::regclass, 'all_own'::regclass, 'own_seq'::regclass]::oid[],
      extcondition = array['WHERE own', '', ''] where extname = 'hstore'`;

  it('is every table of users that holds rows, with its shape and its file', async () => {
    await pair.source.query(`
      create schema walcast; create table walcast.ours (id int);
      create table plain (id int primary key, v text default 'x'); insert into plain select generate_series(1, 1000);
      create table parent (id int, at date) partition by range (at);
      create table leaf partition of parent for values from ('2020-01-01') to ('2021-01-01');
      create unlogged table loose (id int); create temp table mine (id int); create view looks as select * from plain;
      create materialized view kept as select * from plain; create type composite as (a int);
      create schema "o.t""her"; create table "o.t""her"."na.m""e" (id uuid)`);
    await pair.source.query(MEMBER);
    await pair.source.query('analyze plain');
    const taken = await snapshot();
    const tables = await readTables(taken.session);
    expect(tables.map(({ metadata }) => metadata.name)).toEqual(['plain', 'leaf', 'na.m"e', 'settings', 'all_own']);
    const [plain, leaf, , settings, allOwn] = tables;
    const shapes = await plainShapes(await catalogs(), [{ schema: 'public', name: 'plain' }]);
    expect(plain?.metadata).toEqual(shapes[0]);
    expect(plain?.oid).toBe(plain?.metadata.oid);
    expect(plain?.fileNode).toBe(await pair.source.value(`select pg_relation_filenode('plain')`));
    expect(plain?.bytes).toBe(Number(await pair.source.value(`select pg_table_size('plain')`)));
    expect(plain?.estimatedRows).toBe(1000);
    expect(leaf?.estimatedRows).toBe(0);
    expect(plain).not.toHaveProperty('extensionCondition');
    expect(settings?.extensionCondition).toBe('WHERE own');
    expect(allOwn?.extensionCondition).toBe('');
    const unlogged = await readTables(taken.session, { unlogged: true });
    expect(unlogged.map(({ metadata }) => metadata.name)).toContain('loose');
  });

  it('tells tables by the types of users that they are made of', async () => {
    await pair.source.query(`create type mood as enum ('sad'); create domain moods as mood[]; create type inner_type as (m moods);
      create type outer_type as (i inner_type); create type span as range (subtype = inner_type);
      create table t (s span); create table u (id int, tags text[]); create table o (o outer_type)`);
    const types = async (): Promise<(string | undefined)[]> =>
      (await readTables(await catalogs())).map((table) => table.types);
    const before = await types();
    expect(before).toEqual([expect.any(String), undefined, expect.any(String)]);
    await pair.source.query(`alter type mood add value 'glad'`);
    const after = await types();
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBeUndefined();
    expect(after[2]).not.toBe(before[2]);
  });

  it('is read page by page, thousands of tables in seconds, and leaves no lock behind', async () => {
    await pair.source.query(`do $$ begin for i in 1..1001 loop
      execute format('create table t%s (id int primary key, a text not null, b numeric default 1)', i); end loop; end $$`);
    const taken = await snapshot();
    const began = performance.now();
    const tables = await readTables(taken.session);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(new Set(tables.map(({ oid }) => oid)).size).toBe(1001);
    expect(tables.every(({ metadata }) => metadata.columns?.length === 3)).toBe(true);
    const locks = await pair.source.value(`select count(*) from pg_locks l join pg_class c on c.oid = l.relation
      join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and l.pid <> pg_backend_pid()
      and l.database = (select oid from pg_database where datname = current_database())`);
    expect(locks).toBe('0');
  });

  it('shows tables as they were at the snapshot', async () => {
    await pair.source.query('create table t (id int)');
    const taken = await snapshot();
    const old = await pair.source.value(`select pg_relation_filenode('t')`);
    await pair.source.query('alter table t add v text; truncate t; create table later (id int)');
    const [table, ...others] = await readTables(taken.session);
    expect(others).toEqual([]);
    expect(table?.fileNode).toBe(old);
    expect(table?.metadata.columns?.map(({ name }) => name)).toEqual(['id']);
  });

  it('is refused where a table went away while it was read', async () => {
    await pair.source.query('create table t (id serial primary key)');
    const taken = await snapshot();
    await pair.source.query('drop table t');
    await expect(readTables(taken.session)).rejects.toMatchObject({ code: 'E_SNAPSHOT_SCHEMA', retryable: true });
  });

  it('holds the values of sequences, called or not, and of no others', async () => {
    await pair.source.query(`
      create sequence fresh; create sequence fresh_far start 500; create sequence used; select nextval('used') from generate_series(1, 41);
      create sequence put; select setval('put', 77, false); create sequence down increment -1; select nextval('down');
      create table t (id int generated always as identity, s serial); insert into t default values;
      create temp sequence mine; create schema "s.""x"; create sequence "s.""x"."a'b\\"; select setval('"s.""x"."a''b\\"', 9223372036854775807)`);
    await pair.source.query(MEMBER);
    const values = await readSequences(await catalogs());
    expect(
      values.map(({ schema, name, lastValue, isCalled }) => `${schema}.${name}=${lastValue},${isCalled}`).toSorted(),
    ).toEqual(
      [
        'public.down=-1,true',
        'public.fresh=1,false',
        'public.fresh_far=500,false',
        'public.own_seq=1,false',
        'public.put=77,false',
        'public.t_id_seq=1,true',
        'public.t_s_seq=1,true',
        'public.used=41,true',
        `s."x.a'b\\=9223372036854775807,true`,
      ].toSorted(),
    );
  });

  it('reads 3,000 sequences quickly', async () => {
    for (let from = 1; from <= 3000; from += 500) {
      await pair.source.query(
        `do $$ begin for i in ${from}..${from + 499} loop execute format('create sequence s%s start %s', i, i); end loop; end $$`,
      );
    }
    const session = await catalogs();
    const began = performance.now();
    const values = await readSequences(session);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(values).toHaveLength(3000);
    expect(values.every(({ name, lastValue }) => name === `s${lastValue}`)).toBe(true);
  });

  it('is named where the reading role would not see it', async () => {
    await pair.source.query(`
      create schema closed; grant usage on schema public to bob;
      create table closed.t (id int); grant select on closed.t to bob;
      create table readable (id int); grant select on readable to bob;
      create table by_column (id int, v text, g int generated always as (id) stored); grant select (id, v) on by_column to bob;
      create table half (id int, v text); grant select (id) on half to bob;
      create table secret (id int); create sequence hidden; create sequence usable; grant usage on sequence usable to bob;
      create table guarded (id int); alter table guarded enable row level security; grant select on guarded to bob;
      create table own (id int); alter table own enable row level security; alter table own owner to bob;
      create table forced (id int); alter table forced enable row level security; alter table forced force row level security; alter table forced owner to bob`);
    const found = await hiddenRelations(await catalogs('bob'));
    expect(found.map(({ schema, name, kind, reason }) => `${kind} ${schema}.${name} ${reason}`)).toEqual([
      'table closed.t usage',
      'table public.forced row_security',
      'table public.guarded row_security',
      'table public.half select',
      'sequence public.hidden select',
      'table public.secret select',
      'sequence public.usable select',
    ]);
    expect(await hiddenRelations(await catalogs())).toEqual([]);
    await expect(readSequences(await catalogs('bob'))).rejects.toMatchObject({ code: 'E_SNAPSHOT_RIGHTS' });
  });
});
