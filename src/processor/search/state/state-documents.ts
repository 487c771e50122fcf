import { WalcastError } from '../../../errors/walcast-error.ts';
import { encodePath, type SearchClient, type SearchRequest } from '../client/index.ts';

/** Text and little of it: versions of documents, and nothing that an analyzer or a number type could change. */
const STATE_INDEX = {
  settings: { number_of_shards: 1, auto_expand_replicas: '0-1', hidden: true },
  mappings: {
    dynamic: false,
    properties: {
      kind: { type: 'keyword' },
      system_identifier: { type: 'keyword' },
      database: { type: 'keyword' },
      pipeline: { type: 'keyword' },
      lsn: { type: 'keyword' },
      order: { type: 'long' },
    },
  },
};

const PAGE = 1000;

interface Hit {
  readonly _id: string;
  readonly _source: Record<string, unknown>;
  readonly sort: unknown[];
}

export interface StateDocument {
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
}

/** Documents of the state index. Each write is on the disk of the cluster before it is confirmed (`translog.durability: request`). */
export class StateDocuments {
  readonly #client: SearchClient;
  readonly #index: string;
  readonly #signal: AbortSignal;
  /** Where each document that we wrote or read stands: whoever wrote since is another process. */
  readonly #seen = new Map<string, { readonly seq: number; readonly term: number }>();
  #made = false;

  constructor(client: SearchClient, index: string, signal: AbortSignal) {
    this.#client = client;
    this.#index = index;
    this.#signal = signal;
  }

  async read(id: string): Promise<Readonly<Record<string, unknown>> | null> {
    const { status, json } = await this.#ask('GET', encodePath(this.#index, '_doc', id), [404]);
    if (status === 404) {
      this.#seen.delete(id);
      return null;
    }
    const {
      _seq_no: seq,
      _primary_term: term,
      _source,
    } = json as {
      _seq_no: number;
      _primary_term: number;
      _source: Record<string, unknown>;
    };
    this.#seen.set(id, { seq, term });
    return _source;
  }

  /**
   * Compare and set: refused where another process wrote the document since we read or wrote it. One whose state is not known has to be
   * new.
   */
  async write(id: string, source: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#make();
    const seen = this.#seen.get(id);
    const query: Record<string, string> =
      seen === undefined ? { op_type: 'create' } : { if_seq_no: String(seen.seq), if_primary_term: String(seen.term) };
    const { status, json } = await this.#ask('PUT', encodePath(this.#index, '_doc', id), [409], source, query);
    if (status === 409)
      throw new WalcastError(
        'E_CHECKPOINT_MOVED',
        `${this.#index}/${id} was written by another process since this one did`,
      );
    const { _seq_no: seq, _primary_term: term } = json as { _seq_no: number; _primary_term: number };
    this.#seen.set(id, { seq, term });
  }

  /** Whoever wrote it: for what only the one who holds the checkpoint writes. */
  async put(id: string, source: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#make();
    await this.#ask('PUT', encodePath(this.#index, '_doc', id), [], source);
  }

  async remove(id: string): Promise<void> {
    this.#seen.delete(id);
    await this.#ask('DELETE', encodePath(this.#index, '_doc', id), [404]);
  }

  /** All of a kind, by the number in their field `order`. */
  async list(kind: string): Promise<StateDocument[]> {
    const refreshed = await this.#ask('POST', encodePath(this.#index, '_refresh'), [404]);
    if (refreshed.status === 404) return [];
    const found: StateDocument[] = [];
    for (let after: unknown[] | null = null; ; ) {
      const { json } = await this.#ask('POST', encodePath(this.#index, '_search'), [], {
        query: { term: { kind } },
        size: PAGE,
        sort: [{ order: 'asc' }],
        ...(after === null ? {} : { search_after: after }),
      });
      const hits = (json as { hits: { hits: Hit[] } }).hits.hits;
      for (const { _id: id, _source: source } of hits) found.push({ id, source });
      if (hits.length < PAGE) return found;
      after = hits.at(-1)?.sort ?? null;
    }
  }

  async #make(): Promise<void> {
    if (this.#made) return;
    const { status, json } = await this.#ask('PUT', encodePath(this.#index), [400], STATE_INDEX);
    const type = (json as { error?: { type?: string } }).error?.type;
    if (status === 400 && type !== 'resource_already_exists_exception')
      throw new WalcastError('E_TARGET_APPLY', `the index ${this.#index} cannot be made: ${JSON.stringify(json)}`);
    this.#made = true;
  }

  async #ask(
    method: SearchRequest['method'],
    path: string,
    accept: readonly number[],
    body?: object,
    query?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly json: unknown }> {
    const answer = await this.#client.request({
      method,
      path,
      accept: [...accept],
      ...(body === undefined ? {} : { body }),
      ...(query === undefined ? {} : { query: { ...query } }),
      signal: this.#signal,
    });
    return { status: answer.status, json: answer.json() };
  }
}
