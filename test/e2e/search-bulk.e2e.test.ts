import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BulkWriter, type BulkTarget, type BulkWriterOptions } from '../../src/processor/search/bulk/index.ts';
import { SearchClient } from '../../src/processor/search/client/index.ts';
import type { Lsn } from '../../src/wal/lsn.ts';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { seededRandom } from '../support/random.ts';

const prefix = uniquePrefix();
const signal = new AbortController().signal;
let node: SharedNode;
let client: SearchClient;
let writer: BulkWriter;

beforeAll(async () => {
  node = await sharedOpenSearch();
  client = await SearchClient.create({ url: node.url, auth: {}, tls: { insecure: false } });
});
afterEach(() => writer.close());
afterAll(async () => {
  await client.close();
  await dropIndexes(node, prefix);
});

function open(options: Partial<BulkWriterOptions> = {}): void {
  writer = new BulkWriter({
    ...{ client, signal, maxBytes: 1 << 20, maxCount: 1_000, maxRequests: 4, refused: { kind: 'stop' } },
    failed: () => undefined,
    ...options,
  });
}

async function makeIndex(name: string): Promise<string> {
  const index = `${prefix}-${name}`;
  const properties = { n: { type: 'long' }, t: { type: 'keyword', ignore_above: 100 } };
  const settings = { number_of_shards: 1, number_of_replicas: 0, 'index.gc_deletes': '1s' };
  await client.request({
    method: 'PUT',
    path: `/${index}`,
    body: { settings, mappings: { dynamic: 'strict', properties } },
    signal,
  });
  return index;
}

function put(target: BulkTarget, id: string, document: object | null, version = 1n): void {
  writer.version(version as Lsn);
  writer.id.clear();
  writer.id.text(id);
  writer.begin(document === null ? 'delete' : 'index', target);
  if (document !== null) writer.out.text(JSON.stringify(document));
  writer.end();
}

async function documents(index: string): Promise<Record<string, unknown>> {
  await client.request({ method: 'POST', path: `/${index}/_refresh`, signal });
  const body = { size: 5_000, query: { match_all: {} } };
  const answer = await client.request({ method: 'POST', path: `/${index}/_search`, body, signal });
  const { hits } = answer.json() as { hits: { hits: { _id: string; _source: unknown }[] } };
  return Object.fromEntries(hits.hits.map((hit) => [hit._id, hit._source]));
}

describe('bulk writing', () => {
  it('brings documents under any id, with versions beyond what JavaScript counts exactly', async () => {
    const index = await makeIndex('ids');
    open();
    const target = writer.target(index, { label: 'public.t' });
    const ids = ['1', '"quoted"', 'back\\slash', 'new\nline', 'näive ⌘', `{"a":1}`, 'x'.repeat(512)];
    ids.forEach((id, n) => put(target, id, { n }, 9_007_199_254_740_993n));
    await writer.drained();
    expect(await documents(index)).toEqual(Object.fromEntries(ids.map((id, n) => [id, { n }])));
    const { bytes } = await client.request({ method: 'GET', path: `/${index}/_doc/1`, signal });
    expect(bytes.toString()).toContain('"_version":9007199254740993');
  });

  it('leaves alone what is newer, and takes the same version again', async () => {
    const index = await makeIndex('stale');
    open();
    const target = writer.target(index, { label: 'public.t' });
    put(target, 'a', { n: 10 }, 10n);
    await writer.drained();
    put(target, 'a', { n: 9 }, 9n);
    await writer.drained();
    expect(await documents(index)).toEqual({ a: { n: 10 } });
    put(target, 'a', { n: 11 }, 10n);
    await writer.drained();
    expect(await documents(index)).toEqual({ a: { n: 11 } });
    expect(writer.counts).toMatchObject({ applied: 3, stale: 1 });
  });

  it('ends with the last operation of every id, however bulks are cut and overtake one another', async () => {
    const index = await makeIndex('order');
    const random = seededRandom(9);
    open({ maxBytes: 2_000, maxCount: 7 });
    const target = writer.target(index, { label: 'public.t' });
    const expected = new Map<string, unknown>();
    for (let n = 1; n <= 1_500; n++) {
      const id = `k${random.int(0, 11)}`;
      const document = random.chance(0.25) ? null : { n, t: 'x'.repeat(random.int(0, 90)) };
      put(target, id, document, BigInt(n));
      if (document === null) expected.delete(id);
      else expected.set(id, document);
      if (random.chance(0.02)) writer.flush();
      if (writer.congested) await writer.relieved();
    }
    await writer.drained();
    expect(await documents(index)).toEqual(Object.fromEntries(expected));
    expect(writer.counts.stale).toBe(0);
  });

  it('knows what an operation that is not confirmed will leave', async () => {
    const index = await makeIndex('unconfirmed');
    open();
    const target = writer.target(index, { label: 'public.t' });
    const other = writer.target(`${index}-other`, { label: 'public.other' });
    put(target, 'a', { n: 1 }, 1n);
    expect(writer.unconfirmed(target)?.toString()).toBe('{"n":1}');
    expect(writer.unconfirmed(other)).toBeUndefined();
    put(target, 'a', null, 2n);
    expect(writer.unconfirmed(target)).toBeNull();
    await writer.drained();
    expect(writer.unconfirmed(target)).toBeUndefined();
  });

  it('stops at a document that the index refuses, and says which and why', async () => {
    const index = await makeIndex('refused');
    let failure: unknown;
    open({ failed: (error) => (failure = error) });
    const target = writer.target(index, { label: 'public.t' });
    put(target, 'good', { n: 1 });
    put(target, 'bad', { n: 'ten' }, 0x1_0000_00ffn);
    await expect(writer.drained()).rejects.toMatchObject({
      code: 'E_DOCUMENT_REFUSED',
      message: expect.stringMatching(/"bad" of public\.t .* at 1\/FF: failed to parse field \[n\].*"ten"/) as string,
      fields: { table: 'public.t', lsn: '1/FF', id: 'bad' },
    });
    expect(failure).toMatchObject({ code: 'E_DOCUMENT_REFUSED' });
    expect(() => put(target, 'more', { n: 1 })).toThrow('failed to parse');
  });

  it('puts refused documents aside by policy, with a command that brings them back', async () => {
    const index = await makeIndex('letters');
    const letters = `${prefix}-dead`;
    open({ refused: { kind: 'deadLetter', index: letters } });
    const target = writer.target(index, { label: 'public.t' });
    put(target, "it's", { n: 1, extra: "one's" }, 77n);
    put(target, 'good', { n: 2 }, 78n);
    await writer.drained();
    expect(await documents(index)).toEqual({ good: { n: 2 } });
    const [letter] = Object.values(await documents(letters)) as { replay: string }[];
    const document = JSON.stringify({ n: 1, extra: "one's" });
    expect(letter).toMatchObject({ table: 'public.t', index, id: "it's", lsn: '0/4D', document });
    expect(letter).toMatchObject({ error: 'strict_dynamic_mapping_exception' });
    const body = { properties: { extra: { type: 'keyword' } } };
    await client.request({ method: 'PUT', path: `/${index}/_mapping`, body, signal });
    const env = { ...process.env, OPENSEARCH_URL: node.url };
    await promisify(execFile)('sh', ['-c', letter?.replay ?? 'exit 1'], { env });
    expect(await documents(index)).toEqual({ good: { n: 2 }, "it's": JSON.parse(document) });
  });

  it('never lets the cluster make an index by itself where an alias is required', async () => {
    open();
    const target = writer.target(`${prefix}-nobody`, { label: 'public.t', requireAlias: true });
    put(target, 'a', { n: 1 });
    await expect(writer.drained()).rejects.toMatchObject({ code: 'E_SEARCH_REFUSED', status: 404 });
  });
});
