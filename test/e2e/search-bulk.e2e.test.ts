import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { seededRandom } from '../support/random.ts';
import { BulkBed, NEVER } from '../support/search/bulk-bed.ts';

const prefix = uniquePrefix();
let node: SharedNode;
let bed: BulkBed;

beforeAll(async () => {
  node = await sharedOpenSearch();
  bed = await BulkBed.create(node.url);
});
afterEach(() => bed.writer.close());
afterAll(async () => {
  await bed.close();
  await dropIndexes(node, prefix);
});

async function makeIndex(name: string): Promise<string> {
  await bed.makeIndex(`${prefix}-${name}`);
  return `${prefix}-${name}`;
}

describe('bulk writing', () => {
  it('brings documents under any id, with versions beyond what JavaScript counts exactly', async () => {
    const index = await makeIndex('ids');
    const writer = bed.open();
    const target = writer.target(index, { label: 'public.t' });
    const ids = ['1', '"quoted"', 'back\\slash', 'new\nline', 'näive ⌘', `{"a":1}`, 'x'.repeat(512)];
    ids.forEach((id, n) => bed.write(target, id, { n }, 9_007_199_254_740_993n));
    await writer.drained();
    expect(await bed.documents(index)).toEqual(Object.fromEntries(ids.map((id, n) => [id, { n }])));
    const { bytes } = await bed.client.request({ method: 'GET', path: `/${index}/_doc/1`, signal: NEVER });
    expect(bytes.toString()).toContain('"_version":9007199254740993');
  });

  it('leaves alone what is newer, and takes the same version again', async () => {
    const index = await makeIndex('stale');
    const writer = bed.open();
    const target = writer.target(index, { label: 'public.t' });
    bed.write(target, 'a', { n: 10 }, 10n);
    await writer.drained();
    bed.write(target, 'a', { n: 9 }, 9n);
    await writer.drained();
    expect(await bed.documents(index)).toEqual({ a: { n: 10 } });
    bed.write(target, 'a', { n: 11 }, 10n);
    await writer.drained();
    expect(await bed.documents(index)).toEqual({ a: { n: 11 } });
    expect(writer.counts).toMatchObject({ applied: 3, stale: 1 });
  });

  it('ends with the last operation of every id, however bulks are cut and overtake one another', async () => {
    const index = await makeIndex('order');
    const random = seededRandom(9);
    const writer = bed.open({ maxBytes: 2_000, maxCount: 7 });
    const target = writer.target(index, { label: 'public.t' });
    const expected = new Map<string, unknown>();
    for (let n = 1; n <= 1_500; n++) {
      const id = `k${random.int(0, 11)}`;
      const document = random.chance(0.25) ? null : { n, t: 'x'.repeat(random.int(0, 90)) };
      bed.write(target, id, document, BigInt(n));
      if (document === null) expected.delete(id);
      else expected.set(id, document);
      if (random.chance(0.02)) writer.flush();
      if (writer.congested) await writer.relieved();
    }
    await writer.drained();
    expect(await bed.documents(index)).toEqual(Object.fromEntries(expected));
    expect(writer.counts.stale).toBe(0);
  });

  it('knows what an operation that is not confirmed will leave', async () => {
    const index = await makeIndex('unconfirmed');
    const writer = bed.open();
    const target = writer.target(index, { label: 'public.t' });
    const other = writer.target(`${index}-other`, { label: 'public.other' });
    bed.write(target, 'a', { n: 1 }, 1n);
    expect(writer.unconfirmed(target)?.toString()).toBe('{"n":1}');
    expect(writer.unconfirmed(other)).toBeUndefined();
    bed.write(target, 'a', null, 2n);
    expect(writer.unconfirmed(target)).toBeNull();
    await writer.drained();
    expect(writer.unconfirmed(target)).toBeUndefined();
  });

  it('stops at a document that the index refuses, and says which and why', async () => {
    const index = await makeIndex('refused');
    const writer = bed.open();
    const target = writer.target(index, { label: 'public.t' });
    bed.write(target, 'good', { n: 1 }, 1n);
    bed.write(target, 'bad', { n: 'ten' }, 0x1_0000_00ffn);
    await expect(writer.drained()).rejects.toMatchObject({
      code: 'E_DOCUMENT_REFUSED',
      message: expect.stringMatching(/"bad" of public\.t .* at 1\/FF: failed to parse field \[n\].*"ten"/) as string,
      fields: { table: 'public.t', lsn: '1/FF', id: 'bad' },
    });
    expect(bed.failure).toMatchObject({ code: 'E_DOCUMENT_REFUSED' });
    expect(() => bed.write(target, 'more', { n: 1 }, 1n)).toThrow('failed to parse');
  });

  it('puts refused documents aside by policy, with a command that brings them back', async () => {
    const index = await makeIndex('letters');
    const letters = `${prefix}-dead`;
    const writer = bed.open({ refused: { kind: 'deadLetter', index: letters } });
    const target = writer.target(index, { label: 'public.t' });
    bed.write(target, "it's", { n: 1, extra: "one's" }, 77n);
    bed.write(target, 'good', { n: 2 }, 78n);
    await writer.drained();
    expect(await bed.documents(index)).toEqual({ good: { n: 2 } });
    const [letter] = Object.values(await bed.documents(letters)) as { replay: string }[];
    const document = JSON.stringify({ n: 1, extra: "one's" });
    expect(letter).toMatchObject({ table: 'public.t', index, id: "it's", lsn: '0/4D', document });
    expect(letter).toMatchObject({ error: 'strict_dynamic_mapping_exception' });
    const body = { properties: { extra: { type: 'keyword' } } };
    await bed.client.request({ method: 'PUT', path: `/${index}/_mapping`, body, signal: NEVER });
    const env = { ...process.env, OPENSEARCH_URL: node.url };
    await promisify(execFile)('sh', ['-c', letter?.replay ?? 'exit 1'], { env });
    expect(await bed.documents(index)).toEqual({ good: { n: 2 }, "it's": JSON.parse(document) });
  });

  it('never lets the cluster make an index by itself where an alias is required', async () => {
    const writer = bed.open();
    const target = writer.target(`${prefix}-nobody`, { label: 'public.t', requireAlias: true });
    bed.write(target, 'a', { n: 1 }, 1n);
    await expect(writer.drained()).rejects.toMatchObject({ code: 'E_SEARCH_REFUSED', status: 404 });
  });
});
