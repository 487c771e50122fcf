import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { SinkRig, type ScriptLine } from './support/sink-rig.ts';

const never = new AbortController().signal;
const quiet = (): void => undefined;

const WORKERS = 4;
const TABLES = ['a', 'b', 'c', 'd', 'e', 'f'];
const SCRIPT: ScriptLine[] = [
  ...TABLES.map(
    (t): ScriptLine => ['pre-data', 'CREATE TABLE', `CREATE TABLE public.${t} (id integer NOT NULL, v text)`],
  ),
  ...TABLES.flatMap((t): ScriptLine[] => [
    ['post-data', 'ALTER TABLE', `ALTER TABLE ONLY public.${t} ADD CONSTRAINT ${t}_pkey PRIMARY KEY (id)`],
    ['post-data', 'CREATE INDEX', `CREATE INDEX ${t}_v ON public.${t} USING btree (v)`],
  ]),
  ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.b ADD CONSTRAINT b_a FOREIGN KEY (id) REFERENCES public.a(id)'],
];
const INDEXES = `select string_agg(indexname, ' ' order by indexname) from pg_indexes where schemaname = 'public'`;
const ALL = TABLES.flatMap((t) => [`${t}_pkey`, `${t}_v`]).join(' ');

describe.each(testMajors())('indexes of a copy on PostgreSQL %i', (major) => {
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

  const untilIndexes = async (): Promise<Awaited<ReturnType<SinkRig['open']>>> => {
    for (const t of TABLES) await pair.source.query(`create table ${t} (id int not null, v text)`);
    const script = await rig.script(
      SCRIPT,
      TABLES.map((t) => ['public', t] as const),
    );
    // what the indexes make of the tables is compared at the end
    for (const t of TABLES)
      await pair.source.query(`alter table ${t} add primary key (id); create index ${t}_v on ${t} (v)`);
    await pair.source.query('alter table b add constraint b_a foreign key (id) references a (id)');
    const whole = await rig.script(
      SCRIPT,
      TABLES.map((t) => ['public', t] as const),
    );
    expect(whole.statements).toEqual(script.statements);
    const sink = await rig.open();
    await sink.begin(whole, await rig.cut(), 'fail');
    await sink.restore('pre-data', quiet, never);
    for (const { oid } of whole.tables) await sink.markTable(oid, 'copied');
    await sink.enter('rows');
    await sink.enter('post-data');
    return sink;
  };

  it('are built by several connections, and what needs them follows', async () => {
    const sink = await untilIndexes();
    const told: number[] = [];
    let total = 0;
    await sink.restore(
      'post-data',
      (progress) => {
        told.push(progress.done);
        total = progress.total;
      },
      never,
      WORKERS,
    );
    expect(await pair.target.value(INDEXES)).toBe(ALL);
    expect(await pair.target.value(`select count(*)::text from pg_constraint where conname = 'b_a'`)).toBe('1');
    expect(told.at(-1)).toBe(total);
    expect(told).toEqual(told.toSorted((x, y) => x - y));
    await sink.analyze(quiet, WORKERS);
    await sink.enter('catchup');
  });

  it('that are refused stop the copy in their turn; the others are there and are not made again', async () => {
    const sink = await untilIndexes();
    await pair.target.query('insert into d values (1, null), (1, null)');
    await expect(sink.restore('post-data', quiet, never, WORKERS)).rejects.toMatchObject({
      code: 'E_SNAPSHOT_STATEMENT',
    });
    const there = await pair.target.value(INDEXES);
    expect(there).toBe(
      TABLES.filter((t) => t !== 'd')
        .flatMap((t) => [`${t}_pkey`, `${t}_v`])
        .join(' '),
    );
    await sink.close();
    await pair.target.query('truncate d');
    const second = await rig.open();
    expect((await second.load())?.phase).toBe('post-data');
    await second.restore('post-data', quiet, never, WORKERS);
    expect(await pair.target.value(INDEXES)).toBe(ALL);
  });
});
