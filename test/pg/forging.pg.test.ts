import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { quoteLiteral } from '../../src/sql/quote.ts';
import { LSN_ZERO } from '../../src/wal/lsn.ts';
import { testMajors } from '../support/majors.ts';
import { verifierOf } from '../support/message-verifier.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { Capture } from './support/capture.ts';

/** What a plain user of the source may try to speak to the daemon: nothing forged is accepted, and no DDL of the user's fails. */
describe.each(testMajors())('a plain user on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let capture: Capture;
  let client: pg.Client;
  let calls: string[];
  const notices: string[] = [];

  beforeAll(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    const session = await ClientSession.connect(source.url(), 'source');
    await migrate(session, { set: 'core' });
    await session.close();
    capture = await Capture.start(source);
    client = await source.client('app');
    client.on('notice', ({ message }) => notices.push(message ?? ''));
    calls = await everyCall(source);
    const attempts = calls.map((call) => quoteLiteral(call)).join(', ');
    await client.query(`create function forge() returns int language plpgsql as $forge$
      declare call text;
      begin
        foreach call in array array[${attempts}] loop
          begin execute call; raise notice 'EXECUTED %', call; exception when others then null; end;
        end loop;
        perform set_config('walcast.caller', '{"role":"postgres","search_path":"public","settings":{}}', true);
        perform set_config('walcast.text_sent', 'x', true);
        perform pg_logical_emit_message(true, 'walcast', '{"v":1,"kind":"ddl","phase":"end","tag":"ALTER TABLE","caller":{"role":"postgres"}}');
        perform pg_logical_emit_message(true, 'walcast', '{"mac":"${'0'.repeat(64)}","v":1,"kind":"ddl"}');
        return 1;
      end $forge$;
      create function fold(int) returns int language plpgsql immutable as $$ begin perform public.forge(); return 1; end $$;
      create table ft (id int primary key); insert into ft values (1)`);
    await capture.drain();
  });
  afterAll(() => pair.dispose());

  /** Runs it as the user; what the triggers themselves said of it. */
  const attempt = async (...statements: string[]): Promise<{ tags: string[]; forged: number; texts: number }> => {
    notices.length = 0;
    capture.forged = 0;
    for (const sql of statements) await client.query(sql);
    const events = await capture.commands();
    expect([...new Set(events.map(({ caller }) => caller.role))]).toEqual(events.length === 0 ? [] : ['app']);
    expect(events.every(({ kind }) => kind === 'ddl')).toBe(true);
    expect(notices.filter((notice) => /^(EXECUTED|EVIL)/.test(notice))).toEqual([]);
    const texts = events.filter(({ text }) => text !== undefined).length;
    return { tags: events.map(({ tag }) => tag), forged: capture.forged, texts };
  };

  it('may call no function and read no table of the schema', async () => {
    expect(calls.length).toBeGreaterThan(15);
    for (const call of calls) await expect(client.query(call), call).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    [
      'an index expression inside CREATE SCHEMA',
      'create schema fs1 create table t (id int primary key) create index i on t ((id + public.fold(1)))',
      'CREATE SCHEMA',
    ],
    ['a default', 'alter table ft add column a int default forge()', 'ALTER TABLE'],
    ['USING', 'alter table ft alter column a type bigint using forge()', 'ALTER TABLE'],
    ['a CHECK', 'alter table ft add constraint ck check (forge() > 0)', 'ALTER TABLE'],
    ['an index', 'create index on ft (fold(id))', 'CREATE INDEX'],
    ['CREATE TABLE AS', 'create table fctas as select forge()', 'CREATE TABLE AS'],
    ['a materialized view', 'create materialized view fmv as select forge()', 'CREATE MATERIALIZED VIEW'],
    ['REFRESH', 'refresh materialized view fmv', 'REFRESH MATERIALIZED VIEW'],
  ])('says nothing through %s', async (_, sql, tag) => {
    const { tags, forged } = await attempt(sql);
    expect(tags).toContain(tag);
    expect(forged).toBeGreaterThan(0);
  });

  it.each([
    ['another role', `set walcast.caller = '{"role":"postgres"}'`],
    ['garbage for the caller', `set walcast.caller = 'garbage'`],
    ['garbage for the mark of the text', `set walcast.text_sent = 'garbage'`],
  ])('changes nothing by presetting %s', async (name, preset) => {
    const table = `preset_${name.replaceAll(' ', '_')}`;
    const { tags, texts } = await attempt(
      preset,
      `create table ${table} (id int primary key)`,
      'reset walcast.caller; reset walcast.text_sent',
    );
    expect({ tags, texts }).toEqual({ tags: ['CREATE TABLE'], texts: 1 });
  });

  it('cannot keep the text back with a mark of their own making', async () => {
    const { texts } =
      await attempt(`begin; select set_config('walcast.text_sent', extract(epoch from statement_timestamp()) || ':' || octet_length(current_query()) || ':${'0'.repeat(64)}', true);
      create table marked (id int primary key); commit`);
    expect(texts).toBe(1);
  });

  it('gains nothing by putting a mark back after a rollback: the event comes without its text', async () => {
    const { tags } = await attempt(`do $$ declare mark text; begin
      begin create table q1 (id int primary key); mark := current_setting('walcast.text_sent'); raise exception 'x'; exception when others then null; end;
      perform set_config('walcast.text_sent', mark, true); create table q2 (id int primary key); end $$`);
    expect(tags).toEqual(['CREATE TABLE']);
  });

  it('does not pass for us by a text that looks like our frame, nor by the setting that marks our own commands', async () => {
    const frame = 'PL/pgSQL function walcast.settle_identities(oid[],boolean) line 1 at EXECUTE';
    const { tags } = await attempt(
      `set walcast.settling = '1260:${'0'.repeat(64)}'`,
      `do $$ begin execute 'create table framed (id int primary key)'; execute format('comment on table framed is %L', concat('x', chr(10), '${frame}')); end $$`,
      'reset walcast.settling',
    );
    expect(tags).toEqual(['CREATE TABLE', 'COMMENT']);
  });

  it('changes nothing by settings of a function', async () => {
    // From 15 on only a superuser may attach such a setting to a function.
    await source.query(`create function flevel() returns void language plpgsql set walcast.caller to '{"role":"postgres"}' set walcast.text_sent to 'x'
      as $$ begin execute 'create table by_flevel (id int primary key)'; end $$`);
    await capture.drain();
    expect(await attempt('select flevel()')).toMatchObject({ tags: ['CREATE TABLE'], texts: 1 });
  });

  it('runs nothing by shadowing what the triggers use', async () => {
    await client.query(`create schema evil;
      create function evil.current_setting(text) returns text language plpgsql as $$ begin raise notice 'EVIL current_setting'; return 'x'; end $$;
      create function evil.set_config(text, text, bool) returns text language plpgsql as $$ begin raise notice 'EVIL set_config'; return 'x'; end $$;
      create function evil.ne(text, text) returns bool language plpgsql as $$ begin raise notice 'EVIL <>'; return true; end $$;
      create operator evil.<> (leftarg = text, rightarg = text, function = evil.ne);
      create function evil.plus(int, int) returns int language plpgsql as $$ begin raise notice 'EVIL +'; return 1; end $$;
      create operator evil.+ (leftarg = int, rightarg = int, function = evil.plus);
      create function evil.cc(jsonb, jsonb) returns jsonb language plpgsql as $$ begin raise notice 'EVIL ||'; return '{}'; end $$;
      create operator evil.|| (leftarg = jsonb, rightarg = jsonb, function = evil.cc);
      create domain evil.text as pg_catalog.int4; create domain evil.jsonb as pg_catalog.int4`);
    await capture.drain();
    const { tags } = await attempt(
      'set search_path = evil, pg_catalog, public',
      `create table public.shadowed (id pg_catalog.int4 primary key); alter table public.shadowed add v pg_catalog.float8 default random(); drop table public.shadowed`,
      'reset search_path',
    );
    expect(tags).toEqual(['CREATE TABLE', 'ALTER TABLE', 'ALTER TABLE', 'DROP TABLE']);
  });

  it.each([
    ['plpgsql.extra_errors', `set plpgsql.extra_errors = 'all'`],
    ['standard_conforming_strings', 'set standard_conforming_strings = off; set escape_string_warning = off'],
    [
      'quoting and printing',
      `set quote_all_identifiers = on; set DateStyle = 'German'; set IntervalStyle = iso_8601; set array_nulls = off; set xmloption = document; set transform_null_equals = on`,
    ],
    [
      'planner settings',
      'set enable_seqscan = off; set enable_indexscan = off; set enable_hashjoin = off; set jit = on; set jit_above_cost = 0; set plan_cache_mode = force_custom_plan; set from_collapse_limit = 1',
    ],
    ['check_function_bodies and row_security', 'set check_function_bodies = off; set row_security = off'],
    ['little memory', `set work_mem = '64kB'; set temp_buffers = '800kB'`],
  ])('never fails for %s', async (name, settings) => {
    const table = `never_${name.replaceAll(/[^a-z]/g, '_')}`;
    const fresh = await source.client('app');
    await fresh.query(settings);
    await fresh.query(
      `create table ${table} (id int, v text default 'a', unique (id)); insert into ${table} values (1, null); alter table ${table} add primary key (id)`,
    );
    await fresh.query(
      `alter table ${table} add z float default random(); alter table ${table} drop constraint ${table}_pkey; update ${table} set v = ''; drop table ${table}`,
    );
    await fresh.end();
    const events = await capture.commands();
    expect(events.filter(({ kind }) => kind === 'degraded')).toEqual([]);
    expect(events.length).toBeGreaterThan(4);
  });

  it('is not heard with bare messages, inside and outside of transactions', async () => {
    const { tags, forged } =
      await attempt(`select pg_logical_emit_message(true, 'walcast', 'x'), pg_logical_emit_message(true, 'walcast', '{}'),
      pg_logical_emit_message(false, 'walcast', '{}'), pg_logical_emit_message(true, 'walcast', '\\xff00'::bytea)`);
    expect({ tags, forged }).toEqual({ tags: [], forged: 4 });
  });

  it('is not heard with a signed message of another transaction, nor with a copy in its own', async () => {
    await client.query('create table victim (id int primary key)');
    const [transaction] = await capture.drain();
    const message = transaction?.messages.find(({ kind }) => kind === 'message');
    const content = message?.kind === 'message' ? message.content : '';
    const verifier = await verifierOf(source);
    verifier.begin(transaction?.xid ?? 0);
    expect(verifier.verify(Buffer.from(content), LSN_ZERO)).toMatchObject({ tag: 'CREATE TABLE' });
    expect(verifier.verify(Buffer.from(content), LSN_ZERO)).toBeNull();
    const { forged } = await attempt(
      `begin; select pg_logical_emit_message(true, 'walcast', ${quoteLiteral(content)}); commit`,
    );
    expect(forged).toBe(1);
  });

  it('has no cast of theirs run by a backfill', async () => {
    await client.query(`create type mood as enum ('a', 'b'); create type pair as (a int, b text); create domain dm as mood;
      create function c1(mood) returns text language plpgsql as $$ begin raise notice 'EVIL cast as %', current_user; return 'X'; end $$;
      create cast (mood as text) with function c1(mood) as implicit;
      create function c2(mood) returns json language plpgsql as $$ begin raise notice 'EVIL cast as %', current_user; return '1'; end $$;
      create cast (mood as json) with function c2(mood);
      create function c3(pair) returns jsonb language plpgsql as $$ begin raise notice 'EVIL cast as %', current_user; return '1'; end $$;
      create cast (pair as jsonb) with function c3(pair);
      create function c4(pair) returns text language plpgsql as $$ begin raise notice 'EVIL cast as %', current_user; return '1'; end $$;
      create cast (pair as text) with function c4(pair) as implicit;
      create function dsub(mood, mood) returns float8 language plpgsql immutable as $$ begin return 1; end $$;
      create type mrange as range (subtype = mood, subtype_diff = dsub);
      create table cst (id int primary key, m mood, p pair, d dm, ma mood[], r mrange, np pair, "select" pair);
      insert into cst values (1, 'a', row(1, 'x,"y'), 'b', array['a', 'b']::mood[], '[a,b]', row(null, null), null)`);
    await capture.drain();
    notices.length = 0;
    await client.query('alter table cst alter id type bigint');
    const [backfill] = await capture.backfills();
    expect(backfill?.rows).toEqual([['1', 'a', '(1,"x,""y")', 'b', '{a,b}', '[a,b]', '(,)', null]]);
    expect(notices).toEqual([]);
  });

  it('cannot read the rows of a table through a cursor that a backfill left', async () => {
    await client.query('create table held (id int primary key); insert into held values (1)');
    await client.query('begin; alter table held alter id type bigint');
    expect((await client.query('select name from pg_cursors')).rows).toEqual([]);
    await client.query('commit');
  });
});

/** Every function of the schema with null arguments, some with useful ones, and every table. */
async function everyCall(source: TestDatabase): Promise<string[]> {
  const functions = await source.query(`select format('select walcast.%I(%s)', p.proname,
      (select string_agg('null::' || format_type(t, null), ', ') from unnest(p.proargtypes) t)) as call
    from pg_proc p where p.pronamespace = 'walcast'::regnamespace order by 1`);
  const tables = await source.query(
    `select format('select * from walcast.%I', relname) as call from pg_class where relnamespace = 'walcast'::regnamespace and relkind = 'r'`,
  );
  return [
    ...[...functions, ...tables].map(({ call }) => call ?? ''),
    `select walcast.mac('x')`,
    `select walcast.settle_identities(array['pg_class'::regclass::oid], true)`,
    `select walcast.row_query('pg_authid'::regclass)`,
    `select walcast.relation_metadata('pg_authid'::regclass)`,
    `insert into walcast.chosen_identity values (1, 'd', 'f')`,
    `update walcast.setting set value = 'off'`,
    `delete from walcast.slot`,
    `create function walcast.mine() returns int language sql as 'select 1'`,
  ];
}
