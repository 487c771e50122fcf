import { expect } from 'vitest';
import { parseLsn } from '../../src/wal/lsn.ts';
import type { TestDatabase } from './test-database.ts';

export interface SearchPlace {
  readonly source: TestDatabase;
  readonly url: string;
  readonly prefix: string;
}

/** What a cluster holds of a source, asked as a user would ask it: by the names of tables and columns. */
export class SearchIndexes {
  readonly #source: TestDatabase;
  readonly #url: string;
  readonly #prefix: string;

  constructor({ source, url, prefix }: SearchPlace) {
    this.#source = source;
    this.#url = url;
    this.#prefix = prefix;
  }

  /** The end of what is committed now. */
  async fence(): Promise<bigint> {
    const sql = "select pg_current_wal_lsn() from pg_logical_emit_message(true, 'test', 'fence')";
    return parseLsn((await this.#source.value(sql)) ?? '');
  }

  /** What the target has noted that it holds; null: nothing yet. */
  async checkpoint(): Promise<bigint | null> {
    const index = await this.#stateIndex();
    if (index === undefined) return null;
    const answer = await fetch(`${this.#url}/${index}/_doc/checkpoint`);
    if (answer.status !== 200) return null;
    return parseLsn(((await answer.json()) as { _source: { lsn: string } })._source.lsn);
  }

  async #stateIndex(): Promise<string | undefined> {
    const list = await fetch(`${this.#url}/${this.#prefix}-*-state/_settings?expand_wildcards=all`);
    return Object.keys((await list.json()) as object)[0];
  }

  /** Tables wait for their copy, or the stream is not beyond it. */
  async copying(): Promise<boolean> {
    const index = await this.#stateIndex();
    return index !== undefined && (await fetch(`${this.#url}/${index}/_doc/copy`)).status === 200;
  }

  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  alias(table: string): string {
    return encodeURIComponent(`${this.#prefix}.${table}`);
  }

  /** Ids of the documents in which a column has a value, by the column's name. */
  async find(table: string, column: string, value: string | number | boolean): Promise<string[]> {
    const answer = await this.request('POST', `/${this.alias(table)}/_search`, {
      size: 10_000,
      query: { match: { [column]: value } },
      _source: false,
    });
    return (answer as { hits: { hits: { _id: string }[] } }).hits.hits.map(({ _id }) => _id).sort();
  }

  /** Every document, by its id, with the values of these columns, found by name. */
  async documents(table: string, columns: readonly string[]): Promise<Map<string, Record<string, unknown>>> {
    const named = columns.map((name) => [name, name.replaceAll('%', '%25').replaceAll('.', '%2E')] as const);
    const found = new Map<string, Record<string, unknown>>();
    let page = (await this.request('POST', `/${this.alias(table)}/_search?scroll=1m`, {
      size: 5_000,
      query: { match_all: {} },
      _source: false,
      fields: named.map(([, field]) => field),
    })) as Page;
    while (page.hits.hits.length > 0) {
      for (const { _id: id, fields = {} } of page.hits.hits)
        found.set(id, Object.fromEntries(named.map(([name, field]) => [name, plain(fields[field])])));
      page = (await this.request('POST', '/_search/scroll', { scroll: '1m', scroll_id: page._scroll_id })) as Page;
    }
    return found;
  }

  /** The set of ids is that of the keys, and each document has the values that the source's row has, field by field. */
  async expectTable(schema: string, table: string, key: readonly string[]): Promise<number> {
    const name = `"${schema}"."${table}"`;
    const columns = (
      await this.#source.query(
        `select attname::text as name from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
        [name],
      )
    ).map((row) => row['name'] ?? '');
    const id = key.map((column) => `"${column}"::text`).join(` || '|' || `);
    const rows = await this.#source.query(`select ${id} as id, row_to_json(t)::text as row from ${name} t`);
    const expected = new Map(
      rows.map((row) => {
        const values = JSON.parse(row['row'] ?? '') as Record<string, unknown>;
        return [row['id'] ?? '', Object.fromEntries(columns.map((column) => [column, plain([values[column]])]))];
      }),
    );
    const found = await this.documents(`${schema}.${table}`, columns);
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [each, row] of expected) {
      const document = found.get(each);
      if (columns.some((column) => document?.[column] !== row[column]))
        expect({ id: each, ...document }).toEqual({ id: each, ...row });
    }
    return expected.size;
  }
}

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly fields?: Record<string, unknown[]> }[] };
}

function plain(values: readonly unknown[] | undefined): string | null {
  const [value] = values ?? [];
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
