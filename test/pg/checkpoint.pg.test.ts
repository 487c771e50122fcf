import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWalcastError } from '../../src/errors/walcast-error.ts';
import { parseLsn } from '../../src/wal/lsn.ts';
import { expectEqual } from '../support/compare.ts';
import { newestMajor } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';

const major = newestMajor();

describe('checkpoint', () => {
  let pair: DatabasePair;
  let slot: string;
  const pipelines: TestPipeline[] = [];
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`;
  });

  afterEach(async () => {
    await Promise.all(pipelines.splice(0).map((pipeline) => pipeline.stop()));
    for (const close of closing.splice(0).reverse()) await close();
    await pair.dispose();
  });

  const start = (source: TestDatabase = pair.source, sourceUrl = source.url()): TestPipeline => {
    const targets = [{ name: 'replica', url: pair.target.url() }];
    const pipeline = new TestPipeline({ source, sourceUrl, targets, slot });
    pipelines.push(pipeline);
    return pipeline;
  };
  /** Runs until everything is there, then stops. */
  const runOnce = async (source: TestDatabase = pair.source): Promise<void> => {
    const pipeline = start(source);
    await pipeline.caughtUp();
    await pipeline.stop();
    await waitFor(
      async () =>
        (await source.value('select active::text from pg_replication_slots where slot_name = $1', [slot])) === 'false',
      { what: 'the source to notice the end' },
    );
  };
  const refusal = async (sourceUrl?: string): Promise<{ code: string; exit: number }> => {
    const error = await Promise.race([
      start(pair.source, sourceUrl).refused(),
      new Promise((resolve) => setTimeout(() => resolve('not refused within 15 s'), 15_000).unref()),
    ]);
    if (!isWalcastError(error)) throw new Error(String(error));
    return { code: error.code, exit: error.exitCode };
  };
  const confirmed = async (): Promise<bigint> =>
    parseLsn(
      (await pair.source.value('select confirmed_flush_lsn from pg_replication_slots where slot_name = $1', [slot])) ??
        '',
    );
  const stored = async (): Promise<bigint> =>
    parseLsn((await pair.target.value('select lsn from walcast.checkpoint')) ?? '');

  it('goes on where it was after a stop', async () => {
    await prepareSource(pair.source, slot);
    await pair.source.query('create table t (id int generated always as identity, v text)');
    await pair.source.query("insert into t (v) values ('a'), ('a')");
    await runOnce();
    await pair.source.query("insert into t (v) values ('b'); update t set v = 'c' where id = 1");
    await runOnce();
    await runOnce();
    await expectEqual(pair.source, pair.target);
    expect(await confirmed()).toBeLessThanOrEqual(await stored());
  });

  it('refuses a slot that was made again', async () => {
    await prepareSource(pair.source, slot);
    await runOnce();
    await pair.source.query('select pg_drop_replication_slot($1)', [slot]);
    await pair.source.query('delete from walcast.slot');
    await pair.source.query('insert into walcast.slot (slot_name, publication) values ($1, $2)', [
      slot,
      'walcast_test',
    ]);
    const point = await pair.source.value("select lsn from pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    await pair.source.query('update walcast.slot set consistent_point = $1::pg_lsn', [point ?? '']);
    expect(await refusal()).toEqual({ code: 'E_SLOT_RECREATED', exit: 3 });
  });

  it('refuses a slot that was made again under the same entry', async () => {
    await prepareSource(pair.source, slot);
    await runOnce();
    await pair.source.query('select pg_drop_replication_slot($1)', [slot]);
    await pair.source.query('create table lost (id int primary key)');
    await pair.source.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    expect(await refusal()).toEqual({ code: 'E_SLOT_AHEAD', exit: 3 });
  });

  it('refuses a target without checkpoint when the slot was read before', async () => {
    await prepareSource(pair.source, slot);
    await pair.source.query('create table t (id int primary key)');
    await runOnce();
    await pair.target.query('delete from walcast.checkpoint');
    expect(await refusal()).toEqual({ code: 'E_CHECKPOINT_MISSING', exit: 3 });
  });

  it('refuses a target that went back to an older state', async () => {
    await prepareSource(pair.source, slot);
    await runOnce();
    const older = await pair.target.value('select lsn from walcast.checkpoint');
    await pair.source.query('create table t (id int primary key)');
    await runOnce();
    await pair.target.query('drop table t');
    await pair.target.query('update walcast.checkpoint set lsn = $1::pg_lsn', [older ?? '']);
    expect(await refusal()).toEqual({ code: 'E_SLOT_AHEAD', exit: 3 });
  });

  it('refuses a timeline that the source does not descend from', async () => {
    await prepareSource(pair.source, slot);
    await runOnce();
    await pair.target.query('update walcast.checkpoint set timeline = 7');
    expect(await refusal()).toEqual({ code: 'E_TIMELINE', exit: 3 });
  });

  it('refuses a source that was put back to an older copy of its files', async () => {
    const server = await privateCluster({ role: 'source', major });
    closing.push(() => server.dispose());
    const source = await server.database();
    await prepareSource(source, slot);
    await source.query('create table t (id int primary key)');
    await runOnce(source);
    const { cluster } = server;
    const copy = `${cluster.dataFolder}.copy`;
    await cluster.stop();
    await promisify(execFile)('cp', ['-a', cluster.dataFolder, copy]);
    await cluster.start();
    await source.query('insert into t select g from generate_series(1, 100) g');
    await runOnce(source);
    await cluster.stop();
    await rm(cluster.dataFolder, { recursive: true });
    await rename(copy, cluster.dataFolder);
    await cluster.start();
    expect(await refusal(source.url())).toEqual({ code: 'E_SOURCE_BEHIND', exit: 3 });
  });

  it('refuses another server under the same name', async () => {
    await prepareSource(pair.source, slot);
    await pair.source.query('create table t (id int primary key)');
    await runOnce();
    const server = await privateCluster({ role: 'source', major });
    closing.push(() => server.dispose());
    const other = await server.database();
    await prepareSource(other, slot);
    await withClient(server.server.url, async (admin) => {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [other.name]);
      await admin.query(`alter database ${other.name} rename to ${pair.source.name}`);
    });
    expect(await refusal(urlFor(server.server.url, pair.source.name))).toEqual({ code: 'E_SOURCE_CHANGED', exit: 3 });
  });

  it('lets a daemon whose source went silent commit nothing once another has taken over', async () => {
    await prepareSource(pair.source, slot);
    await pair.source.query('create table counted (v text)');
    await runOnce();
    const [toSource, toTarget] = [await TcpProxy.before(pair.source.url()), await TcpProxy.before(pair.target.url())];
    closing.push(
      () => toSource.close(),
      () => toTarget.close(),
    );
    const zombie = new TestPipeline({
      source: pair.source,
      sourceUrl: toSource.url(pair.source.url()),
      targets: [{ name: 'replica', url: toTarget.url(pair.target.url()) }],
      slot,
    });
    pipelines.push(zombie);
    await zombie.caughtUp();
    // What the zombie has read is on its way to the target, and stays there.
    toTarget.stall();
    const messages = zombie.supervisor.messages;
    await pair.source.query("insert into counted values ('once'), ('once')");
    await waitFor(() => zombie.supervisor.messages > messages + 2, { what: 'the zombie to read the rows' });
    toSource.stall();
    await pair.source.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [
      slot,
    ]);
    const successor = start();
    await successor.caughtUp();
    const failed = waitFor(() => zombie.supervisor.targets[0]?.error, { what: 'the zombie to notice' });
    toTarget.release();
    expect((await failed).code).toBe('E_CHECKPOINT_MOVED');
    await pair.source.query("insert into counted values ('twice')");
    await successor.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('lets a second daemon wait for the slot', async () => {
    await prepareSource(pair.source, slot);
    await pair.source.query('create table t (id int primary key)');
    const first = start();
    await first.caughtUp();
    const second = start();
    await waitFor(() => second.supervisor.sourceError, { what: 'the second to be refused the slot' });
    await pair.source.query('insert into t select g from generate_series(1, 100) g');
    await first.caughtUp();
    await first.stop();
    await pair.source.query('update t set id = id + 1000');
    await second.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('confirms nothing that one of two targets does not hold', async () => {
    await prepareSource(pair.source, slot);
    const other = await testDatabases({ major });
    closing.push(() => other.dispose());
    const targets = [
      { name: 'fast', url: pair.target.url() },
      { name: 'stuck', url: other.target.url() },
    ];
    const pipeline = new TestPipeline({ source: pair.source, targets, slot });
    pipelines.push(pipeline);
    await pair.source.query('create table t (id int primary key, v int)');
    await pair.source.query('insert into t values (1, 1)');
    await pipeline.caughtUp();
    await other.target.query('delete from t');
    await pair.source.query('update t set v = 2');
    await waitFor(() => pipeline.supervisor.targets[1]?.state === 'stopped', { what: 'the second target to stop' });
    const [fast, stuck] = pipeline.supervisor.targets;
    const held = stuck?.durable ?? 0n;
    for (let i = 0; i < 5; i++) {
      await pair.source.query(`insert into t values (${i + 10}, 0)`);
      const end = parseLsn((await pair.source.value('select pg_current_wal_insert_lsn()')) ?? '');
      await pair.source.query(`insert into t values (${i + 20}, 0)`);
      await waitFor(() => (fast?.durable ?? 0n) >= end, { what: 'the first target to go on' });
      expect(pipeline.supervisor.ack?.confirmed).toBeLessThanOrEqual(held);
      expect(await confirmed()).toBeLessThanOrEqual(held);
    }
    expect(stuck?.error?.code).toBe('E_TARGET_CONFLICT');
    await pipeline.stop();
    expect(await confirmed()).toBeLessThanOrEqual(held);
    await other.target.query('insert into t values (1, 1)');
    const again = new TestPipeline({ source: pair.source, targets, slot });
    pipelines.push(again);
    await again.caughtUp();
    await expectEqual(pair.source, pair.target);
    await expectEqual(pair.source, other.target);
    await again.stop();
    await waitFor(async () => (await confirmed()) > held, { what: 'the slot to move on' });
  });

  it('moves the slot on while the source writes only what is not ours', async () => {
    await prepareSource(pair.source, slot);
    const pipeline = start();
    await pipeline.caughtUp();
    const before = await stored();
    const other = await testDatabases({ major });
    closing.push(() => other.dispose());
    await other.source.query('create table elsewhere (id int)');
    await waitFor(
      async () => {
        await other.source.query('insert into elsewhere values (1)');
        return (await confirmed()) > before;
      },
      { what: 'the slot to move on', timeoutMs: 25_000, everyMs: 200 },
    );
    expect(await confirmed()).toBeLessThanOrEqual(await stored());
  });
});
