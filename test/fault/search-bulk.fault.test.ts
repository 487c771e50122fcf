import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BulkTarget } from '../../src/processor/search/bulk/index.ts';
import { OpenSearchNode } from '../support/opensearch/index.ts';
import { BulkBed, type BulkBedOptions, NEVER } from '../support/search/bulk-bed.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

let node: OpenSearchNode;
let bed: BulkBed;

beforeAll(async () => {
  node = await OpenSearchNode.create({
    settings: {
      'http.max_content_length': '512kb',
      'indexing_pressure.memory.limit': '1mb',
      'cluster.info.update.interval': '10s',
      'cluster.routing.allocation.disk.threshold_enabled': true,
      'cluster.routing.allocation.disk.watermark.low': '0b',
      'cluster.routing.allocation.disk.watermark.high': '0b',
      'cluster.routing.allocation.disk.watermark.flood_stage': '0b',
    },
  });
  await node.start();
});
afterEach(() => bed.close());
afterAll(() => node.destroy());

async function open(
  index: string,
  options: BulkBedOptions & { url?: string } = {},
  settings: object = {},
): Promise<BulkTarget> {
  bed = await BulkBed.create(options.url ?? node.url, options);
  await bed.makeIndex(index, settings);
  return bed.writer.target(index, { label: `public.${index}` });
}

/** Documents `from` to `to`, of about a kilobyte each. */
async function writeMany(target: BulkTarget, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    bed.write(target, `id-${n}`, { n, t: 'x'.repeat(1_000) }, BigInt(n));
    if (bed.writer.congested) await bed.writer.relieved();
  }
}

async function expectDocuments(index: string, count: number): Promise<void> {
  const ids = Object.keys(await bed.documents(index)).sort();
  expect(ids).toEqual(Array.from({ length: count }, (_, n) => `id-${n + 1}`).sort());
}

async function untilTrouble(words: RegExp): Promise<void> {
  await waitFor(() => bed.writer.trouble?.match(words), { what: `trouble like ${String(words)}`, timeoutMs: 60_000 });
}

describe('bulk writing to a cluster in trouble', () => {
  it('gives smaller pieces to one that takes no large requests', async () => {
    const target = await open('large', { maxBytes: 4 << 20, maxCount: 10_000, maxRequests: 1 });
    await writeMany(target, 1, 3_000);
    await bed.writer.drained();
    await expectDocuments('large', 3_000);
    expect(bed.writer.counts.requests).toBeGreaterThan(6);
    expect(bed.writer.counts.retried).toBe(0);
  });

  it('stops at a single document that is too large for the cluster', async () => {
    const target = await open('giant', { maxBytes: 4 << 20 });
    bed.write(target, 'giant', { n: 1, t: 'x'.repeat(600_000) }, 5n);
    await expect(bed.writer.drained()).rejects.toMatchObject({ code: 'E_DOCUMENT_REFUSED', fields: { id: 'giant' } });
  });

  it('gives way to one that is overloaded, and brings everything', async () => {
    const target = await open('overloaded', { maxBytes: 400_000, maxCount: 10_000, maxRequests: 8 });
    await writeMany(target, 1, 8_000);
    await bed.writer.drained();
    await expectDocuments('overloaded', 8_000);
    expect(bed.writer.counts.retried).toBeGreaterThan(0);
  });

  it('waits for an index whose shard is not there', async () => {
    const setting = 'index.routing.allocation.require._name';
    const target = await open('red', {}, { [setting]: 'nobody' });
    await writeMany(target, 1, 10);
    bed.writer.flush();
    await untilTrouble(/unavailable_shards_exception/);
    await bed.put('/red/_settings', { [setting]: null });
    await bed.writer.drained();
    await expectDocuments('red', 10);
  });

  it('goes on after a silence of the network', async () => {
    const proxy = await TcpProxy.before(node.url);
    const target = await open('silent', { url: proxy.url(node.url), timeoutMs: 1_000 });
    await writeMany(target, 1, 10);
    await bed.writer.drained();
    proxy.stall();
    await writeMany(target, 11, 20);
    bed.writer.flush();
    await untilTrouble(/no answer in 1000 ms/);
    proxy.release();
    await bed.writer.drained();
    await expectDocuments('silent', 20);
    await proxy.close();
  });

  it('tells after a while that nobody answers, as worth another try', async () => {
    const target = await open('nobody', { patienceMs: 300 });
    await node.kill();
    await writeMany(target, 1, 1);
    await expect(bed.writer.drained()).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION', retryable: true });
    expect(bed.failure).toMatchObject({ code: 'E_TARGET_CONNECTION' });
    await node.start();
  });

  it('loses nothing to a kill -9 of the node in the middle of it', async () => {
    const target = await open('killed', { maxBytes: 200_000, maxRequests: 2 });
    const writing = writeMany(target, 1, 9_000);
    await waitFor(() => bed.writer.counts.applied > 1_000, { what: 'documents', timeoutMs: 60_000, everyMs: 1 });
    await node.kill();
    await untilTrouble(/_bulk|_tasks/);
    await node.start();
    await writing;
    await bed.writer.drained();
    await expectDocuments('killed', 9_000);
    const settings = await bed.client.request({ method: 'GET', path: '/_cluster/health', signal: NEVER });
    expect(settings.json()).toMatchObject({ status: 'green' });
  });

  // Last, since such a cluster takes a minute until it lets indexes be made again.
  it('waits while an index is read-only because the disk is full', async () => {
    const target = await open('blocked');
    const flood = (value: string | null): Promise<void> =>
      bed.put('/_cluster/settings', {
        transient: {
          'cluster.routing.allocation.disk.watermark.low': value,
          'cluster.routing.allocation.disk.watermark.high': value,
          'cluster.routing.allocation.disk.watermark.flood_stage': value,
        },
      });
    await flood('1000tb');
    let n = 0;
    await waitFor(
      async () => {
        await Promise.race([writeMany(target, ++n, n), bed.writer.drained()]);
        return bed.writer.trouble?.includes('cluster_block_exception');
      },
      { what: 'the node to find its disk full', timeoutMs: 60_000, everyMs: 250 },
    );
    await flood(null);
    await bed.writer.drained();
    await expectDocuments('blocked', n);
  });
});
