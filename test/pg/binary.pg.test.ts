import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline, type PipelineOptions } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { TYPE_VALUES } from './support/type-values.ts';

/** Those whose values travel in binary form, as somebody declares them. */
const TYPES = [
  'bool bytea "char" name int8 int2 int4 text json float4 float8 macaddr8 macaddr bpchar varchar date time timestamp',
  'timestamptz timetz bit varbit numeric uuid jsonb',
]
  .join(' ')
  .split(' ');
const MODIFIED: readonly (readonly [type: string, values: readonly string[]])[] = [
  ['numeric(10,2)', ['12345678.90', '-0.01', 'NaN']],
  ['varchar(4)', ['', 'äöü€']],
  ['char(5)', ['', 'a', 'ä b']],
  ['timestamp(0)', ['2024-02-29 23:59:59', 'infinity']],
  ['bit(9)', ['101010101']],
  ['varbit(20)', ['', '1', '10101010101']],
];

describe.each(testMajors())('values in binary form on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline | null = null;
  let slot: string;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = null;
    await pair.dispose();
  });

  const start = (options: Partial<PipelineOptions> = {}): TestPipeline => {
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot,
      ...options,
    });
    return pipeline;
  };
  const run = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await pair.source.query(statement);
  };
  /** @returns rows that came in binary form and rows that were applied, since the pipeline was started */
  const same = async (): Promise<{ binary: number; applied: number }> => {
    if (pipeline === null) throw new Error('no pipeline');
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    const { supervisor } = pipeline;
    const applied = supervisor.targets[0]?.processor.describe().rows ?? -1;
    return { binary: supervisor.binaryRows, applied };
  };

  const typed: readonly (readonly [name: string, type: string, values: readonly string[]])[] = [
    ...TYPES.map((type) => {
      const name = type.replaceAll('"', '');
      return [name, type, TYPE_VALUES[name] ?? []] as const;
    }),
    ...MODIFIED.map(([type, values]) => [type, type, values] as const),
  ];
  const most = Math.max(...typed.map(([, , values]) => values.length));
  const columns = typed.map(([name, type]) => `${quoteIdentifier(name)} ${type}`).join(', ');
  const names = typed.map(([name]) => quoteIdentifier(name)).join(', ');
  const literals = (row: number): string =>
    typed.map(([, type, values]) => `${quoteLiteral(values[row % values.length] ?? '')}::${type}`).join(', ');
  const rowsOf = (from: number): string =>
    Array.from({ length: most }, (_, row) => `(${from + row}, ${literals(row)})`).join(', ');

  it('carries every type with its values at the edge through sets and single rows', async () => {
    expect(typed.filter(([, , values]) => values.length === 0)).toEqual([]);
    await run(`create table everything (id int primary key, ${columns})`);
    start();
    await run(
      `insert into everything values ${rowsOf(0)}`,
      `insert into everything (id) select generate_series(1000, 1009)`,
      `update everything set (${names}) = row(${literals(1)}) where id in (0, 2, 1000, 1001, 1002)`,
      `update everything set ${typed.map(([name]) => `${quoteIdentifier(name)} = null`).join(', ')} where id in (3, 4, 5, 6)`,
      `insert into everything values (5000, ${literals(0)})`,
      `update everything set (${names}) = row(${literals(2)}) where id = 5000`,
      'update everything set id = -id where id in (1, 1003)',
      'delete from everything where id in (4, 5, 1004, 1005, 1006)',
      'delete from everything where id = 7',
    );
    const changes = most + 10 + 5 + 4 + 1 + 1 + 2 + 5 + 1;
    expect(await same()).toEqual({ binary: changes, applied: changes });
  });

  it('finds rows by their whole image, and by keys of several types', async () => {
    await run(
      `create table images (${columns})`,
      'alter table images replica identity full',
      'create table keyed (n numeric, t text, u uuid, d timestamptz, b bytea, v int, primary key (n, t, u, d, b))',
      'create table of_index (a int not null, b varchar(9) not null, v jsonb)',
      'create unique index of_index_key on of_index (b, a)',
      'alter table of_index replica identity using index of_index_key',
    );
    start();
    await run(
      `insert into images values ${Array.from({ length: most }, (_, row) => `(${literals(row)})`).join(', ')}`,
      'insert into images select * from images',
      'update images set int4 = 7 where ctid in (select min(ctid) from images group by images::text)',
      'delete from images where ctid in (select max(ctid) from images group by images::text)',
      `insert into keyed select n * 1.50, 'k' || n, md5(n::text)::uuid, 'epoch'::timestamptz + n * interval '1 us', decode(md5(n::text), 'hex'), n
       from generate_series(-20, 20) n`,
      'update keyed set v = v + 1 where v > 5',
      "update keyed set t = 'changed' where v < -15",
      'delete from keyed where v between -3 and 3',
      `insert into of_index select n, 'b' || n, jsonb_build_object('n', n) from generate_series(1, 10) n`,
      `update of_index set v = '[]' where a < 6`,
      'update of_index set a = a + 100 where a > 6',
      'delete from of_index where a = 1',
    );
    const { binary, applied } = await same();
    expect(binary).toBe(applied);
    expect(binary).toBe(most * 5 + 41 + 15 + 5 + 7 + 10 + 5 + 4 + 1);
  });

  it('leaves values alone that are stored outside of the row and did not change', async () => {
    await run(
      'create table toasted (id int primary key, big text, bytes bytea, n int, doc jsonb)',
      'alter table toasted alter big set storage external, alter bytes set storage external',
    );
    start();
    await run(
      `insert into toasted select n, repeat('long ' || n, 2000), decode(repeat('00ff5c', 3000), 'hex'), 0, '{}' from generate_series(1, 12) n`,
      'update toasted set n = n + 1',
      `update toasted set n = n + 1, big = big || 'x' where id < 7`,
      `begin; update toasted set n = 9; update toasted set bytes = bytes || '\\x01'; update toasted set doc = '[1]'; commit`,
      'update toasted set id = id + 100 where id > 9',
      `insert into toasted values (1000, repeat('x', 300000), null, 0, null)`,
    );
    const { binary, applied } = await same();
    expect(binary).toBe(applied);
    expect(binary).toBe(12 + 12 + 6 + 36 + 3 + 1);
  });

  it('carries rows of a table that is made from a query, and those of columns in another order', async () => {
    await run('create table made_first (a int primary key, b text)');
    start();
    await pipeline?.caughtUp();
    await run(
      'create table from_query as select n, n::numeric / 7 as share from generate_series(1, 50) n',
      'alter table made_first add c date',
      `insert into made_first select n, 'b' || n, 'epoch'::date + n from generate_series(1, 10) n`,
      'alter table made_first drop b, alter c type timestamptz',
      'update made_first set c = now() where a < 6',
    );
    expect((await same()).binary).toBe(50 + 10 + 5);
  });

  it.each([
    ['a text[] column', "add tags text[] not null default '{a,NULL}'", ''],
    ['a column of an enum', "add mood mood default 'ok'", "create type mood as enum ('ok', 'not')"],
    ['an interval', "add lasts interval default '178956970 years'", ''],
  ])('goes over to text when %s is added, without a loss', async (_name, change, before) => {
    await run('create table t (id int primary key, v text)', before === '' ? 'select 1' : before);
    start();
    await run(
      "insert into t select n, 'early ' || n from generate_series(1, 20) n",
      'create table other (id int primary key)',
    );
    expect((await same()).binary).toBe(20);
    await run(
      `begin; insert into other select generate_series(1, 30); insert into t values (100, 'same transaction');
       alter table t ${change}; insert into t (id, v) select n, 'late ' || n from generate_series(200, 230) n; commit`,
      "update t set v = 'changed' where id < 210",
      'insert into other select generate_series(31, 60)',
    );
    const { applied } = await same();
    expect(applied).toBeGreaterThanOrEqual(20 + 30 + 1 + 31 + 31 + 30);
    const before2 = pipeline?.supervisor.binaryRows;
    const restarts = pipeline?.supervisor.reconnects;
    await run('insert into other select generate_series(61, 90)');
    await same();
    expect([pipeline?.supervisor.binaryRows, pipeline?.supervisor.reconnects]).toEqual([before2, restarts]);
    expect(restarts).toBe(1);
  });

  it("goes over to text when rows reach a user's function", async () => {
    await run(
      'create table plain (id int primary key)',
      'create table theirs (id int primary key, v text)',
      'alter table theirs owner to alice',
      `create function twice(v text) returns text immutable language plpgsql as $$ begin return v || v; end $$`,
      'alter function twice(text) owner to alice',
    );
    start();
    await run('insert into plain select generate_series(1, 20)', "insert into theirs values (0, 'no index')");
    expect((await same()).binary).toBe(21);
    await run(
      'create index theirs_twice on theirs (twice(v))',
      `begin; insert into plain values (21); insert into theirs select n, 'v' || n from generate_series(1, 9) n; commit`,
      "update theirs set v = 'w' where id < 4",
      'delete from theirs where id = 9',
      'insert into plain select generate_series(30, 40)',
    );
    expect((await same()).applied).toBeGreaterThanOrEqual(21 + 1 + 9 + 3 + 1 + 11);
    expect(pipeline?.supervisor.reconnects).toBe(1);
  });

  it('goes over to text where the target has another type, which would take the bytes for another value', async () => {
    await run('create table t (id int primary key, amount int8)');
    await pair.target.query('create table t (id int primary key, amount float8)');
    start({ targets: [{ name: 'replica', url: pair.target.url(), applyDdl: false }] });
    await run('insert into t select n, n * 1000 from generate_series(1, 9) n');
    await pipeline?.caughtUp();
    const rows = 'select id, amount from t order by id';
    expect(await pair.target.query(rows)).toEqual(await pair.source.query(rows));
    expect(pipeline?.supervisor.reconnects).toBe(1);
  });

  it('tells the key of a refused row in words', async () => {
    await run('create table t (k uuid primary key, day date)');
    start();
    await pipeline?.caughtUp();
    await pair.target.query("insert into t values ('00000000-0000-0000-0000-00000000abcd', null)");
    await run("insert into t values ('00000000-0000-0000-0000-00000000abcd', 'today')");
    const error = await waitFor(
      () => pipeline?.supervisor.targets[0]?.state === 'stopped' && pipeline.supervisor.targets[0].error,
      { what: 'the target to stop' },
    );
    expect(error.message).toContain('k = 00000000-0000-0000-0000-00000000abcd');
  });

  it('is left alone by `off`, and where a published table has another type from the start', async () => {
    await run('create table t (id int primary key)');
    start({ binary: false });
    await run('insert into t select generate_series(1, 10)');
    expect(await same()).toEqual({ binary: 0, applied: 10 });
    await pipeline?.stop();
    await run('create table lists (id int primary key, tags text[])');
    start();
    await run('insert into t select generate_series(11, 20)');
    expect(await same()).toEqual({ binary: 0, applied: 10 });
  });

  it('waits for the end of an initial copy', async () => {
    await run(
      'create table t (id int primary key, v text)',
      "insert into t select n, 'v' from generate_series(1, 100) n",
    );
    start({ snapshot: {} });
    await pipeline?.caughtUp();
    await waitFor(() => pipeline?.supervisor.targets[0]?.snapshot?.phase === 'done', { what: 'the copy to end' });
    await run("update t set v = 'w'");
    expect((await same()).binary).toBe(0);
    await pipeline?.stop();
    start({ snapshot: {} });
    await run("update t set v = 'x'");
    expect((await same()).binary).toBe(100);
  });
});
