import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { runCommand, type LogLine } from '../support/daemon.ts';
import { seededRandom } from '../support/random.ts';
import { withClient } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { commitOrder, recordCommitOrder } from '../support/workload/commit-order.ts';
import { observe, SCHEMA_FINGERPRINT } from '../support/workload/observe.ts';
import { checkTruth, judge } from '../support/workload/prefix.ts';
import { Reader } from '../support/workload/reader.ts';
import { WORKLOAD_SCHEMA } from '../support/workload/schema.ts';
import { Load } from '../support/workload/writer.ts';

const BIG = `insert into big select g, repeat(md5(g::text), 8) from generate_series(1, 120000) g`;

let bed: FaultBed;
let pipeline: FaultPipeline;

beforeAll(async () => {
  bed = await FaultBed.create({ major: 18, sourceSettings: { wal_sender_timeout: '2s' } });
});
afterAll(() => bed.dispose());
beforeEach(async () => {
  pipeline = await bed.pipeline();
});
afterEach(() => pipeline.dispose());

describe('the source', () => {
  it('is restarted, politely and not, under load: the target goes through its commits one by one', async () => {
    const { from, to } = pipeline;
    await pipeline.start();
    await from.query(WORKLOAD_SCHEMA);
    await withClient(from.url(), recordCommitOrder);
    await pipeline.caughtUp();
    const load = new Load({ url: from.url(), seed: 7 });
    const reader = new Reader({ url: to.url(), seed: 8, everyMs: 50 });
    for (const restart of ['politely', 'not', 'politely', 'not']) {
      await delay(1_500);
      if (restart === 'politely') await bed.source.cluster.restart();
      else {
        await bed.source.cluster.kill9();
        await bed.source.cluster.start();
      }
    }
    await delay(1_500);
    await load.stop();
    await pipeline.caughtUp();
    await reader.stop();
    await expectEqual(from, to);

    const schema = (await from.value(SCHEMA_FINGERPRINT)) ?? '';
    const truth = { order: await withClient(from.url(), commitOrder), schemas: new Map([[0, schema]]) };
    expect(checkTruth(truth)).toEqual([]);
    expect(judge(truth, await withClient(from.url(), observe))).toEqual([]);
    expect(reader.seen.flatMap((seen) => judge(truth, seen))).toEqual([]);
    expect(new Set(reader.seen.map(({ history }) => history)).size).toBeGreaterThan(20);
    expect(load.reconnects).toBeGreaterThan(8);
    await withClient(from.url(), (client) => client.query(`select pg_drop_replication_slot('order_of_commits')`));
  });

  it('cuts the stream again and again within one large transaction, which arrives whole', async () => {
    const { from, to } = pipeline;
    await pipeline.start();
    await from.query('create table big (id int primary key, body text)');
    await pipeline.caughtUp();
    await from.query(BIG);
    const random = seededRandom(11);
    for (let cut = 0; cut < 6; cut++) {
      await pipeline.walsender();
      await delay(random.int(50, 500));
      expect(await to.value('select count(*) from big')).toBe('0');
      await pipeline.terminateWalsender();
    }
    const counts = new Set<unknown>();
    await waitFor(
      async () => {
        const count = await to.value('select count(*) from big');
        counts.add(count);
        return count === '120000';
      },
      { what: 'the large transaction', timeoutMs: 60_000 },
    );
    expect([...counts].filter((count) => count !== '0')).toEqual(['120000']);
    await pipeline.caughtUp();
    await expectEqual(from, to);
  });

  it('falls silent for longer than its own timeout, keeping the slot: the daemon notices, and is back when it can be', async () => {
    const { from } = pipeline;
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    const walsender = await pipeline.walsender();
    process.kill(walsender, 'SIGSTOP');
    try {
      await daemon.waitForLog(({ msg }) => /has sent nothing for/.test(String(msg)), 'the silence');
      // The slot still belongs to the process that does not run.
      await daemon.waitForLog(({ msg }) => /is active for PID/.test(String(msg)), 'the slot that is taken');
      await from.query('create table meanwhile (id int primary key)');
    } finally {
      process.kill(walsender, 'SIGCONT');
    }
    await pipeline.caughtUp();
    expect(await pipeline.to.value('select count(*) from meanwhile')).toBe('0');
  });

  it('is away: tries become rare; once the stream has run again, the next interruption is short', async () => {
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    await bed.source.cluster.stop();
    await delay(9_000);
    const tries = daemon.logs.filter(isSourceError).map(timeOf);
    await bed.source.cluster.start();
    // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 s and what the tries themselves take
    expect(tries.length).toBeGreaterThanOrEqual(4);
    expect(tries.length).toBeLessThanOrEqual(8);
    const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    expect(gaps.at(-1)).toBeGreaterThan(4 * (gaps[0] ?? 0));

    await pipeline.caughtUp();
    await delay(6_000);
    await pipeline.terminateWalsender();
    const cut = Date.now();
    await pipeline.caughtUp();
    expect(Date.now() - cut).toBeLessThan(2_000);
  });

  it('can be shut down while the target stands still and the daemon reads nothing', async () => {
    const { from, to } = pipeline;
    await pipeline.start();
    await from.query('create table big (id int primary key, body text)');
    await pipeline.caughtUp();
    const holder = await to.client();
    try {
      await holder.query('begin; lock table big in access exclusive mode');
      for (let i = 0; i < 3; i++) await from.query(BIG.replace('select g', `select ${i} * 120000 + g`));
      const blocked = `select wait_event from pg_stat_activity where pid = (select active_pid from pg_replication_slots where slot_name = $1)`;
      // Client… is what the server calls waiting for its peer to read.
      const full = async () =>
        /WalSenderWriteData|ClientWrite/.test((await from.value(blocked, [pipeline.slot])) ?? '');
      await waitFor(full, { what: 'the sender to wait for the daemon' });
      const since = Date.now();
      await bed.source.cluster.stop();
      // After 10 s the helper would cut it off.
      expect(Date.now() - since).toBeLessThan(9_000);
      await bed.source.cluster.start();
      await holder.query('rollback');
    } finally {
      await holder.end();
    }
    await pipeline.caughtUp();
    await expectEqual(from, to);
  });

  it('drops the slot’s WAL: the daemon names E_SLOT_LOST, status exits with 3, a new daemon too', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await from.query('create table big (id int primary key, body text)');
    await pipeline.caughtUp();
    await from.query(`alter system set max_slot_wal_keep_size = '32MB'`);
    await from.query('select pg_reload_conf()');
    const holder = await to.client();
    try {
      await holder.query('begin; lock table big in access exclusive mode');
      for (let i = 0; i < 8; i++) {
        await from.query(BIG.replace('select g', `select ${i} * 120000 + g`));
        await from.query('select pg_switch_wal()');
      }
      // The checkpoint waits for the sender, which waits for us to read.
      const since = Date.now();
      await from.query('checkpoint');
      expect(Date.now() - since).toBeLessThan(20_000);
      const lost = async () =>
        (await from.value('select wal_status from pg_replication_slots where slot_name = $1', [pipeline.slot])) ===
        'lost';
      await waitFor(lost, { what: 'the slot to be lost', timeoutMs: 30_000 });
      await holder.query('rollback');
      await daemon.waitForLog(({ code }) => code === 'E_SLOT_LOST', 'the lost slot', 60_000);
      expect((await daemon.http('/readyz')).status).toBe(503);
      const status = await runCommand('status', { config: pipeline.config() });
      expect(status.code).toBe(3);
      expect(status.stdout).toContain('E_SLOT_LOST');
      expect((await daemon.stop()).code).toBe(0);
      const again = await pipeline.launch();
      expect((await again.exited).code).toBe(3);
      expect(again.lastLines()).toContain('E_SLOT_LOST');
    } finally {
      await holder.end();
      await from.query('alter system reset max_slot_wal_keep_size');
      await from.query('select pg_reload_conf()');
    }
  });
});

it('is left alone when the only target needs a person', async () => {
  const { from, to } = pipeline;
  const daemon = await pipeline.start();
  await from.query('create table t (id int primary key)');
  await pipeline.caughtUp();
  await to.query('insert into t values (1)');
  await from.query('insert into t values (1)');
  await daemon.waitForLog(({ level }) => level === 'error', 'the conflict');
  const sessions = async () =>
    Number(await from.value('select sessions from pg_stat_database where datname = current_database()'));
  const before = await sessions();
  await delay(4_000);
  expect((await sessions()) - before).toBeLessThan(3);
  expect((await daemon.http('/livez')).status).toBe(200);
  expect((await daemon.http('/readyz')).body).toContain('replica is stopped');
  expect((await daemon.stop()).code).toBe(0);
});

function isSourceError({ code }: LogLine): boolean {
  return code === 'E_SOURCE_CONNECTION';
}

function timeOf({ time }: LogLine): number {
  return Date.parse(String(time));
}
