import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { plainShapes } from '../support/plain-shapes.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { Capture, inShort } from './support/capture.ts';

describe.each(testMajors().flatMap((major) => ['app', 'postgres'].map((user) => ({ major, user }))))(
  'capture on PostgreSQL $major as $user',
  ({ major, user }) => {
    let pair: DatabasePair;
    let source: TestDatabase;
    let capture: Capture;
    let client: pg.Client;

    beforeEach(async () => {
      pair = await testDatabases({ major });
      source = pair.source;
      const session = await ClientSession.connect(source.url(), 'source');
      await migrate(session, { set: 'core' });
      await session.close();
      capture = await Capture.start(source);
      client = await source.client(user);
    });
    afterEach(() => pair.dispose());

    const shorts = async (): Promise<string[]> => (await capture.drain()).map(inShort);

    it('puts each command where it stood between the rows', async () => {
      await client.query(`create table p (id int primary key); insert into p values (1); alter table p add b int; insert into p values (2, 2);
        alter table p drop b; insert into p values (3)`);
      expect(await shorts()).toEqual([
        'CREATE TABLE p:1 · R(p:1) · I(1) · ALTER TABLE p:2 · R(p:2) · I(2,2) · ALTER TABLE drop · ALTER TABLE p:1 · R(p:1) · I(3)',
      ]);
    });

    it('does so inside savepoints, without what was rolled back', async () => {
      await client.query(`begin; create table s (id int primary key); savepoint a; insert into s values (1); alter table s add b int;
        insert into s values (2, 2); savepoint b; alter table s add c int; insert into s values (3, 3, 3); rollback to b;
        insert into s values (4, 4); release a; alter table s add d int; insert into s values (5, 5, 5); commit`);
      const [transaction] = await shorts();
      expect(transaction?.replaceAll(/ · R\(s:2\)(?= · I\(4)/g, '')).toBe(
        'CREATE TABLE s:1 · R(s:1) · I(1) · ALTER TABLE s:2 · R(s:2) · I(2,2) · I(4,4) · ALTER TABLE s:3 · R(s:3) · I(5,5,5)',
      );
    });

    it('does so inside DO blocks with handlers', async () => {
      await client.query(`do $$ begin create table d (id int primary key);
        begin insert into d values (1); alter table d add b int; insert into d values (2, 2); raise exception 'x';
        exception when others then insert into d values (3); alter table d add c int; insert into d values (4, 4);
          begin alter table d add e int; insert into d values (5, 5, 5); exception when others then null; end;
        end; insert into d values (6, 6, 6); alter table d drop c; insert into d values (7, 7); end $$`);
      const [transaction] = await shorts();
      expect(transaction?.replaceAll(/ · R\(d:\d\)/g, '')).toBe(
        'CREATE TABLE d:1 · I(3) · ALTER TABLE d:2 · I(4,4) · ALTER TABLE d:3 · I(5,5,5) · I(6,6,6) · ALTER TABLE drop · ALTER TABLE d:2 · I(7,7)',
      );
    });

    it('says who, with which search_path and settings, and nothing that is as usual', async () => {
      const usual = `set DateStyle = 'ISO, MDY'; set TimeZone = 'UTC'; set default_toast_compression = pglz; set lc_monetary = 'C';
        set default_text_search_config = 'pg_catalog.simple'`;
      await client.query(
        `create schema "Odd one"; ${usual}; set search_path = "Odd one", public; set DateStyle = 'SQL, DMY'`,
      );
      await capture.drain();
      await client.query('set role bob; create table public.by_bob (id int primary key); reset role');
      const [event] = await capture.commands();
      expect(event?.caller).toEqual({
        role: 'bob',
        search_path: '"Odd one", public',
        settings: { DateStyle: 'SQL, DMY' },
      });
      expect(event).toMatchObject({
        v: 1,
        kind: 'ddl',
        iso: false,
        phase: 'end',
        tag: 'CREATE TABLE',
        server_version_num: expect.any(Number) as unknown,
      });
    });

    it('marks transactions above READ COMMITTED', async () => {
      await client.query('begin isolation level repeatable read; create table t (id int primary key); commit');
      expect((await capture.commands()).map(({ iso }) => iso)).toEqual([true]);
    });

    it('sends the text once per client statement, and again after a rollback took it back', async () => {
      const script = Array.from({ length: 50 }, (_, n) => `create table t${n} (id int primary key)`).join(';');
      await client.query(script);
      const events = await capture.commands();
      expect(events.map(({ text }) => text)).toEqual([script, ...Array<undefined>(49).fill(undefined)]);
      expect(new Set(events.map(({ text_id }) => text_id)).size).toBe(1);

      const rolledBack = `do $$ begin begin create table r1 (id int primary key); raise exception 'x'; exception when others then null; end;
        create table r2 (id int primary key); create table r3 (id int primary key); end $$`;
      await client.query(rolledBack);
      expect((await capture.commands()).map(({ text }) => text)).toEqual([rolledBack, undefined]);
    });

    it('writes as much as the text once, not with every command of it', async () => {
      const filler = `/* ${'x'.repeat(200_000)} */`;
      await client.query(
        `${filler} ${Array.from({ length: 100 }, (_, n) => `create table w${n} (id int primary key)`).join(';')}`,
      );
      const messages = (await capture.drain()).flatMap((transaction) => transaction.messages);
      const bytes = messages.reduce(
        (sum, message) => sum + (message.kind === 'message' ? message.content.length : 0),
        0,
      );
      expect(bytes).toBeGreaterThan(200_000);
      expect(bytes).toBeLessThan(200_000 + 100 * 2_500);
    });

    it('has the exact inner statement of functions and the body of SQL functions', async () => {
      await client.query(`create function inner_one(n text) returns void language plpgsql as $$ begin execute 'create table ' || quote_ident(n) || '(id int primary key)'; end $$;
        create function by_sql() returns void language sql as $$ select 1; create table by_sql_function (id int primary key); $$`);
      await capture.drain();
      await client.query(`select inner_one('from_function'); select by_sql()`);
      const [first, second] = await capture.commands();
      expect(first?.context).toMatch(
        /^SQL statement "create table from_function\(id int primary key\)"\nPL\/pgSQL function (public\.)?inner_one\(text\) line 1 at EXECUTE$/,
      );
      expect(second).toMatchObject({
        context: 'SQL function "by_sql" statement 2',
        function_body: [' select 1; create table by_sql_function (id int primary key); '],
      });
    });

    it('takes a text of 3 MB, and CREATE TABLE in it by the extended protocol', async () => {
      const text = `create table big (id int primary key) /* ${'é'.repeat(1_500_000)} */`;
      await client.query({ text, values: [] });
      expect((await capture.commands()).map((event) => event.text)).toEqual([text]);
    });

    it('is silent about temporary objects, members of extensions, its own schema, and what did nothing', async () => {
      await client.query(`create temp table t (id int primary key, v int); create index on t (v); alter table t add w float default random();
        create view pg_temp.v as select * from t; create function nop() returns trigger language plpgsql as $$ begin return null; end $$`);
      await capture.drain();
      await client.query(`create trigger g after insert on t execute function nop(); create rule r as on delete to t do instead nothing;
        drop trigger g on t; drop view pg_temp.v; drop table t; create table if not exists here (id int primary key)`);
      await client.query(`create table if not exists here (id int primary key); drop table if exists nowhere`);
      await source.query(
        'create table walcast.own (id int); alter table walcast.own add b int default 5; drop table walcast.own',
      );
      expect(await shorts()).toEqual(['CREATE TABLE here:1']);
    });

    it('tells of a drop once, with all that went with it', async () => {
      await client.query(
        'create table a (id int primary key); create view av as select * from a; create table b (f int references a)',
      );
      await capture.drain();
      await client.query('drop table a cascade');
      const events = await capture.commands();
      expect(events.map(({ tag, phase }) => `${tag} ${phase}`)).toEqual(['DROP TABLE drop']);
      const dropped = events[0]?.details?.dropped ?? [];
      expect(dropped.map(({ type, identity }) => `${type} ${identity}`)).toEqual(
        expect.arrayContaining(['table public.a', 'view public.av', 'table constraint b_f_fkey on public.b']),
      );
      expect(dropped.find(({ original }) => original === true)).toMatchObject({
        class: 'pg_class',
        names: ['public', 'a'],
      });
    });

    it('prints a relation as the comparison on the target does', async () => {
      await client.query(`create table plain (id bigint generated always as identity primary key, t text collate "C" not null default 'x', n numeric(10, 2)[],
          g int generated always as (1 + 1) stored, s serial, unique (t, n), check (n is not null)) with (fillfactor = 70);
        alter table plain alter t set storage external, add m timestamptz default now(), replica identity full, enable row level security;
        create table parted (id int, at date, primary key (id, at)) partition by range (at);
        create table part partition of parted for values from ('2020-01-01') to ('2021-01-01');
        create view seen as select * from plain; create materialized view kept as select 1 as one; create type pair as (a int, b text);
        create table heir (x int) inherits (plain); alter table plain add last int; alter type pair add attribute c int`);
      const seen = new Map(
        (await capture.commands())
          .flatMap(({ details }) => details?.relations ?? [])
          .map((shape) => [shape.name, shape]),
      );
      const session = await ClientSession.connect(source.url(), 'source');
      const names = ['plain', 'part', 'seen', 'kept', 'pair', 'heir', 'parted'];
      const shapes = await plainShapes(
        session,
        names.map((name) => ({ schema: 'public', name })),
      );
      await session.close();
      expect(new Set(shapes.map(({ name }) => name))).toEqual(new Set(names));
      for (const shape of shapes) expect(seen.get(shape.name)).toEqual(shape);
    });

    describe('of rows that a rewrite makes', () => {
      const backfill = async (sql: string): Promise<{ short: string; rows: unknown[] }> => {
        await client.query(sql);
        const transactions = await capture.drain();
        const rows = transactions.flatMap(({ messages }) =>
          messages.flatMap(({ event }) => (event?.kind === 'rows' ? (event.rows ?? []) : [])),
        );
        return { short: transactions.map(inShort).join(' | '), rows };
      };

      it('sends all of them after the command', async () => {
        await client.query(`create type pair as (a int, b text); create table t (id int primary key, v text, p pair, g int generated always as (id) stored);
          insert into t values (1, null, row(null, null)), (2, 'é"\\', row(1, 'x,y')), (3, '', null)`);
        await capture.drain();
        const { short, rows } = await backfill(`alter table t add u float default random(); insert into t values (4)`);
        expect(short).toMatch(
          /^ALTER TABLE rewrite · ALTER TABLE t:5 · rows\(1\/1\) · other · R\(t:4\) · I\(4,null,null,0\.\d+\)$/,
        );
        expect((rows as string[][]).map((row) => row.slice(0, 3))).toEqual([
          ['1', null, '(,)'],
          ['2', 'é"\\', '(1,"x,y")'],
          ['3', '', null],
        ]);
      });

      it('sends them in chunks of about a megabyte', async () => {
        await client.query(
          `create table t (id int primary key, v text); insert into t select g, repeat('x', 10000) from generate_series(1, 300) g`,
        );
        await capture.drain();
        const { short, rows } = await backfill('alter table t alter id type bigint');
        expect(short).toMatch(/rows\(1\/\?\) · rows\(2\/\?\) · rows\(3\/3\)$/);
        expect(rows).toHaveLength(300);
      });

      it('sends them for empty tables, wide tables, every partition, and tables that become logged', async () => {
        const columns = Array.from({ length: 400 }, (_, n) => `c${n} int default ${n}`).join(', ');
        await client.query(`create table empty (id int primary key); create table wide (${columns}); insert into wide default values;
          create table parted (id int primary key, v int) partition by list (id); create table parted_1 partition of parted for values in (1);
          create table parted_2 partition of parted for values in (2); insert into parted values (1, 1), (2, 2);
          create unlogged table u (id int primary key); insert into u values (7)`);
        await capture.drain();
        expect((await backfill('alter table empty alter id type bigint')).short).toMatch(
          /ALTER TABLE empty:1 · rows\(1\/1\)$/,
        );
        expect((await backfill('alter table wide add last float default random()')).rows).toEqual([
          expect.arrayContaining(['399']),
        ]);
        const parted = await backfill('alter table parted add w float default random()');
        expect(parted.short).toMatch(/rows\(1\/1\) · rows\(1\/1\)$/);
        expect(parted.rows).toHaveLength(2);
        expect((await backfill('alter table u set logged')).rows).toEqual([['7']]);
      });

      it('asks for a resync above the limit', async () => {
        await source.query(`update walcast.setting set value = '100000' where name = 'backfill_limit_bytes'`);
        await client.query(
          `create table t (id int primary key, v text); alter table t alter v set storage external; insert into t values (1, repeat('x', 200000))`,
        );
        await capture.drain();
        await client.query('alter table t alter id type bigint');
        expect(await capture.backfills()).toEqual([expect.objectContaining({ chunk: 1, resync: true })]);
      });

      it('asks for a resync of values that only are small while they are compressed', async () => {
        await source.query(`update walcast.setting set value = '5000000' where name = 'backfill_limit_bytes'`);
        await client.query(
          `create table t (id int primary key, v text); insert into t select g, repeat('x', 4000000) from generate_series(1, 4) g`,
        );
        await capture.drain();
        await client.query('alter table t alter id type bigint');
        expect((await capture.backfills()).map(({ resync }) => resync)).toEqual([false, false, true]);
      });

      it('keeps nested rewrites apart, and no note is left', async () => {
        await client.query(`create table inner_t (id int primary key); insert into inner_t values (1); create table outer_t (id int primary key); insert into outer_t values (2);
          create function nested() returns float language plpgsql as $$ begin
            if not exists (select from pg_attribute where attrelid = 'inner_t'::regclass and attname = 'n') then
              execute 'alter table inner_t add n float default random()'; end if; return random(); end $$`);
        await capture.drain();
        const { short } = await backfill('alter table outer_t add o float default nested()');
        expect(short.replaceAll(/ · [RI]\([^·]*/g, '')).toBe(
          'ALTER TABLE rewrite · ALTER TABLE rewrite · ALTER TABLE inner_t:2 · rows(1/1) · ALTER TABLE outer_t:2 · rows(1/1)',
        );
        expect(await source.query('select * from walcast.rewritten')).toEqual([]);
      });

      it('keeps tables apart from everything their users may have set', async () => {
        await client.query(
          `create table t (id int primary key, d date, f float8, b bytea, i interval, m money); insert into t values (1, '2020-02-01', 0.1::float8 + 0.2, '\\x00ff', '1 day 2:03', 1)`,
        );
        await capture.drain();
        await client.query(
          `set DateStyle = 'German'; set extra_float_digits = 0; set bytea_output = escape; set IntervalStyle = iso_8601; set quote_all_identifiers = on; set standard_conforming_strings = off`,
        );
        const { rows } = await backfill('alter table t alter id type bigint');
        expect(rows).toEqual([['1', '2020-02-01', '0.30000000000000004', '\\x00ff', '1 day 02:03:00', '$1.00']]);
      });
    });

    it('lets the command go on when it cannot read the catalog, and says so in place', async () => {
      await source.query(
        `create or replace function walcast.relation_metadata(relation oid) returns json language plpgsql as $$ begin perform 1/0; return null; end $$`,
      );
      await capture.drain();
      await client.query(
        'create table t (id int primary key); insert into t values (1); alter table t add b int; insert into t values (2, 2)',
      );
      const [transaction] = await capture.drain();
      expect(transaction === undefined ? '' : inShort(transaction)).toBe(
        'degraded CREATE TABLE · R(t:1) · I(1) · degraded ALTER TABLE · R(t:2) · I(2,2)',
      );
      expect(transaction?.messages[0]?.event).toMatchObject({
        failure: '22012 division by zero',
        caller: { role: user },
        text: expect.stringContaining('create table t') as unknown,
      });
    });

    it('does not break DROP INDEX CONCURRENTLY, CREATE INDEX CONCURRENTLY, DETACH CONCURRENTLY and REFRESH CONCURRENTLY', async () => {
      await client.query(`create table t (id int primary key, v int); create table p (id int) partition by list (id); create table p1 partition of p for values in (1);
        create materialized view m as select 1 as one; create unique index on m (one)`);
      for (const sql of [
        'create index concurrently ti on t (v)',
        'reindex index concurrently ti',
        'drop index concurrently ti',
        'alter table p detach partition p1 concurrently',
        'refresh materialized view concurrently m',
      ]) {
        await client.query(sql);
      }
    });

    it('captures DDL of sessions that call themselves replicas too', async () => {
      await source.query(`set session_replication_role = replica; create table t (id int primary key)`);
      expect(await shorts()).toEqual(['CREATE TABLE t:1']);
    });

    it('settles identities by commands that are captured like any other, as the owner of the table', async () => {
      await client.query('set role bob; create table keyless (v int)');
      const [transaction] = await capture.drain();
      const short = transaction === undefined ? '' : inShort(transaction);
      expect(short.replace(/I\(\d+,d,f\)/, 'I')).toBe(
        'CREATE TABLE keyless:1 · R(chosen_identity:3) · I · ALTER TABLE keyless:1',
      );
      const event = transaction?.messages.at(-1)?.event;
      expect(event).toMatchObject({ caller: { role: 'bob' }, details: { relations: [{ identity: 'f' }] } });
      expect(event?.kind === 'ddl' ? event.context : '').toMatch(
        /^SQL statement "alter table only public\.keyless replica identity full"/,
      );
    });
  },
);

describe.each(testMajors())('the work of a command on PostgreSQL %i', (major) => {
  it('stays bounded for tables of 1,600 columns and 2,000 partitions', async () => {
    const { source, dispose } = await testDatabases({ major });
    try {
      const session = await ClientSession.connect(source.url(), 'source');
      await migrate(session, { set: 'core' });
      await session.close();
      await source.query(`do $$ begin
        execute 'create table wide (' || (select string_agg(format('c%s int default %s', g, g), ', ') from generate_series(1, 1590) g) || ')';
        create table parts (id int primary key, v int) partition by range (id);
        for i in 1..20 loop execute format('create table part_%s partition of parts for values from (%s) to (%s) partition by range (id)', i, i * 100, i * 100 + 100);
          for k in 0..99 loop
            execute format('create table part_%s_%s partition of part_%s for values from (%s) to (%s)', i, k, i, i * 100 + k, i * 100 + k + 1);
          end loop; end loop; end $$`);
      const capture = await Capture.start(source);
      const started = performance.now();
      await source.query('alter table wide add w text');
      await source.query('alter table parts add w text');
      expect(performance.now() - started).toBeLessThan(20_000);
      const [wide, parts] = await capture.commands();
      expect(wide?.details?.relations?.[0]?.columns).toHaveLength(1591);
      expect(parts?.details?.relations).toHaveLength(2021);
    } finally {
      await dispose();
    }
  }, 120_000);
});

describe.each(testMajors())('the key on PostgreSQL %i', (major) => {
  it('reaches no slot, not even one that was there before us', async () => {
    const { source, dispose } = await testDatabases({ major });
    try {
      const slot = `${source.name}_foreign`;
      await source.query('create publication everything for all tables');
      await source.query(`select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
      const session = await ClientSession.connect(source.url(), 'source');
      await migrate(session, { set: 'core' });
      await session.close();
      const secrets = await source.query(
        `select encode(secret, 'hex') as a, encode(inner_pad, 'hex') as b, encode(outer_pad, 'hex') as c from walcast.key`,
      );
      const rows = await source.query(
        `select encode(data, 'escape') as data from pg_logical_slot_get_binary_changes('${slot}', null, null, 'proto_version', '1', 'publication_names', 'everything', 'messages', 'true')`,
      );
      const stream = rows.map(({ data }) => data ?? '').join('\n');
      expect(stream).toContain('backfill_limit_bytes');
      expect(Object.values(secrets[0] ?? {})).toHaveLength(3);
      for (const secret of Object.values(secrets[0] ?? {})) expect(stream).not.toContain(secret);
    } finally {
      await dispose();
    }
  });
});
