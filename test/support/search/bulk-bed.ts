import { BulkWriter, type BulkTarget, type BulkWriterOptions } from '../../../src/processor/search/bulk/index.ts';
import { SearchClient } from '../../../src/processor/search/client/index.ts';
import type { Lsn } from '../../../src/wal/lsn.ts';

/** Nothing here is given up before the test is. */
export const NEVER = new AbortController().signal;

export interface BulkBedOptions extends Partial<BulkWriterOptions> {
  readonly timeoutMs?: number;
}

/** A writer of documents on a cluster of the tests, with the few requests that tests make beside it. */
export class BulkBed {
  readonly client: SearchClient;
  writer: BulkWriter;
  failure: unknown;

  private constructor(client: SearchClient, options: BulkBedOptions) {
    this.client = client;
    this.writer = this.open(options);
  }

  static async create(url: string, options: BulkBedOptions = {}): Promise<BulkBed> {
    const { timeoutMs = 60_000 } = options;
    return new BulkBed(await SearchClient.create({ url, auth: {}, tls: { insecure: false }, timeoutMs }), options);
  }

  /** Another writer, in the place of the one before. */
  open(options: Partial<BulkWriterOptions> = {}): BulkWriter {
    this.writer = new BulkWriter({
      ...{ client: this.client, signal: NEVER, maxBytes: 1 << 20, maxCount: 1_000, maxRequests: 4 },
      refused: { kind: 'stop' },
      failed: (error) => (this.failure = error),
      ...options,
    });
    return this.writer;
  }

  async makeIndex(index: string, settings: object = {}): Promise<void> {
    const properties = { n: { type: 'long' }, t: { type: 'keyword', index: false, doc_values: false } };
    const fixed = { number_of_shards: 1, number_of_replicas: 0, 'index.gc_deletes': '1s' };
    await this.put(`/${index}?wait_for_active_shards=0`, {
      settings: { ...fixed, ...settings },
      mappings: { dynamic: 'strict', properties },
    });
  }

  async put(path: string, body: object): Promise<void> {
    await this.client.request({ method: 'PUT', path, body, signal: NEVER });
  }

  /** One operation; null deletes. */
  write(target: BulkTarget, id: string, document: object | null, version: bigint): void {
    const { writer } = this;
    writer.version(version as Lsn);
    writer.id.clear();
    writer.id.text(id);
    writer.begin(document === null ? 'delete' : 'index', target);
    if (document !== null) writer.out.text(JSON.stringify(document));
    writer.end();
  }

  /** All that a search finds, by id. */
  async documents(index: string): Promise<Record<string, unknown>> {
    await this.client.request({ method: 'POST', path: `/${index}/_refresh`, signal: NEVER });
    const body = { size: 10_000, query: { match_all: {} } };
    const answer = await this.client.request({ method: 'POST', path: `/${index}/_search`, body, signal: NEVER });
    const { hits } = answer.json() as { hits: { hits: { _id: string; _source: unknown }[] } };
    return Object.fromEntries(hits.hits.map((hit) => [hit._id, hit._source]));
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.client.close();
  }
}
