import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { peakMegabytes } from '../support/workload/peak-memory.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const MEGABYTE = 2 ** 20;
const TOTAL_MB = NIGHTLY ? 1024 : 200;
const ROW_BYTES = 1024;
const ROWS = (TOTAL_MB * MEGABYTE) / ROW_BYTES;
const LIMIT_MB = 150;

describe(`one transaction of ${TOTAL_MB} MB`, () => {
  let bed: FaultBed;
  let pipeline: FaultPipeline;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18 });
  });
  afterAll(() => bed.dispose());
  beforeEach(async () => {
    pipeline = await bed.pipeline();
    await pipeline.from.query('create table big (id int primary key, body text)');
    await pipeline.from.query('alter table big alter body set storage plain');
  });
  afterEach(() => pipeline.dispose());

  it('passes a target that stands still for a while within the memory limit', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    await write(pipeline);
    const stalled = await stallInTheMiddle(pipeline);
    await delay(5_000);
    process.kill(stalled, 'SIGCONT');
    await pipeline.caughtUp(NIGHTLY ? 600_000 : 150_000);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(from, to);
  });

  it('arrives whole after a SIGKILL in its middle', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    await write(pipeline);
    const stalled = await stallInTheMiddle(pipeline);
    daemon.kill('SIGKILL');
    await daemon.exited;
    process.kill(stalled, 'SIGCONT');
    const ended = async () =>
      (await to.query('select from pg_stat_activity where pid = $1', [String(stalled)])).length === 0;
    await waitFor(ended, { what: 'the session of the dead daemon to end', timeoutMs: 60_000 });
    expect(await to.value('select count(*) from big')).toBe('0');

    const next = await pipeline.start();
    await pipeline.caughtUp(NIGHTLY ? 600_000 : 150_000);
    expect(await to.value('select count(*) from big')).toBe(String(ROWS));
    expect(await peakMegabytes(next.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(from, to);
  });

  it('that is rolled back in the end leaves nothing', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    const before = await to.value('select pg_database_size(current_database())');
    await from.query(
      `begin; insert into big select g, repeat(md5(g::text), ${ROW_BYTES / 32}) from generate_series(1, ${ROWS}) g; rollback`,
    );
    await pipeline.caughtUp(NIGHTLY ? 600_000 : 150_000);
    expect(await to.value('select count(*) from big')).toBe('0');
    expect(Number(await to.value('select pg_database_size(current_database())')) - Number(before)).toBeLessThan(
      MEGABYTE,
    );
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(from, to);
  });

  it('of a few very large rows takes no more than three times the largest', async () => {
    const { from, to } = pipeline;
    const rowMb = 24;
    const daemon = await pipeline.start();
    await from.query('alter table big alter body set storage external');
    await pipeline.caughtUp();
    await from.query(
      `insert into big select g, repeat(md5(g::text), ${(rowMb * MEGABYTE) / 32}) from generate_series(1, 6) g`,
    );
    await from.query('update big set id = id + 100');
    await pipeline.caughtUp(120_000);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB + 3 * rowMb);
    await expectEqual(from, to);
  });
});

async function write({ from }: FaultPipeline): Promise<void> {
  await from.query(
    `insert into big select g, repeat(md5(g::text), ${ROW_BYTES / 32}) from generate_series(1, ${ROWS}) g`,
  );
}

/** `WALCAST_LARGE_MB` changes the size; in MB of changes. */
const HUGE_MB = Number(process.env['WALCAST_LARGE_MB'] ?? 5 * 1024);

describe.runIf(NIGHTLY || process.env['WALCAST_LARGE_MB'] !== undefined)(`a transaction of ${HUGE_MB} MB`, () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18 });
  });
  afterAll(() => bed.dispose());

  it('arrives whole within the memory limit', { timeout: 3_600_000 }, async () => {
    const pipeline = await bed.pipeline();
    const { from, to } = pipeline;
    try {
      await from.query('create table big (id int primary key, n int, body text)');
      await from.query('alter table big alter body set storage plain');
      const daemon = await pipeline.start();
      await pipeline.caughtUp();
      // Half of it inserts, the other half updates of what was inserted.
      const rows = Math.floor((HUGE_MB * MEGABYTE) / ROW_BYTES / 2);
      await from.query(
        `begin; insert into big select g, 0, repeat(md5(g::text), ${ROW_BYTES / 32}) from generate_series(1, ${rows}) g;
         update big set n = id; commit`,
      );
      await pipeline.caughtUp(3_000_000);
      expect(await to.value('select count(*) from big where n = id')).toBe(String(rows));
      expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
      await expectEqual(from, to);
    } finally {
      await pipeline.dispose();
    }
  });
});

/** Stops the target's process once it has written a third of the rows. They are in the table's file, though nobody may see them. */
async function stallInTheMiddle(pipeline: FaultPipeline): Promise<number> {
  const applier = await pipeline.applier();
  const written = async () =>
    Number(await pipeline.to.value(`select pg_relation_size('big')`)) > (TOTAL_MB * MEGABYTE) / 3;
  await waitFor(written, { what: 'a third of the transaction', timeoutMs: 300_000 });
  process.kill(applier, 'SIGSTOP');
  return applier;
}
