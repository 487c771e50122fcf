import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { SinkRig, WHOLE, type ScriptLine } from './support/sink-rig.ts';

const never = new AbortController().signal;
const quiet = (): void => undefined;

describe.each(testMajors())('the sink of the initial copy on PostgreSQL %i', (major) => {
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

  const expectSameRows = async (): Promise<void> => {
    const differences = await compareDatabases(pair.source, pair.target);
    expect(differences.rows).toEqual([]);
  };

  const SIMPLE: ScriptLine[] = [
    ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.t (id integer NOT NULL, v text)'],
    ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id)'],
    ['post-data', 'CREATE INDEX', 'CREATE INDEX t_v ON public.t USING btree (v)'],
  ];
  const simple = async (): Promise<Awaited<ReturnType<SinkRig['script']>>> => {
    await pair.source.query(
      `create table t (id int primary key, v text); create index t_v on t (v);
       insert into t select i, md5(i::text) from generate_series(1, 1000) i`,
    );
    return await rig.script(SIMPLE, [['public', 't']]);
  };

  it('makes the schema, takes the rows and ends with a checkpoint and nothing else', async () => {
    const script = await simple();
    const sink = await rig.open();
    expect(await sink.load()).toBeNull();
    const state = await sink.begin(script, await rig.cut(), 'fail');
    expect(state.tables.map(({ state: each }) => each)).toEqual(['waiting']);
    await rig.fill(sink, script, 'binary');
    await sink.analyze(quiet);
    await sink.enter('catchup');
    expect((await sink.load())?.phase).toBe('catchup');
    await sink.enter('done');
    expect(await sink.load()).toBeNull();
    await expectSameRows();
    expect(await pair.target.value('select reltuples::int::text from pg_class where relname = $1', ['t'])).toBe('1000');
    expect(await pair.target.value('select count(*)::text from walcast.checkpoint')).toBe('1');
    const left = `select (select count(*) from walcast.snapshot_statement) + (select count(*) from walcast.snapshot_table)
      + (select count(*) from walcast.snapshot_range)`;
    expect(await pair.target.value(left)).toBe('0');
  });

  it('refuses a target that holds something, and says what', async () => {
    await pair.target.query(
      'create schema other; create table other.mine (id int); create function f() returns int language sql as $$select 1$$',
    );
    const sink = await rig.open();
    await expect(sink.begin(await simple(), await rig.cut(), 'fail')).rejects.toMatchObject({
      code: 'E_SNAPSHOT_NOT_EMPTY',
      message: expect.stringContaining('schema other, table other.mine, function public.f()') as string,
    });
    expect(await sink.load()).toBeNull();
  });

  it('goes on with the stored script after it was stopped between any two statements', async () => {
    const script = await simple();
    const first = await rig.open();
    await first.begin(script, await rig.cut(), 'fail');
    await first.restore('pre-data', quiet, never);
    await first.close();
    const second = await rig.open();
    const state = await second.load();
    expect(state?.phase).toBe('schema');
    expect(state?.tables[0]?.table).toEqual(script.tables[0]);
    await rig.fill(second, script);
    await expectSameRows();
  });

  it('keeps finished ranges, and starts a table over that is begun again', async () => {
    const script = await simple();
    const [table] = script.tables;
    if (table === undefined) throw new Error('no table');
    const key = { column: 'id', kind: 'integer' } as const;
    const ranges = [
      { lower: null, upper: '500' },
      { lower: '500', upper: null },
    ];
    const first = await rig.open();
    await first.begin(script, await rig.cut(), 'fail');
    await first.restore('pre-data', quiet, never);
    await first.enter('rows');
    const begun = await first.startTable(table, key, ranges);
    const writer = await first.openWriter();
    const cut = await rig.cut();
    if (begun?.ranges[0] === undefined) throw new Error('no range');
    await rig.copy(writer, begun, begun.ranges[0], cut);
    await first.close();
    const second = await rig.open();
    const found = (await second.load())?.tables[0];
    expect(found?.ranges.map((range) => range.cut)).toEqual([cut, null]);
    expect(found?.ranges[0]?.rows).toBe(499);
    // whoever was before can add nothing any more
    if (begun.ranges[1] === undefined) throw new Error('no range');
    await expect(rig.copy(writer, begun, begun.ranges[1], cut)).rejects.toMatchObject({ code: 'E_SNAPSHOT_TAKEN' });
    const again = await second.openWriter();
    if (found?.ranges[1] === undefined) throw new Error('no range');
    await rig.copy(again, found, found.ranges[1], await rig.cut());
    await expectSameRows();
    await second.startTable(table, null, WHOLE);
    expect(await pair.target.value('select count(*)::text from t')).toBe('0');
  });

  it('lets one process fill a target, not two', async () => {
    const script = await simple();
    const first = await rig.open();
    await first.begin(script, await rig.cut(), 'fail');
    const second = await rig.open();
    await expect(second.load()).rejects.toMatchObject({ code: 'E_SNAPSHOT_TAKEN' });
    await expect(second.begin(script, await rig.cut(), 'fail')).rejects.toMatchObject({ code: 'E_SNAPSHOT_TAKEN' });
  });

  it('drops the rows of a range whose table was put aside meanwhile', async () => {
    const script = await simple();
    const [table] = script.tables;
    if (table === undefined) throw new Error('no table');
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    const state = await sink.startTable(table, null, WHOLE);
    const writer = await sink.openWriter();
    if (state?.ranges[0] === undefined) throw new Error('no range');
    await sink.markTable(table.oid, 'changed');
    await rig.copy(writer, state, state.ranges[0], await rig.cut());
    expect(await pair.target.value('select count(*)::text from t')).toBe('0');
    await rig.copyWhole(sink, writer, table, await rig.cut());
    await expectSameRows();
  });

  it('counts rows, and names the table whose rows are refused', async () => {
    const script = await simple();
    const [table] = script.tables;
    if (table === undefined) throw new Error('no table');
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    const state = await sink.startTable(table, null, WHOLE);
    if (state?.ranges[0] === undefined) throw new Error('no range');
    const short = await sink.openWriter();
    await short.begin(table.metadata, ['id', 'v'], 'text');
    await rig.send('copy t to stdout', short);
    await expect(
      short.commit(table.oid, { ...state.ranges[0], cut: await rig.cut(), rows: 999, bytes: 0 }),
    ).rejects.toMatchObject({ code: 'E_TARGET_CONFLICT', message: expect.stringContaining('of 999 rows') as string });
    expect(await pair.target.value('select count(*)::text from t')).toBe('0');
    await pair.target.query('alter table t add check (id < 500)');
    const refused = rig.copy(await sink.openWriter(), state, state.ranges[0], await rig.cut());
    await expect(refused).rejects.toMatchObject({
      code: 'E_TARGET_CONFLICT',
      fields: { table: 'public.t', sqlstate: '23514' },
    });
    await pair.target.query('drop table t');
    const dropped = rig.copy(await sink.openWriter(), state, state.ranges[0], await rig.cut());
    await expect(dropped).rejects.toMatchObject({
      code: 'E_TARGET_APPLY',
      fields: { table: 'public.t', sqlstate: '42P01' },
    });
    expect(await sink.startTable(table, null, WHOLE)).toBeNull();
  });

  it('stops at a statement that the target refuses, and goes on there after the cure', async () => {
    await simple();
    const refused = ['ALTER TABLE', 'ALTER TABLE public.t SET TABLESPACE nowhere'] as const;
    const script = await rig.script([...SIMPLE, ['post-data', ...refused]], [['public', 't']]);
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    await expect(sink.restore('post-data', quiet, never)).rejects.toMatchObject({
      code: 'E_SNAPSHOT_STATEMENT',
      fields: { sqlstate: '42704', statement: 'ALTER TABLE public.t SET TABLESPACE nowhere' },
    });
    await pair.target.query("update walcast.snapshot_statement set done = true where event ->> 'text' like '%nowhere'");
    await sink.restore('post-data', quiet, never);
    expect(await pair.target.value("select to_regclass('public.t')::text")).toBe('t');
  });

  it('forgets a script of which the target has refused a statement before it has made anything', async () => {
    await simple();
    const refused = ['pre-data', 'ALTER TABLE', 'ALTER TABLE public.t SET TABLESPACE nowhere'] as const;
    const script = await rig.script([...SIMPLE.slice(0, 1), refused, ...SIMPLE.slice(1)], [['public', 't']]);
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await expect(sink.restore('pre-data', quiet, never)).rejects.toMatchObject({ code: 'E_SNAPSHOT_STATEMENT' });
    expect(await sink.load()).toBeNull();
  });

  it('compares every table at the end', async () => {
    await pair.source.query('create table t (id int primary key, v text default $$x$$)');
    const script = await rig.script(SIMPLE.slice(0, 2), [['public', 't']]);
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await expect(rig.fill(sink, script)).rejects.toMatchObject({
      code: 'E_DDL_MISMATCH',
      message: expect.stringContaining('public.t columns.v.default') as string,
    });
  });

  it('adds rows to the tables of a target where that is asked for', async () => {
    const script = await simple();
    await pair.target.query("create table t (id int primary key, v text); insert into t values (-1, 'mine')");
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'append');
    await rig.fill(sink, script);
    await sink.enter('catchup');
    expect(await pair.target.value('select count(*)::text from t')).toBe('1001');
    await sink.enter('done');
    await sink.close();
    const second = await rig.open();
    const other = await rig.script(SIMPLE, [['public', 't']]);
    await second.begin(other, await rig.cut(), 'append');
    await expect(rig.fill(second, other)).rejects.toMatchObject({
      code: 'E_TARGET_CONFLICT',
      message: expect.stringContaining('Key (id)=(1) already exists') as string,
    });
    await pair.target.query('alter table t add column more int');
    await second.close();
    const third = await rig.open();
    await expect(third.begin(other, await rig.cut(), 'append')).rejects.toMatchObject({
      code: 'E_SNAPSHOT_TABLE',
      message: expect.stringContaining('more integer') as string,
    });
  });

  it('sets sequences that are there, of whomever', async () => {
    await pair.target.query(
      'create sequence a; create sequence b; create sequence c maxvalue 10; alter sequence a owner to alice; select nextval($$b$$)',
    );
    const sink = await rig.open();
    const value = (name: string, lastValue: string, isCalled: boolean) => ({
      schema: 'public',
      name,
      lastValue,
      isCalled,
    });
    await sink.setSequences([
      value('a', '42', true),
      value('b', '7', false),
      value('c', '99', true),
      value('none', '1', true),
    ]);
    expect(await pair.target.value('select nextval($$a$$) || $$,$$ || nextval($$b$$) || $$,$$ || nextval($$c$$)')).toBe(
      '43,7,1',
    );
  });
});
