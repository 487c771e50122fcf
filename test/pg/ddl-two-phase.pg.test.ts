import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initSource } from '../../src/app/init/init-source.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, type PrivateCluster, privateCluster, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a prepared transaction does: DDL of every road among rows, part of it taken back. */
const WORK = `create table made (id int primary key, a text); insert into made values (1, 'x'); savepoint s; drop table made; rollback to s;
  alter table made add b double precision default random(); insert into made values (2, 'y', 3); create index on made (a); update made set a = upper(a);
  do $$ begin create table inner_made (id int); begin alter table inner_made add lost int; raise exception 'x'; exception when others then
    alter table inner_made add kept text default 'k'; end; insert into inner_made values (1); end $$;
  create table copied as select * from made; create type shade as enum ('dark'); alter table existing add shade shade default 'dark'; insert into existing values (100)`;

const EXISTING = 'create table existing (id int primary key); insert into existing select generate_series(1, 10)';

describe.each(testMajors())('two-phase transactions with DDL on PostgreSQL %i', (major) => {
  let cluster: PrivateCluster;
  let pair: DatabasePair;
  let source: TestDatabase;
  let target: TestDatabase;
  let slot: string;
  let pipeline: TestPipeline | undefined;
  const gid = (name: string): string => `'${name} of ${source.name}'`;

  beforeAll(async () => {
    // the target prepares nothing, so it needs no room for it
    cluster = await privateCluster({ role: 'target', major, settings: { max_prepared_transactions: '0' } });
  });
  afterAll(() => cluster.dispose());

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    target = await cluster.database();
    slot = `walcast_${source.name}`.slice(0, 63);
    await source.query(EXISTING);
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    await target.dispose();
    await pair.dispose();
  });

  const start = async (filled: boolean): Promise<TestPipeline> =>
    new TestPipeline({
      source,
      targets: [{ name: 'replica', url: target.url() }],
      slot,
      pgDumpPath: await pgDump(),
      ...(filled ? { snapshot: {} } : {}),
    });
  const streaming = async (): Promise<TestPipeline> => {
    await target.query(EXISTING);
    await prepareSource(source, slot);
    pipeline = await start(false);
    return pipeline;
  };
  const prepare = async (name: string, sql: string, user?: string): Promise<void> => {
    const client = await source.client(user);
    await client.query(`begin; ${sql}; prepare transaction ${gid(name)}`);
    await client.end();
  };

  it('arrive whole at COMMIT PREPARED, where that stands among the other commits', async () => {
    const running = await streaming();
    await source.query('grant all on schema public to public; alter table existing owner to app');
    await target.query('alter table existing owner to app');
    await prepare('work', WORK, 'app');
    await source.query(
      `create table beside (id int primary key); insert into beside values (1); create table before_it as select 1 as a`,
    );
    await running.caughtUp();
    expect(await target.value(`select to_regclass('beside') is not null and to_regclass('made') is null`)).toBe('t');
    await source.query(`commit prepared ${gid('work')}`);
    await source.query(
      `alter table made add later int default 7; insert into made (id) values (3); drop table before_it; insert into existing values (101, 'dark')`,
    );
    await running.caughtUp();
    await expectEqual(source, target);
    // the effects stand in the order of the commits, not of the statements
    expect(
      await target.query(
        `select tag from walcast.applied_ddl where tag <> 'ALTER TABLE' and (source like '%before_it%' or source like '%made (id int primary key, a text)%') order by id`,
      ),
    ).toEqual([{ tag: 'CREATE TABLE AS' }, { tag: 'CREATE TABLE' }, { tag: 'DROP TABLE' }]);
  });

  it('leave nothing when they are rolled back', async () => {
    const running = await streaming();
    await prepare('work', WORK);
    await running.caughtUp();
    await source.query(`rollback prepared ${gid('work')}`);
    await source.query(
      `create table made (other text primary key); insert into made values ('x'); alter table existing add shade text default 'light'`,
    );
    await running.caughtUp();
    await expectEqual(source, target);
  });

  it('several at once, ended in another order, some by a daemon that was started after their PREPARE', async () => {
    const running = await streaming();
    for (const n of [1, 2, 3, 4, 5])
      await prepare(
        `p${n}`,
        `create table p${n} (id int primary key); insert into p${n} values (${n}); alter table p${n} add r double precision default random()`,
      );
    await source.query(`commit prepared ${gid('p4')}`);
    await source.query('create table amid (id int primary key); insert into amid values (1)');
    await running.caughtUp();
    await running.stop();
    await source.query(`commit prepared ${gid('p2')}`);
    await source.query('alter table p2 add b int default 2; update p4 set r = 0');
    await source.query(`rollback prepared ${gid('p5')}`);
    pipeline = await start(false);
    await source.query(`commit prepared ${gid('p1')}`);
    await source.query('create table p5 (id text)');
    await pipeline.caughtUp();
    expect(await target.value(`select to_regclass('p3') is null`)).toBe('t');
    await source.query(`commit prepared ${gid('p3')}`);
    await pipeline.caughtUp();
    await expectEqual(source, target);
  });

  it('keep `init` waiting, which names them; what they did is in the copy that follows', async () => {
    await prepare('old', WORK);
    const options = { url: source.url(), slot, publication: 'walcast_test', replicaIdentity: 'auto' as const };
    await expect(initSource({ ...options, waitMs: 300 })).rejects.toMatchObject({
      code: 'E_OLD_TRANSACTION',
      message: expect.stringContaining(`prepared transaction old of ${source.name}`) as unknown,
    });
    const init = initSource({ ...options, waitMs: 60_000 });
    await source.query(`commit prepared ${gid('old')}`);
    await init;
    pipeline = await start(true);
    await source.query(`update made set a = 'after'; alter table made add c int`);
    await pipeline.caughtUp(60_000);
    await copied(target);
    await expectEqual(source, target);
  });

  it.each(['committed', 'rolled back'])('open while a target is filled, then %s', async (end) => {
    await source.query(
      'create table untouched (id int primary key); insert into untouched select generate_series(1, 1000)',
    );
    await prepareSource(source, slot);
    await prepare('open', WORK);
    pipeline = await start(true);
    await waitFor(
      () => target.value(`select to_regclass('walcast.snapshot') is not null`).then((there) => there === 't'),
      {
        what: 'the copy to begin',
      },
    );
    await source.query(
      'create table during (id int primary key); insert into during values (1); update untouched set id = -id where id < 10',
    );
    await source.query(`${end === 'committed' ? 'commit' : 'rollback'} prepared ${gid('open')}`);
    await source.query(`insert into existing values (200); create table later as select * from existing`);
    await pipeline.caughtUp(60_000);
    await copied(target);
    await pipeline.caughtUp();
    await expectEqual(source, target);
  });
});

async function copied(target: TestDatabase): Promise<void> {
  await waitFor(() => target.value('select phase from walcast.snapshot').then((phase) => phase === 'done'), {
    what: 'the end of the copy',
    timeoutMs: 30_000,
  });
}
