import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { BulkBed } from '../support/search/bulk-bed.ts';

const prefix = uniquePrefix();
let node: SharedNode;
let bed: BulkBed;

beforeAll(async () => {
  node = await sharedOpenSearch('3');
  bed = await BulkBed.create(node.url);
});
afterAll(async () => {
  await bed.close();
  await dropIndexes(node, prefix);
});

describe('OpenSearch 3', () => {
  it('is written to in bulk as 2.19 is', async () => {
    const index = `${prefix}-a`;
    await bed.makeIndex(index);
    const target = bed.writer.target(index, { label: 'public.a' });
    bed.write(target, 'one', { n: 1 }, 9_007_199_254_740_993n);
    bed.write(target, 'two', { n: 2 }, 1n);
    await bed.writer.drained();
    bed.write(target, 'one', { n: 0 }, 5n);
    bed.write(target, 'two', null, 2n);
    await bed.writer.drained();
    expect(await bed.documents(index)).toEqual({ one: { n: 1 } });
    expect(bed.writer.counts.stale).toBe(1);
  });

  it('says why it refuses a document', async () => {
    const index = `${prefix}-b`;
    await bed.makeIndex(index);
    const writer = bed.open();
    const target = writer.target(index, { label: 'public.b' });
    bed.write(target, 'bad', { n: 'ten' }, 1n);
    await expect(writer.drained()).rejects.toMatchObject({
      code: 'E_DOCUMENT_REFUSED',
      message: expect.stringContaining('failed to parse field [n]') as string,
    });
  });
});
