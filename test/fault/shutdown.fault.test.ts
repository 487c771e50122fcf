import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import type { Daemon, Exit } from '../support/daemon.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { WORKLOAD_SCHEMA } from '../support/workload/schema.ts';
import { Load } from '../support/workload/writer.ts';

const LIMIT_MS = 10_000;

describe('SIGTERM ends the daemon within 10 s', () => {
  let bed: FaultBed;
  let pipeline: FaultPipeline;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18 });
  });
  afterAll(() => bed.dispose());
  beforeEach(async () => {
    pipeline = await bed.pipeline();
  });
  afterEach(() => pipeline.dispose());

  it('idle: what was taken is durable and confirmed', async () => {
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    expect((await terminated(daemon)).code).toBe(0);
    expect(await pipeline.confirmed()).toBe(await pipeline.checkpoint());
  });

  it('under load: the slot stands where the target does, and the next daemon goes on from there', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await from.query(WORKLOAD_SCHEMA);
    await pipeline.caughtUp();
    const load = new Load({ url: from.url(), seed: 21, perSecond: 400 });
    await waitFor(() => load.committed > 300, { what: 'some load' });
    expect((await terminated(daemon)).code).toBe(0);
    expect(await pipeline.confirmed()).toBe(await pipeline.checkpoint());
    await pipeline.start();
    await load.stop();
    await pipeline.caughtUp();
    await expectEqual(from, to);
  });

  it('while the target stands still in the middle of a transaction: nothing of it stays', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await from.query('create table big (id int primary key, body text)');
    await pipeline.caughtUp();
    const before = await pipeline.checkpoint();
    const applier = await pipeline.applier();
    process.kill(applier, 'SIGSTOP');
    try {
      await from.query(`insert into big select g, repeat(md5(g::text), 8) from generate_series(1, 200000) g`);
      const paused = async () => Number(JSON.parse((await daemon.http('/status')).body).targets[0].lagBytes) > 2 ** 25;
      await waitFor(paused, { what: 'the lag to show' });
      expect((await terminated(daemon)).code).toBe(0);
    } finally {
      process.kill(applier, 'SIGCONT');
    }
    const gone = async () =>
      (await to.query('select from pg_stat_activity where pid = $1', [String(applier)])).length === 0;
    await waitFor(gone, { what: 'the stalled session to end' });
    expect(await to.value('select count(*) from big')).toBe('0');
    expect(await pipeline.checkpoint()).toBe(before);
    await pipeline.start();
    await pipeline.caughtUp();
    await expectEqual(from, to);
  });

  it('while the source refuses connections', async () => {
    const daemon = await pipeline.start();
    await bed.source.cluster.stop();
    try {
      await daemon.waitForLog(({ code }) => code === 'E_SOURCE_CONNECTION', 'the loss');
      expect((await terminated(daemon)).code).toBe(0);
    } finally {
      await bed.source.cluster.start();
    }
  });

  it('while the target refuses connections', async () => {
    const daemon = await pipeline.start();
    await bed.target.cluster.stop();
    try {
      await daemon.waitForLog(({ code }) => code === 'E_TARGET_CONNECTION', 'the loss');
      expect((await terminated(daemon)).code).toBe(0);
    } finally {
      await bed.target.cluster.start();
    }
  });

  it.each(['source', 'target'])('while the %s takes connections and says nothing', async (side) => {
    const silent = await silentServer();
    try {
      const url = `postgres://postgres@127.0.0.1:${(silent.address() as AddressInfo).port}/nowhere`;
      const reached = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
      const daemon = await pipeline.launch(side === 'source' ? { sourceUrl: url } : { targetUrl: url });
      await reached;
      expect((await terminated(daemon)).code).toBe(0);
    } finally {
      silent.close();
    }
  });
});

async function terminated(daemon: Daemon): Promise<Exit> {
  const since = performance.now();
  const exit = await daemon.stop();
  expect(performance.now() - since, `its last lines: ${daemon.lastLines()}`).toBeLessThan(LIMIT_MS);
  expect(exit.signal).toBeNull();
  return exit;
}

/** A firewall that drops answers, or a machine that hangs. */
async function silentServer(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).unref());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
