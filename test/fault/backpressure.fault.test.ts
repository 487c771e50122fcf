import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import type { Daemon } from '../support/daemon.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { peakMegabytes } from '../support/workload/peak-memory.ts';

const LIMIT_MB = 150;
const MEGABYTE = 2 ** 20;
/** The source gives a reader up that is silent for this long. */
const SENDER_TIMEOUT_S = 4;

describe('a target that does not keep up', () => {
  let bed: FaultBed;
  let pipeline: FaultPipeline;
  let proxy: TcpProxy | null;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18, sourceSettings: { wal_sender_timeout: `${SENDER_TIMEOUT_S}s` } });
  });
  afterAll(() => bed.dispose());
  beforeEach(async () => {
    proxy = null;
    pipeline = await bed.pipeline();
    await pipeline.from.query('create table flood (id int primary key, body text)');
  });
  afterEach(async () => {
    await pipeline.dispose();
    await proxy?.close();
  });

  /** Small transactions, far more than the daemon may hold. */
  async function flood(megabytes: number): Promise<void> {
    await pipeline.from.query(`do $$ begin
      for t in 0..${megabytes - 1} loop
        insert into flood select t * 1024 + g, repeat(md5(g::text), 32) from generate_series(1, 1024) g;
        commit;
      end loop; end $$`);
  }

  async function lagBytes(daemon: Daemon): Promise<number> {
    return Number(
      (JSON.parse((await daemon.http('/status')).body) as { targets: { lagBytes: number }[] }).targets[0]?.lagBytes,
    );
  }

  /** The lag shows, and stays; the source goes on with the same walsender for longer than it would wait for a silent reader. */
  async function holdsOut(daemon: Daemon, walsender: number): Promise<void> {
    await waitFor(async () => (await lagBytes(daemon)) > 64 * MEGABYTE, { what: 'the lag to show', timeoutMs: 60_000 });
    await delay(SENDER_TIMEOUT_S * 2_500);
    expect(await pipeline.walsender()).toBe(walsender);
    expect(await lagBytes(daemon)).toBeGreaterThan(64 * MEGABYTE);
  }

  it('by being a black hole for a while: flat memory, a connected source, a lag that shows', async () => {
    proxy = await TcpProxy.before(pipeline.to.url());
    const daemon = await pipeline.launch({ targetUrl: proxy.url(pipeline.to.url()) });
    await pipeline.caughtUp();
    const walsender = await pipeline.walsender();
    proxy.stall();
    await flood(100);
    await holdsOut(daemon, walsender);
    proxy.release();
    await pipeline.caughtUp(200_000);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(pipeline.from, pipeline.to);
  });

  it('by being slow: flat memory, a connected source', async () => {
    proxy = await TcpProxy.before(pipeline.to.url(), { delayMs: 15 });
    const daemon = await pipeline.launch({ targetUrl: proxy.url(pipeline.to.url()) });
    await pipeline.caughtUp();
    const walsender = await pipeline.walsender();
    await flood(60);
    const most: number[] = [];
    const followed = pipeline.caughtUp(250_000);
    let done = false;
    const over = followed.finally(() => (done = true));
    while (!done) {
      most.push(await lagBytes(daemon));
      await Promise.race([over, delay(500)]);
    }
    await over;
    expect(Math.max(...most)).toBeGreaterThan(16 * MEGABYTE);
    expect(await pipeline.walsender()).toBe(walsender);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(pipeline.from, pipeline.to);
  });

  it('by being restarted under load: flat memory, and it catches up by itself', async () => {
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    const flooded = flood(100);
    await waitFor(async () => Number(await pipeline.to.value('select count(*) from flood')) > 2048, {
      what: 'the first rows',
      timeoutMs: 60_000,
    });
    await bed.target.cluster.kill9();
    await flooded;
    await bed.target.cluster.start();
    await pipeline.caughtUp(200_000);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(pipeline.from, pipeline.to);
  });
});
