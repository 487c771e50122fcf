import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotSink, SnapshotTable, SnapshotWriter } from '../../src/wal/snapshot.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { SinkRig, type ScriptLine } from './support/sink-rig.ts';

const never = new AbortController().signal;
const quiet = (): void => undefined;
const KEY = { column: 'id', kind: 'integer' } as const;
const HALVES = [
  { lower: null, upper: '10' },
  { lower: '10', upper: null },
];

describe.each(testMajors())('the stream after a copy under several snapshots on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let rig: SinkRig;
  let sink: SnapshotSink;
  let writer: SnapshotWriter;
  let pipeline: TestPipeline | null;
  const slot = 'walcast_cut';
  beforeEach(async () => {
    pipeline = null;
    pair = await testDatabases({ major });
    await prepareSource(pair.source, slot);
    rig = new SinkRig(pair.source, pair.target, slot);
  });
  afterEach(async () => {
    await pipeline?.stop();
    await rig.close();
    await pair.dispose();
  });

  const lines = (schema: string): ScriptLine[] =>
    schema
      .split(';')
      .map((sql) => sql.trim())
      .filter((sql) => sql !== '')
      .map(
        (sql): ScriptLine => [
          /add constraint|create (unique )?index/i.test(sql) ? 'post-data' : 'pre-data',
          /^create (unique )?index/i.test(sql)
            ? 'CREATE INDEX'
            : sql.startsWith('create')
              ? 'CREATE TABLE'
              : 'ALTER TABLE',
          sql,
        ],
      );

  /** The schema on both sides, rows on the source. @returns the tables */
  const begin = async (schema: string, rows: string, names: readonly string[]): Promise<SnapshotTable[]> => {
    await pair.source.query(schema);
    await pair.source.query(rows);
    const script = await rig.script(
      lines(schema),
      names.map((name) => ['public', name]),
    );
    sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    await sink.enter('rows');
    writer = await sink.openWriter();
    return names.map((name) => script.tables.find(({ metadata }) => metadata.name === name) as SnapshotTable);
  };

  /** One half of a table, then what the source does meanwhile, then the other. */
  const copyHalves = async (table: SnapshotTable, between: readonly string[]): Promise<void> => {
    const state = await sink.startTable(table, KEY, HALVES);
    const [first, second] = state?.ranges ?? [];
    if (state === null || first === undefined || second === undefined) throw new Error('no ranges');
    await rig.copy(writer, state, first, await rig.cut());
    for (const sql of between) await pair.source.query(sql);
    await rig.copy(writer, state, second, await rig.cut());
    await sink.markTable(table.oid, 'copied');
  };

  const join = async (): Promise<void> => {
    await sink.enter('post-data');
    await sink.restore('post-data', quiet, never);
    await sink.enter('catchup');
    await rig.close();
    pipeline = new TestPipeline({ source: pair.source, targets: [{ name: 'copy', url: pair.target.url() }], slot });
  };

  const expectTheSame = async (): Promise<void> => {
    const running = pipeline;
    if (running === null) throw new Error('nothing runs');
    await running.caughtUp(40_000);
    await waitFor(
      async () => {
        const stopped = running.supervisor.targets.find(({ state }) => state === 'stopped');
        if (stopped !== undefined) throw stopped.error ?? new Error('stopped');
        return (await pair.target.value('select phase from walcast.snapshot')) === 'done';
      },
      { what: 'the end of the copy', timeoutMs: 40_000 },
    );
    await expectEqual(pair.source, pair.target);
  };

  const UNIQUE = `create table public.u (id integer not null, v integer, big text);
    alter table public.u alter column big set storage external;
    alter table only public.u add constraint u_pkey primary key (id); alter table only public.u add constraint u_v_key unique (v)`;
  const ROWS = `insert into u select i, i, repeat('x', 3000) from generate_series(1, 19) i`;

  it('judges every row by the range of its key', async () => {
    const [u] = await begin(UNIQUE, ROWS, ['u']);
    if (u === undefined) throw new Error('no table');
    await copyHalves(u, [
      'update u set v = v + 100 where id in (3, 13)',
      'delete from u where id in (4, 14)',
      "insert into u values (-1, -1, 'a'), (30, 30, 'b')",
      "update u set id = id + 100, big = 'given' where id in (5, 6)",
      "update u set id = id - 100, big = 'given' where id in (15, 16)",
    ]);
    await join();
    await expectTheSame();
    // nothing had to start over
    expect(await pair.target.value("select pg_stat_get_tuples_deleted('u'::regclass) < 15")).toBe('t');
  });

  it('copies a table again whose rows moved and left their large values behind', async () => {
    const [u] = await begin(UNIQUE, ROWS, ['u']);
    if (u === undefined) throw new Error('no table');
    await copyHalves(u, ['update u set id = id - 100 where id = 15', 'update u set v = 500 where id = 16']);
    await join();
    await expectTheSame();
  });

  it('copies a table again where a unique value is there twice for a while', async () => {
    const [u] = await begin(UNIQUE, ROWS, ['u']);
    if (u === undefined) throw new Error('no table');
    await copyHalves(u, [
      'update u set v = 70 where id = 5',
      'update u set v = 80 where id = 5',
      'update u set v = 70 where id = 15',
    ]);
    await join();
    await expectTheSame();
  });

  it('makes a unique index of the stream where values are there twice for a while', async () => {
    const bare = UNIQUE.replace(/alter table only public.u add constraint u_v_key unique \(v\)/, '');
    const [u] = await begin(bare, ROWS, ['u']);
    if (u === undefined) throw new Error('no table');
    await copyHalves(u, [
      'create unique index u_v on u (v)',
      'update u set v = 80 where id = 5',
      'update u set v = 5 where id = 15',
    ]);
    await join();
    await expectTheSame();
  });

  it('drops and applies TRUNCATE and DDL with what they stand for', async () => {
    const [u] = await begin(UNIQUE, ROWS, ['u']);
    if (u === undefined) throw new Error('no table');
    await copyHalves(u, ['update u set v = 200 where id = 15']);
    await pair.source.query(
      `truncate u; insert into u values (1, 1, 'after'); alter table u add column more int default 3; alter table u rename column id to number;
       update u set number = 12 where number = 1; create table late as select * from u; drop table late`,
    );
    await join();
    await expectTheSame();
  });

  it('validates foreign keys when their tables are at the same moment, those of the stream too', async () => {
    const [a, b] = await begin(
      `create table public.a (id integer not null, b integer); create table public.b (id integer not null);
       alter table only public.a add constraint a_pkey primary key (id); alter table only public.b add constraint b_pkey primary key (id)`,
      'insert into b select generate_series(1, 19); insert into a select i, i from generate_series(1, 19) i',
      ['a', 'b'],
    );
    if (a === undefined || b === undefined) throw new Error('no tables');
    await copyHalves(a, ['update a set b = null where id in (3, 13)']);
    // what b has now is not what the script says: it waits until the stream has brought the column
    await sink.markTable(b.oid, 'changed');
    await pair.source.query('alter table a add constraint a_fk foreign key (b) references b on delete cascade');
    await pair.source.query('alter table a add constraint a_later foreign key (b) references b not valid');
    await pair.source.query('alter table a validate constraint a_later');
    await pair.source.query('alter table b add column more text');
    await pair.source.query('delete from b where id = 7');
    await join();
    await expectTheSame();
  });
});
