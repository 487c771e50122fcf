import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { SinkRig, WHOLE, type ScriptLine } from './support/sink-rig.ts';

const never = new AbortController().signal;
const quiet = (): void => undefined;

describe.each(testMajors())('rows that the sink takes on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let rig: SinkRig;
  beforeEach(async () => {
    pair = await testDatabases({ major });
    rig = new SinkRig(pair.source, pair.target);
  });
  afterEach(async () => {
    await rig.close();
    await pair.dispose();
  });

  /** The same statements on both sides, so that what is left to bring is rows. */
  const both = async (sql: string): Promise<void> => {
    await pair.source.query(sql);
    await pair.target.query(sql);
  };
  const added = async (names: readonly string[], format: 'text' | 'binary' = 'text', user?: string): Promise<void> => {
    const script = await rig.script(
      [],
      names.map((name) => ['public', name]),
    );
    const sink = await rig.open(user === undefined ? {} : { user });
    await sink.begin(script, await rig.cut(), 'append');
    const writer = await sink.openWriter();
    for (const table of script.tables) await rig.copyWhole(sink, writer, table, await rig.cut(), format);
    await sink.close();
  };
  const expectSameRows = async (): Promise<void> => {
    expect((await compareDatabases(pair.source, pair.target)).rows).toEqual([]);
  };

  it('of every shape: no columns, 1,600 columns, generated and identity columns, odd names, deferrable keys, NUL-like text', async () => {
    const wide = Array.from({ length: 1600 }, (_, i) => `c${i} smallint`).join(', ');
    await both(`create table nothing (); create table wide (${wide});
      create table generated (a int, b int generated always as (a * 2) stored, id int generated always as identity);
      create table "a.""b" ("Kéy.1" int primary key deferrable initially deferred, "v\\n" text);
      create type mood as enum ('sad', 'o''k'); create type pair as (a int, b text);
      create table types (m mood, p pair, r int4range, a text[], j jsonb, t text, n numeric, f float8)`);
    await pair.source.query(`insert into nothing select from generate_series(1, 3); insert into wide (c0, c1599) values (1, 2), (3, null);
      insert into generated (a) select generate_series(1, 5); insert into "a.""b" select i, E'\\\\N\\t\\n\\b' || i from generate_series(1, 100) i;
      insert into types values ('o''k', (1, E'a"\\\\,'), '[1,3)', array['a', null, '{}'], '{"a":[1,null]}', E'\\\\.', 'NaN', '-infinity'), (null, null, null, null, null, '', 1.00, null)`);
    await added(['nothing', 'wide', 'generated', 'a."b', 'types']);
    await expectSameRows();
  });

  it('of 100 MB, with little memory', async () => {
    await both('create table large (id int primary key, b bytea)');
    await pair.source.query(`alter table large alter b set storage external`);
    await pair.source.query(
      `insert into large select i, convert_to(repeat(md5(i::text), 3276800), 'UTF8') from generate_series(1, 1) i`,
    );
    const before = process.memoryUsage.rss();
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss() - before)), 20);
    await added(['large'], 'binary');
    clearInterval(timer);
    await expectSameRows();
    // the test's own reader holds a row or two as well
    expect(peak).toBeLessThan(500 * 1024 * 1024);
  }, 180_000);

  describe("of tables that reach a user's code", () => {
    const ATTACK = `
      create function attack() returns boolean language plpgsql as $$
      declare command text;
      begin
        foreach command in array array['create role evil superuser', 'alter role app superuser', 'reset role', 'set session authorization postgres',
          'delete from walcast.snapshot', 'set session_replication_role = origin'] loop
          begin
            execute command;
            insert into public.done values (command || ' as ' || current_user);
          exception when others then
            insert into public.done values ('refused as ' || current_user);
          end;
        end loop;
        return true;
      end $$;
      create table done (what text);`;

    it.each(['text', 'binary'] as const)('run it with the rights of their owner, %s', async (format) => {
      for (const database of [pair.source, pair.target]) {
        const app = await database.client('app');
        await app.query(ATTACK);
        await app.query('create table victim (id int primary key, v text)');
      }
      await pair.source.query(`insert into victim select i, E'\\\\x\\t' || i from generate_series(1, 3) i`);
      for (const database of [pair.source, pair.target])
        await database.query('alter table victim add constraint c check (attack()) not valid; truncate done');
      await added(['victim'], format);
      expect(await pair.target.value('select count(*)::text from victim')).toBe('3');
      const done = (await pair.target.query('select distinct what from done order by 1')).map(({ what }) => what);
      expect(done).toEqual(['refused as app']);
      expect(
        await pair.target.query("select from pg_roles where rolname = 'evil' or (rolname = 'app' and rolsuper)"),
      ).toEqual([]);
    });

    it('in types too: a domain whose CHECK calls it', async () => {
      for (const database of [pair.source, pair.target]) {
        const app = await database.client('app');
        await app.query(`create function small(int) returns boolean language sql as 'select $1 < 1000';
          create domain little as int check (small(value)); create table holder (id little primary key, many little[])`);
      }
      await pair.source.query('insert into holder select i, array[i, i + 1] from generate_series(1, 500) i');
      await added(['holder']);
      await expectSameRows();
    });
  });

  it("leaves an extension's own rows alone and brings the user's", async () => {
    const make = `create table config (id int primary key, v text, own boolean default false);
      insert into config values (1, 'of the extension', true)`;
    await both(make);
    // as pg_extension_config_dump would: no extension of the test servers has such a table
    for (const database of [pair.source, pair.target])
      await database.query(
        `update pg_extension set extconfig = array['public.config'::regclass::oid], extcondition = array['where not own'] where extname = 'plpgsql'`,
      );
    await pair.source.query("insert into config values (2, 'of the user')");
    await pair.target.query("insert into config values (3, 'old')");
    const script = await rig.script([], [['public', 'config']]);
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'append');
    await pair.target.query("update walcast.snapshot set on_existing = 'fail'");
    await sink.load();
    const state = await sink.startTable(script.tables[0] ?? (never as never), null, WHOLE);
    expect(state?.state).toBe('waiting');
    expect((await pair.target.query('select v from config')).map(({ v }) => v)).toEqual(['of the extension']);
    for (const database of [pair.source, pair.target])
      await database.query(`update pg_extension set extconfig = null, extcondition = null where extname = 'plpgsql'`);
  });

  const SCHEMA: ScriptLine[] = [
    ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.a (id integer NOT NULL, b integer)'],
    ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.b (id integer NOT NULL, a integer)'],
    ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.p (id integer NOT NULL, a integer) PARTITION BY RANGE (id)'],
    ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.p1 (id integer NOT NULL, a integer)'],
    ['pre-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.p ATTACH PARTITION public.p1 FOR VALUES FROM (0) TO (1000)'],
    ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id)'],
    ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id)'],
    ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.b ADD CONSTRAINT b_u UNIQUE (a)'],
    [
      'post-data',
      'ALTER TABLE',
      'ALTER TABLE ONLY public.a ADD CONSTRAINT a_fk FOREIGN KEY (b) REFERENCES public.b(id) DEFERRABLE',
    ],
    [
      'post-data',
      'ALTER TABLE',
      'ALTER TABLE ONLY public.b ADD CONSTRAINT b_fk FOREIGN KEY (a) REFERENCES public.a(id) NOT VALID',
    ],
    ['post-data', 'ALTER TABLE', 'ALTER TABLE public.p ADD CONSTRAINT p_fk FOREIGN KEY (a) REFERENCES public.a(id)'],
  ];
  const BORN = SCHEMA.map(([, , sql]) => sql).join('; ');

  it('under several snapshots: what does not fit together is put off, or starts over', async () => {
    await pair.source.query(BORN);
    await pair.source.query(`set session_replication_role = replica;
      insert into a select i, i from generate_series(1, 20) i; insert into b select i, i from generate_series(1, 20) i;
      insert into p select i, i from generate_series(1, 20) i`);
    const script = await rig.script(
      SCHEMA,
      ['a', 'b', 'p1'].map((name) => ['public', name]),
    );
    const [a, b, p1] = ['a', 'b', 'p1'].map((name) => script.tables.find(({ metadata }) => metadata.name === name));
    if (a === undefined || b === undefined || p1 === undefined) throw new Error('no tables');
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    await sink.enter('rows');
    const writer = await sink.openWriter();
    const key = { column: 'id', kind: 'integer' } as const;
    const ranges = [
      { lower: null, upper: '11' },
      { lower: '11', upper: null },
    ];
    const begun = await sink.startTable(b, key, ranges);
    if (begun?.ranges[0] === undefined || begun.ranges[1] === undefined) throw new Error('no ranges');
    await rig.copy(writer, begun, begun.ranges[0], await rig.cut());
    // a unique value moves from a copied row to one that is not, and a row that others refer to goes
    await pair.source.query('update b set a = 100 where id = 5; update b set a = 5 where id = 15');
    await rig.copy(writer, begun, begun.ranges[1], await rig.cut());
    await sink.markTable(b.oid, 'copied');
    await pair.source.query(
      'set session_replication_role = replica; delete from a where id = 7; delete from p where a = 7; set session_replication_role = origin',
    );
    await rig.copyWhole(sink, writer, a, await rig.cut());
    await pair.source.query(
      'set session_replication_role = replica; insert into p values (30, 7); set session_replication_role = origin',
    );
    await rig.copyWhole(sink, writer, p1, await rig.cut());
    await sink.enter('post-data');
    await sink.restore('post-data', quiet, never);
    const state = await sink.load();
    const states = Object.fromEntries((state?.tables ?? []).map((each) => [each.table.metadata.name, each.state]));
    expect(states).toEqual({ a: 'copied', b: 'changed', p1: major >= 18 ? 'copied' : 'changed' });
    expect(await pair.target.value('select count(*)::text from b')).toBe('0');
    const keys = await pair.target.query(
      "select conname, convalidated from pg_constraint where contype = 'f' and conparentid = 0 order by 1",
    );
    expect(keys.map(({ conname, convalidated }) => `${conname} ${convalidated}`)).toEqual([
      'a_fk f',
      'b_fk f',
      `p_fk ${major >= 18 ? 'f' : 't'}`,
    ]);
    // not fulfilled: a refers to rows of b, which wait
    await expect(sink.enter('done')).rejects.toMatchObject({
      code: 'E_TARGET_CONFLICT',
      message: expect.stringContaining('a_fk') as string,
    });
    await rig.copyWhole(sink, await sink.openWriter(), b, await rig.cut());
    await pair.source.query(
      'set session_replication_role = replica; delete from p where id = 30; set session_replication_role = origin',
    );
    await rig.copyWhole(sink, await sink.openWriter(), p1, await rig.cut());
    await sink.enter('done');
    const after = await pair.target.query(
      "select conname, convalidated from pg_constraint where contype = 'f' and conparentid = 0 order by 1",
    );
    expect(after.map(({ conname, convalidated }) => `${conname} ${convalidated}`)).toEqual([
      'a_fk t',
      'b_fk f',
      'p_fk t',
    ]);
    await expectSameRows();
  });

  it('by a plain user who owns the target', async () => {
    await pair.target.query(`alter database ${pair.target.name} owner to app; alter schema public owner to app`);
    await pair.source.query(BORN);
    await pair.source.query(
      `insert into a select i, null from generate_series(1, 20) i; insert into b select i, i from generate_series(1, 20) i; update a set b = id`,
    );
    await pair.source.query(`create function positive(int) returns boolean language sql as 'select $1 > 0'; create table checked (id int, check (positive(id)));
      insert into checked select generate_series(1, 50); alter table checked owner to app; alter function positive owner to app`);
    const lines: ScriptLine[] = [
      [
        'pre-data',
        'CREATE FUNCTION',
        "CREATE FUNCTION public.positive(integer) RETURNS boolean LANGUAGE sql AS 'select $1 > 0'",
        'app',
      ],
      [
        'pre-data',
        'CREATE TABLE',
        'CREATE TABLE public.checked (id integer, CONSTRAINT checked_id_check CHECK (public.positive(id)))',
        'app',
      ],
      ['pre-data', 'ALTER TABLE', 'ALTER TABLE public.checked OWNER TO app'],
      ...SCHEMA,
    ];
    for (const name of ['a', 'b', 'p', 'p1']) await pair.source.query(`alter table ${name} owner to app`);
    const script = await rig.script(
      lines,
      ['a', 'b', 'p1', 'checked'].map((name) => ['public', name]),
    );
    const sink = await rig.open({ user: 'app' });
    await sink.begin(script, await rig.cut(), 'fail');
    await rig.fill(sink, script);
    await sink.analyze(quiet);
    await sink.enter('done');
    await expectSameRows();
  });
});
