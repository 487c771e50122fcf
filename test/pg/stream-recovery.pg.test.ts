import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { newestMajor } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, testDatabases, type PrivateCluster } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

/** The whole pipeline, with faults between it and its servers. */
describe(`recovery of the pipeline, PostgreSQL ${newestMajor()}`, () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let slot: string;
  let pipeline: TestPipeline | undefined;
  let proxy: TcpProxy | undefined;
  let disposals: (() => Promise<void>)[];

  beforeEach(() => {
    disposals = [];
    pipeline = undefined;
    proxy = undefined;
  });

  afterEach(async () => {
    proxy?.release();
    await pipeline?.stop();
    await proxy?.close();
    for (const dispose of disposals) await dispose();
  });

  const shared = async (): Promise<void> => {
    const pair = await testDatabases();
    ({ source, target } = pair);
    disposals.push(pair.dispose);
    await prepare();
  };
  const prepare = async (): Promise<void> => {
    slot = `${source.name}_slot`;
    await prepareSource(source, slot);
    await source.query('alter database ' + source.name + " set wal_sender_timeout = '2s'");
  };
  const run = (urls: { source?: string; target?: string } = {}): TestPipeline => {
    pipeline = new TestPipeline({
      source,
      targets: [{ name: 'replica', url: urls.target ?? target.url() }],
      slot,
      sourceUrl: urls.source ?? source.url(),
    });
    return pipeline;
  };
  const create = 'create table t (id int generated always as identity primary key, v text)';
  const write = (rows = 10): Promise<unknown> =>
    source.query(`insert into t (v) select repeat('x', g % 500) from generate_series(1, ${rows}) g`);

  it('a walsender that is terminated while data flows costs nothing', async () => {
    await shared();
    const running = run();
    await source.query(create);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) await write(50);
      await waitFor(
        async () =>
          (await source.value(
            'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active_pid is not null',
            [slot],
          )) === 't',
        { what: 'a walsender to terminate' },
      );
      await write();
    }
    await running.caughtUp();
    await expectEqual(source, target);
    expect(running.supervisor.reconnects).toBeGreaterThanOrEqual(3);
  });

  it('a source that is stopped and started again costs nothing, and is not kept from stopping', async () => {
    const cluster: PrivateCluster = await privateCluster({ role: 'source' });
    disposals.push(() => cluster.dispose());
    const pair = await testDatabases();
    disposals.push(pair.dispose);
    source = await cluster.database();
    target = pair.target;
    await prepare();
    const running = run();
    await source.query(create);
    await write(100);
    await running.caughtUp();
    await write(1000);
    const started = performance.now();
    await cluster.cluster.stop();
    const stopTook = performance.now() - started;
    await waitFor(() => running.supervisor.sourceError !== null, { what: 'the loss to be noticed' });
    await cluster.cluster.start();
    await write(100);
    await running.caughtUp();
    await expectEqual(source, target);
    expect(stopTook).toBeLessThan(9_000);
  });

  it('a source that falls silent is noticed, and the pipeline goes on once it answers', async () => {
    await shared();
    proxy = await TcpProxy.before(source.url());
    const running = run({ source: proxy.url(source.url()) });
    await source.query(create);
    await write();
    await running.caughtUp();
    proxy.stall();
    await write();
    await waitFor(() => running.supervisor.sourceError, { what: 'the silence to be noticed' });
    expect(running.supervisor.sourceError?.code).toBe('E_SOURCE_CONNECTION');
    proxy.release();
    proxy.cut();
    await write();
    await running.caughtUp();
    await expectEqual(source, target);
  });

  it('a COMMIT whose answer is lost is neither repeated nor forgotten', async () => {
    await shared();
    const line = (proxy = await TcpProxy.before(target.url()));
    const running = run({ target: line.url(target.url()) });
    await source.query(create);
    await running.caughtUp();
    for (let round = 0; round < 5; round++) {
      const before = Number(await target.value('select count(*) from t'));
      let armed = true;
      let deaf = false;
      line.onToServer = (chunk) => {
        // Bind of the statement `commit`: from here on no answer comes back.
        if (armed && chunk.includes('\0commit\0\0\0')) deaf = true;
        return true;
      };
      line.onToClient = () => !deaf;
      await write(7);
      await waitFor(() => deaf, { what: 'a COMMIT on its way' });
      await waitFor(async () => Number(await target.value('select count(*) from t')) === before + 7, {
        what: 'the COMMIT to have happened',
      });
      armed = false;
      deaf = false;
      line.cut();
      await write(3);
      await running.caughtUp();
    }
    await expectEqual(source, target);
    expect(await target.value('select count(*) from t')).toBe('50');
  });

  it('a target that stands still with data on its way is given up, and catches up once it answers', async () => {
    await shared();
    const line = (proxy = await TcpProxy.before(target.url()));
    const running = run({ target: line.url(target.url()) });
    await source.query(create);
    await running.caughtUp();
    line.stall();
    for (let i = 0; i < 5; i++) await write(50_000);
    await waitFor(() => running.supervisor.targets.every(({ state }) => state === 'retrying'), {
      what: 'the target to be given up',
      timeoutMs: 45_000,
    });
    line.release();
    line.cut();
    await write(3);
    await running.caughtUp(45_000);
    await expectEqual(source, target);
  }, 120_000);

  it('stops in time while the target stands still', async () => {
    await shared();
    const line = (proxy = await TcpProxy.before(target.url()));
    const running = run({ target: line.url(target.url()) });
    await source.query(create);
    await running.caughtUp();
    line.stall();
    for (let i = 0; i < 3; i++) await write(50_000);
    await waitFor(() => (running.supervisor.stream?.messages ?? 0) > 5_000, { what: 'data to be read' });
    const ended = await Promise.race([
      running.stop().then(() => 'stopped'),
      new Promise((resolve) => setTimeout(() => resolve('still running'), 10_000)),
    ]);
    expect(ended).toBe('stopped');
  });
});
