import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examineTarget, readSourceNeeds } from '../../src/app/check/check-target.ts';
import { isWalcastError } from '../../src/errors/walcast-error.ts';
import { PIPELINE, prepareSource, TestPipeline } from '../support/pipeline.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

const NEWER = 18;
const OLDER = 15;

/** Objects of 18, one a feature, the version that brought it in front. */
const FEATURES: readonly (readonly [since: number, sql: string])[] = [
  [15, 'create table nulls (a int, unique nulls not distinct (a))'],
  [15, 'create view invoked with (security_invoker) as select 1 as a'],
  [
    15,
    'create table keyed (id int primary key, a int); create table some_columns (id int primary key, k int references keyed on delete set null (k))',
  ],
  [15, 'create table scaled (a numeric(3, -2), b numeric(2, 2))'],
  [
    15,
    'create function merges() returns void begin atomic merge into keyed using nulls on keyed.id = nulls.a when matched then delete; end',
  ],
  [16, `create view json_view as select json_array(1, 2) as a, '{}' is json as b`],
  [17, 'create table parted (id int generated always as identity) partition by list (id)'],
  [17, 'create table maintained (id int primary key); grant maintain on maintained to alice'],
  [17, `create view json_table_view as select * from json_table('[1]', '$[*]' columns (a int path '$')) t`],
  [18, 'create table virtual_one (id int primary key, g int generated always as (id * 2) virtual)'],
  [18, 'create table periods (r int4range, d daterange, primary key (r, d without overlaps))'],
  [18, 'create table unenforced (id int primary key, check (id > 0) not enforced)'],
  [
    18,
    'create table unproved (id int primary key, a int); alter table unproved add constraint a_there not null a not valid',
  ],
  [18, 'create table of_uuids (id uuid primary key default uuidv7())'],
];

describe(`a target of PostgreSQL ${OLDER} behind a source of ${NEWER}`, () => {
  let pair: DatabasePair;
  let pipeline: TestPipeline | undefined;

  beforeEach(async () => {
    pair = await testDatabases({ major: NEWER, targetMajor: OLDER });
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    await pair.dispose();
  });

  it('is told what the source uses and it lacks, with the names of the objects, and nothing else', async () => {
    const { source, target } = pair;
    const warnings = async (): Promise<string[]> => {
      const signal = new AbortController().signal;
      const needs = await readSourceNeeds(source.url(), signal);
      const policy = { roles: 'create', role_map: {}, concurrently: 'plain', backfill_limit: 1 } as const;
      const config = { name: 't', postgres: { url: target.url() } } as Parameters<typeof examineTarget>[0];
      const findings = await examineTarget(config, policy, needs, signal, 'followed');
      return findings.filter(({ level }) => level === 'warning').map(({ what }) => what.replace('target t: ', ''));
    };
    const older = `PostgreSQL ${OLDER} is older than the source's ${NEWER}`;
    await source.query('create table plain (id serial primary key, a numeric(5, 2), b text unique)');
    expect(await warnings()).toEqual([older]);
    for (const [, sql] of FEATURES) await source.query(sql);
    const uses = (since: number, what: string, objects: string): string =>
      `the source uses what PostgreSQL ${since} brought: ${what} (${objects})`;
    expect(await warnings()).toEqual([
      older,
      uses(16, 'JSON constructors and IS JSON in bodies of views, rules or functions', 'public.json_view'),
      uses(17, 'identity columns or exclusion constraints of partitioned tables', 'public.parted'),
      uses(17, 'the right MAINTAIN', 'public.maintained'),
      uses(
        17,
        'JSON_TABLE, JSON_QUERY, JSON_VALUE and JSON_EXISTS in bodies of views, rules or functions',
        'public.json_table_view',
      ),
      uses(18, 'defaults with uuidv7() or uuidv4()', 'public.of_uuids'),
      uses(18, 'virtual generated columns', 'public.virtual_one'),
      uses(18, 'constraints that are NOT ENFORCED, or WITHOUT OVERLAPS or PERIOD', 'public.periods, public.unenforced'),
      uses(18, 'NOT NULL constraints that are NOT VALID', 'public.unproved'),
    ]);
    // those that 15 brought are seen for a target of 14
    const { newer } = await readSourceNeeds(source.url(), new AbortController().signal);
    expect(newer.filter(({ since }) => since === 15).map(({ objects }) => objects.join())).toEqual([
      'public.nulls_a_key',
      'public.invoked',
      'public.some_columns',
      'public.scaled',
      'public.merges',
    ]);
  });

  it('follows what it knows, stops at a statement that it does not, and goes on once that was made by hand and passed over', async () => {
    const { source, target } = pair;
    const slot = `walcast_${source.name}`.slice(0, 63);
    await prepareSource(source, slot);
    const start = (): TestPipeline =>
      new TestPipeline({ source, targets: [{ name: 'replica', url: target.url() }], slot });
    pipeline = start();
    await source.query(`create table known (id int primary key, a text not null); insert into known values (1, 'x');
      alter table known add b int not null default 7, alter a drop not null; create view v as select * from known`);
    await pipeline.caughtUp();
    expect(await target.query('select * from v')).toEqual([{ id: '1', a: 'x', b: '7' }]);

    await source.query('create table doubled (id int primary key, g int generated always as (id * 2) virtual)');
    await source.query('insert into doubled (id) values (4); insert into known values (2)');
    const stopped: unknown = await pipeline.caughtUp().then(
      () => null,
      (error: unknown) => error,
    );
    if (!isWalcastError(stopped)) throw new Error('the target went on');
    expect(stopped).toMatchObject({ code: 'E_DDL_FAILED', fields: { tag: 'CREATE TABLE' } });
    expect(`${stopped.message} ${stopped.hint} ${JSON.stringify(stopped.fields)}`).toContain(
      'generated always as (id * 2) virtual',
    );
    expect(stopped.hint).toContain('ddl skip');
    expect(await target.value('select count(*) from known')).toBe('1');
    await pipeline.stop();

    await target.query('create table doubled (id int primary key, g int generated always as (id * 2) stored)');
    await target.query(
      'insert into walcast.skipped_ddl select system_identifier, database, pipeline, $2::pg_lsn from walcast.checkpoint where pipeline = $1',
      [PIPELINE, String(stopped.fields.lsn)],
    );
    pipeline = start();
    await source.query('update doubled set id = 5; insert into doubled (id) values (6)');
    await pipeline.caughtUp();
    expect(await target.query('select * from doubled order by id')).toEqual([
      { id: '5', g: '10' },
      { id: '6', g: '12' },
    ]);
    expect(await target.value('select count(*) from known')).toBe('2');
  });
});
