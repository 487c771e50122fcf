import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLsn } from '../../src/wal/lsn.ts';
import { expectEqual } from '../support/compare.ts';
import { newestMajor } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { privateCluster, testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const major = newestMajor();

describe('targets in trouble', () => {
  let pair: DatabasePair;
  let second: DatabasePair;
  let slot: string;
  const pipelines: TestPipeline[] = [];
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    [pair, second] = await Promise.all([testDatabases({ major }), testDatabases({ major })]);
    slot = `walcast_${pair.source.name}`;
    await prepareSource(pair.source, slot);
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await Promise.all(pipelines.splice(0).map((pipeline) => pipeline.stop()));
    await Promise.all([pair.dispose(), second.dispose()]);
  });

  const start = (...urls: readonly string[]): TestPipeline => {
    const targets = urls.map((url, i) => ({ name: `target${i}`, url }));
    const pipeline = new TestPipeline({ source: pair.source, targets, slot });
    pipelines.push(pipeline);
    return pipeline;
  };
  const confirmed = async (): Promise<bigint> =>
    parseLsn(
      (await pair.source.value('select confirmed_flush_lsn from pg_replication_slots where slot_name = $1', [slot])) ??
        '',
    );
  const stopped = (pipeline: TestPipeline, index = 0) =>
    waitFor(
      () => {
        const target = pipeline.supervisor.targets[index];
        return target?.state === 'stopped' && target.error;
      },
      { what: `target ${index} to stop` },
    );

  it('stops at an update whose row is missing, names key, table and position, and goes on once it is mended', async () => {
    const { source, target } = pair;
    await source.query('create table t (id int primary key, v int)');
    await source.query('insert into t select g, 0 from generate_series(1, 10) g');
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    await target.query('delete from t where id = 5');
    await source.query('update t set v = 1 where id = 4');
    await source.query('update t set v = 1 where id = 5');
    await source.query('update t set v = 1 where id = 6');
    const error = await stopped(pipeline);
    expect(error.code).toBe('E_TARGET_CONFLICT');
    expect(error.message).toMatch(/^UPDATE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 5\) hit 0 rows/);
    expect(error.fields).toMatchObject({ table: 'public.t', target: 'target0' });
    // All before it is there, nothing after it, and no session of ours is in the way of whoever mends it.
    expect(await target.query('select id from t where v = 1')).toEqual([{ id: '4' }]);
    await target.query("set lock_timeout = '5s'; alter table t add column note text; insert into t values (5, 0)");
    await target.query('alter table t drop column note');
    await pipeline.stop();
    await start(target.url()).caughtUp();
    await expectEqual(source, target);
  });

  it('stops at a delete whose row is missing and at an insert whose key is taken', async () => {
    const { source, target } = pair;
    await source.query('create table t (id int primary key, v text)');
    await source.query("insert into t values (1, 'a'), (2, 'b')");
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    await target.query("insert into t values (3, 'mine'); delete from t where id = 2");
    await source.query("insert into t values (3, 'theirs')");
    await source.query('delete from t where id = 2');
    const taken = await stopped(pipeline);
    expect([taken.code, taken.fields['sqlstate']]).toEqual(['E_TARGET_CONFLICT', '23505']);
    expect(taken.message).toMatch(/^INSERT on public\.t at .*\(id = 3\)/);
    await pipeline.stop();
    await target.query('delete from t where id = 3');
    const again = start(target.url());
    expect((await stopped(again)).message).toMatch(/^DELETE on public\.t at .*\(id = 2\) hit 0 rows/);
    await again.stop();
    await target.query("insert into t values (2, 'b')");
    await start(target.url()).caughtUp();
    await expectEqual(source, target);
  });

  it('stops at a table of another shape and leaves no lock behind while the other target goes on', async () => {
    const { source, target } = pair;
    await source.query('create table t (id int primary key, v int); create table beside (id int primary key)');
    const pipeline = start(target.url(), second.target.url());
    await pipeline.caughtUp();
    await target.query('alter table t drop column v');
    await source.query('begin; insert into beside values (1); insert into t values (1, 1); commit');
    const error = await stopped(pipeline);
    expect(error.code).toBe('E_TARGET_SHAPE');
    expect(pipeline.supervisor.targets[1]?.state).toBe('streaming');
    await target.query("set lock_timeout = '5s'; alter table t add column v int; lock table beside");
    await pipeline.stop();
    const again = start(target.url(), second.target.url());
    await again.caughtUp();
    await expectEqual(source, target);
    await expectEqual(source, second.target);
  });

  it('stops where a row without key is missing or hit', async () => {
    const { source, target } = pair;
    await source.query('create table t (v numeric)');
    await source.query('insert into t values (1.0), (1.0), (1.00)');
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    await target.query("delete from t where v::text = '1.00'");
    await source.query("delete from t where v::text = '1.00'");
    expect((await stopped(pipeline)).code).toBe('E_TARGET_CONFLICT');
    expect(await target.value('select count(*) from t')).toBe('2');
  });

  it('keeps all transactions before the one that fails in a group of many', async () => {
    const { source, target } = pair;
    await source.query('create table t (id int primary key)');
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    await target.query('insert into t values (700)');
    // Held up, so that they wait in the queue and are grouped.
    const locker = await target.client();
    await locker.query('begin; lock table t');
    await source.query('do $$ begin for i in 1..1000 loop insert into t values (i); commit; end loop; end $$');
    await waitFor(() => pipeline.supervisor.messages > 3000, { what: 'the transactions to be read' });
    await locker.query('commit');
    const error = await stopped(pipeline);
    expect(error.message).toMatch(/\(id = 700\)/);
    expect(await target.value('select count(*) from t')).toBe('700');
    expect(await target.value('select max(id) from t')).toBe('700');
  });

  it('tries again after a deadlock', async () => {
    const { source, target } = pair;
    await source.query('create table a (id int primary key, v int); create table b (id int primary key, v int)');
    await source.query('insert into a values (1, 0); insert into b values (1, 0)');
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    const other = await target.client();
    await other.query("set deadlock_timeout = '60s'"); // so that ours is the one that is given up
    await other.query('begin; update b set v = v where id = 1');
    await source.query('begin; update a set v = 1; update b set v = 1; commit');
    await waitFor(
      async () =>
        await target.value(
          "select 1 from pg_stat_activity where application_name = 'walcast apply' and wait_event_type = 'Lock' and datname = current_database()",
        ),
      { what: 'the target to wait for the other session' },
    );
    const crossing = other.query('update a set v = v where id = 1');
    const failed = waitFor(() => pipeline.supervisor.targets[0]?.error, { what: 'the deadlock', everyMs: 2 });
    expect((await failed).fields['sqlstate']).toBe('40P01');
    await crossing;
    await other.query('commit');
    await pipeline.caughtUp();
    await expectEqual(source, target);
  });

  it('lets the others go on while a target is down, and catches it up', async () => {
    const server = await privateCluster({ role: 'target', major });
    closing.push(() => server.dispose());
    const database = await server.database();
    const pipeline = start(pair.target.url(), database.url());
    await pair.source.query('create table t (id int primary key)');
    await pipeline.caughtUp();
    await server.cluster.kill9();
    await waitFor(() => pipeline.supervisor.targets[1]?.state === 'retrying', { what: 'the loss to be noticed' });
    const held = pipeline.supervisor.targets[1]?.durable ?? 0n;
    for (let i = 0; i < 20; i++) await pair.source.query(`insert into t values (${i})`);
    await waitFor(async () => (await pair.target.value('select count(*) from t')) === '20', {
      what: 'the other target',
    });
    expect(await confirmed()).toBeLessThanOrEqual(held);
    await server.cluster.start();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    await expectEqual(pair.source, database);
  });

  it('takes a target back that had come further than the source was when the stream began', async () => {
    const { source, target } = pair;
    const pipeline = start(target.url(), second.target.url());
    await pipeline.caughtUp();
    await source.query('create table t (id int primary key)');
    await source.query('insert into t select g from generate_series(1, 1000) g');
    await pipeline.caughtUp();
    await second.target.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'walcast apply' and datname = current_database()`,
    );
    await waitFor(() => pipeline.supervisor.targets[1]?.state !== 'streaming', { what: 'the loss to be noticed' });
    await source.query('insert into t values (0)');
    await pipeline.caughtUp();
    await expectEqual(source, second.target);
  });

  it('loses nothing of a target that commits asynchronously and crashes', async () => {
    const server = await privateCluster({
      role: 'target',
      major,
      settings: { synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '0' },
    });
    closing.push(() => server.dispose());
    const database = await server.database();
    const pipeline = start(database.url());
    await pair.source.query('create table t (id int primary key, v text)');
    await pipeline.caughtUp(40_000);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 20; i++)
        await pair.source.query(`insert into t values (${round * 100 + i}, repeat('x', 100))`);
      await waitFor(async () => (await database.value('select count(*) from t')) === String(round * 20 + 20), {
        what: 'the rows',
      });
      // A restart of the stream reads the checkpoint of a commit that is visible but not on disk.
      await pair.source.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
        [slot],
      );
      await waitFor(() => pipeline.supervisor.stream === null, { what: 'the stream to end', everyMs: 1 });
      await waitFor(() => pipeline.supervisor.stream !== null, { what: 'the stream to come back' });
      const reached = await confirmed();
      await server.cluster.kill9();
      await server.cluster.start();
      const stored = parseLsn((await database.value('select lsn from walcast.checkpoint')) ?? '');
      expect(stored, `round ${round}`).toBeGreaterThanOrEqual(reached);
      await waitFor(async () => (await database.value('select count(*) from t')) === String(round * 20 + 20), {
        what: 'the rows after the crash',
        timeoutMs: 30_000,
      });
    }
    await pipeline.caughtUp(40_000);
    await expectEqual(pair.source, database);
  });

  it('confirms a commit of an asynchronous target only once a crash cannot take it back', async () => {
    const server = await privateCluster({
      role: 'target',
      major,
      settings: { synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '0' },
    });
    closing.push(() => server.dispose());
    const database = await server.database();
    const pipeline = start(database.url());
    await pair.source.query('create table t (id int primary key)');
    await pipeline.caughtUp(40_000);
    await pair.source.query('insert into t select g from generate_series(1, 100) g');
    const end = parseLsn((await pair.source.value('select pg_current_wal_flush_lsn()')) ?? '');
    await pair.source.query('insert into t values (0)');
    await waitFor(async () => (await confirmed()) >= end, {
      what: 'the rows to be confirmed',
      timeoutMs: 40_000,
      everyMs: 5,
    });
    await server.cluster.kill9();
    const reached = await confirmed();
    await server.cluster.start();
    const stored = parseLsn((await database.value('select lsn from walcast.checkpoint')) ?? '');
    expect(stored).toBeGreaterThanOrEqual(reached);
    await pipeline.caughtUp(40_000);
    await expectEqual(pair.source, database);
  });

  it('never shows a reader half of a transaction', async () => {
    const { source, target } = pair;
    await source.query('create table account (id int primary key, amount int not null)');
    await source.query('insert into account select g, 100 from generate_series(1, 50) g');
    const pipeline = start(target.url());
    await pipeline.caughtUp();
    let writing = true;
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing) {
        const row = (
          await target.query('select sum(amount) as sum, max(amount) filter (where id = 1) as one from account')
        )[0];
        expect(row?.['sum']).toBe('5000');
        seen.add(row?.['one'] ?? '');
      }
    })();
    try {
      for (let round = 0; round < 6; round++) {
        await source.query(`do $$ begin for i in 1..200 loop
          update account set amount = amount - 49 where id = 1; update account set amount = amount + 1 where id > 1; commit; end loop; end $$`);
        await source.query(`begin; update account set amount = 0; update account set amount = 100; commit`);
      }
      await pipeline.caughtUp();
    } finally {
      writing = false;
      await reader;
    }
    expect(seen.size).toBeGreaterThan(3);
    await expectEqual(source, target);
  });

  it('ends in time, and keeps the other targets going after a loss of the source, while a target stalls', async () => {
    const { source, target } = pair;
    await source.query('create table t (id int primary key, v text)');
    const pipeline = start(target.url(), second.target.url());
    await pipeline.caughtUp();
    const locker: pg.Client = await second.target.client();
    await locker.query('begin; lock table t');
    await source.query("insert into t values (1, 'a')");
    await waitFor(async () => (await target.value('select count(*) from t')) === '1', { what: 'the free target' });
    await source.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [
      slot,
    ]);
    await source.query("insert into t values (2, 'b')");
    await waitFor(async () => (await target.value('select count(*) from t')) === '2', {
      what: 'the free target to go on',
    });
    const began = performance.now();
    await pipeline.stop();
    expect(performance.now() - began).toBeLessThan(9_000);
    await locker.query('rollback');
    await start(target.url(), second.target.url()).caughtUp();
    await expectEqual(source, second.target);
  });

  it('notices a target that has gone silent and comes back to it', { timeout: 120_000 }, async () => {
    const { source, target } = pair;
    const proxy = await TcpProxy.before(target.url());
    closing.push(() => proxy.close());
    await source.query('create table t (id int primary key)');
    const pipeline = start(proxy.url(target.url()));
    await pipeline.caughtUp();
    proxy.stall();
    await source.query('insert into t values (1)');
    await waitFor(() => pipeline.supervisor.targets[0]?.error, {
      what: 'the silence to be noticed',
      timeoutMs: 60_000,
    });
    await waitFor(() => pipeline.supervisor.stream === null, { what: 'the stream to be given up' });
    proxy.release();
    await pipeline.caughtUp(60_000);
    await expectEqual(source, target);
  });
});
