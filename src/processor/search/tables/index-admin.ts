import { encodePath, type SearchClient, type SearchRequest } from '../client/index.ts';
import type { IndexRecord } from './index-record.ts';

/** An index as the cluster has it. */
export interface FoundIndex {
  readonly index: string;
  readonly record: IndexRecord;
  readonly aliases: readonly string[];
}

export interface NewIndex {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly mappings: Readonly<Record<string, unknown>>;
}

export type AliasAction =
  | { readonly add: { readonly index: string; readonly alias: string } }
  | { readonly remove: { readonly index: string; readonly alias: string } };

interface AnsweredIndex {
  readonly aliases?: Readonly<Record<string, unknown>>;
  readonly mappings?: { readonly _meta?: { readonly walcast?: IndexRecord } };
}

const PAGE = 1000;

/** What is asked of the cluster about whole indexes. */
export class IndexAdmin {
  readonly #client: SearchClient;
  readonly #signal: AbortSignal;

  constructor(client: SearchClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Those that match the pattern and have a record of ours. */
  async find(pattern: string): Promise<FoundIndex[]> {
    const answer = (await this.#send('GET', `/${pattern}`, undefined, {
      filter_path: '*.aliases,*.mappings._meta',
      expand_wildcards: 'all',
      allow_no_indices: 'true',
    })) as Readonly<Record<string, AnsweredIndex>>;
    return Object.entries(answer).flatMap(([index, { aliases = {}, mappings }]) => {
      const record = mappings?._meta?.walcast;
      return record === undefined ? [] : [{ index, record, aliases: Object.keys(aliases) }];
    });
  }

  /** Names of all that match, whoever made them. */
  async names(pattern: string): Promise<string[]> {
    const answer = await this.#send('GET', `/${pattern}`, undefined, {
      filter_path: '*.settings.index.uuid',
      expand_wildcards: 'all',
      allow_no_indices: 'true',
    });
    return Object.keys(answer as object);
  }

  /** Whatever was there under the name is gone. */
  async create(index: string, { settings, mappings }: NewIndex): Promise<void> {
    await this.remove([index]);
    await this.#send('PUT', encodePath(index), { settings, mappings });
  }

  async putMapping(index: string, properties: Readonly<Record<string, unknown>>, record: IndexRecord): Promise<void> {
    const body = {
      _meta: { walcast: record },
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
    };
    await this.#send('PUT', `${encodePath(index)}/_mapping`, body);
  }

  async putSettings(index: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#send('PUT', `${encodePath(index)}/_settings`, settings);
  }

  async settings(index: string): Promise<Readonly<Record<string, string>>> {
    const answer = (await this.#send('GET', `${encodePath(index)}/_settings`, undefined, {
      flat_settings: 'true',
    })) as Record<string, { settings?: Record<string, string> }>;
    return answer[index]?.settings ?? {};
  }

  /** All at once or none. */
  async changeAliases(actions: readonly AliasAction[]): Promise<void> {
    if (actions.length > 0) await this.#send('POST', '/_aliases', { actions });
  }

  /** Indexes that an alias, or an index of this name, leads to. */
  async behind(name: string): Promise<{ readonly index: boolean; readonly indexes: readonly string[] }> {
    const { status, json } = await this.#ask('GET', `${encodePath(name)}/_alias`, [404]);
    if (status === 404) return { index: false, indexes: [] };
    const indexes = Object.keys(json as object);
    return { index: indexes.includes(name), indexes };
  }

  async remove(indexes: readonly string[]): Promise<void> {
    for (const index of indexes) await this.#ask('DELETE', encodePath(index), [404]);
  }

  async refresh(index: string): Promise<void> {
    await this.#send('POST', `${encodePath(index)}/_refresh`);
  }

  async count(index: string, query: Readonly<Record<string, unknown>> = { match_all: {} }): Promise<number> {
    const answer = (await this.#send('POST', `${encodePath(index)}/_count`, { query })) as { count: number };
    return answer.count;
  }

  /** The ids and routings of all documents that match, page by page, as of now. */
  async each(
    index: string,
    query: Readonly<Record<string, unknown>>,
    take: (hits: readonly Hit[]) => Promise<void>,
  ): Promise<void> {
    await this.refresh(index);
    const body = { query, size: PAGE, _source: false, sort: ['_doc'] };
    let page = (await this.#send('POST', `${encodePath(index)}/_search`, body, { scroll: '5m' })) as Page;
    try {
      while (page.hits.hits.length > 0) {
        await take(page.hits.hits);
        page = (await this.#send('POST', '/_search/scroll', { scroll: '5m', scroll_id: page._scroll_id })) as Page;
      }
    } finally {
      await this.#ask('DELETE', '/_search/scroll', [404], { scroll_id: page._scroll_id });
    }
  }

  async #send(
    method: SearchRequest['method'],
    path: string,
    body?: object,
    query?: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    return (await this.#ask(method, path, [], body, query)).json;
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

export interface Hit {
  readonly _id: string;
  readonly _routing?: string;
}

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly Hit[] };
}
