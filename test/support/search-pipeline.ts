import { expect } from 'vitest';
import { settleIdentities } from '../../src/app/init/settle-identities.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import { PostgresSourceCatalog } from '../../src/listener/postgres/source-catalog.ts';
import { CatalogTypes } from '../../src/listener/postgres/type-source.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { SnapshotFiller } from '../../src/pipeline/snapshot/snapshot-filler.ts';
import { Supervisor } from '../../src/pipeline/supervisor.ts';
import type { SearchOptions } from '../../src/processor/search/search-options.ts';
import { SearchProcessor } from '../../src/processor/search/search-processor.ts';
import { parseLsn } from '../../src/wal/lsn.ts';
import type { AppliedDdl } from '../../src/wal/processor.ts';
import { install } from '../pg/support/install.ts';
import { PIPELINE, PUBLICATION, prepareSource } from './pipeline.ts';
import type { TestDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

/** `init --with-injector` without its checks. */
export async function prepareSearchSource(source: TestDatabase, slot: string): Promise<void> {
  await install(source, 'core', 'injector');
  const session = await ClientSession.connect(source.url(), 'source');
  try {
    await settleIdentities(session, { waitMs: 5_000 });
  } finally {
    await session.close();
  }
  await prepareSource(source, slot);
}

export interface SearchPipelineOptions {
  readonly source: TestDatabase;
  readonly slot: string;
  readonly url: string;
  readonly prefix: string;
  readonly options?: Partial<SearchOptions>;
  /** Rows a range of the copy. */
  readonly rangeBytes?: number;
}

/** The pipeline of `replicate run` into a search cluster, inside the test's own process. */
export class SearchPipeline {
  readonly supervisor: Supervisor;
  readonly processor: SearchProcessor;
  readonly ddl: AppliedDdl[] = [];
  readonly warnings: string[] = [];
  readonly #options: SearchPipelineOptions;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: SearchPipelineOptions) {
    this.#options = options;
    const { source, slot, url, prefix } = options;
    const logger = createLogger({
      level: process.env['WALCAST_TEST_LOG'] === undefined ? 'silent' : 'debug',
      format: 'json',
    });
    this.processor = new SearchProcessor({
      name: 'search',
      reach: { url, auth: {}, tls: { insecure: false } },
      index: `${prefix}.{schema}.{table}`,
      prefix,
      fields: 'ids',
      onRefused: 'stop',
      onDrop: 'delete',
      applyDdl: true,
      snapshot: 'initial',
      settings: {},
      tables: {},
      bulk: { bytes: 1024 * 1024, count: 1_000, requests: 2 },
      types: new CatalogTypes(source.url(), this.#abort.signal),
      catalog: new PostgresSourceCatalog(source.url()),
      warn: (fields, message) => this.warnings.push(`${JSON.stringify(fields)} ${message}`),
      ...options.options,
    });
    this.supervisor = new Supervisor({
      source: { url: source.url(), pipeline: PIPELINE, slot, publication: PUBLICATION },
      processors: [this.processor],
      filler: new SnapshotFiller(
        {
          url: source.url(),
          workers: 2,
          schemaSource: 'catalog',
          readSchema: () => Promise.reject(new Error('a search index needs no statements')),
          onExisting: 'fail',
          ranges: options.rangeBytes === undefined ? {} : { rangeBytes: options.rangeBytes },
          limits: DEFAULT_LIMITS,
          gate: () => Promise.resolve(),
          logger,
        },
        this.#abort.signal,
      ),
      binary: true,
      logger,
    });
    this.#running = this.supervisor.run(this.#abort.signal);
    this.#running.catch(() => undefined); // told by `stop` and `refused`
  }

  /** Resolves when the target holds, and searches find, what the source had committed when this was called. */
  async caughtUp(timeoutMs = 30_000): Promise<void> {
    const end = parseLsn(
      (await this.#options.source.value(
        "select pg_current_wal_lsn() from pg_logical_emit_message(true, 'test', 'fence')",
      )) ?? '',
    );
    await waitFor(
      async () => {
        const [target] = this.supervisor.targets;
        if (target?.state === 'stopped') throw target.error ?? new Error('the target has stopped');
        if (this.supervisor.sourceError?.retryable === false) throw this.supervisor.sourceError;
        if (target === undefined || target.durable === null || target.durable < end) return false;
        return !(await this.#copying());
      },
      { what: 'the search target to catch up', timeoutMs },
    );
    await this.request('POST', `/${this.#options.prefix}*/_refresh`);
  }

  /** Tables wait for their copy, or the stream is not beyond it. */
  async #copying(): Promise<boolean> {
    const { url, prefix } = this.#options;
    const list = await fetch(`${url}/${prefix}-*-state/_settings?expand_wildcards=all`);
    const [index] = Object.keys((await list.json()) as object);
    return index !== undefined && (await fetch(`${url}/${index}/_doc/copy`)).status === 200;
  }

  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#options.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  alias(table: string): string {
    return encodeURIComponent(`${this.#options.prefix}.${table}`);
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
    const answer = (await this.request('POST', `/${this.alias(table)}/_search`, {
      size: 10_000,
      query: { match_all: {} },
      _source: false,
      fields: columns.map((name) => name.replaceAll('%', '%25').replaceAll('.', '%2E')),
    })) as { hits: { total: { value: number }; hits: { _id: string; fields?: Record<string, unknown[]> }[] } };
    expect(answer.hits.total.value).toBe(answer.hits.hits.length);
    return new Map(
      answer.hits.hits.map(({ _id: id, fields = {} }) => [
        id,
        Object.fromEntries(
          columns.map((name) => [name, plain(fields[name.replaceAll('%', '%25').replaceAll('.', '%2E')])]),
        ),
      ]),
    );
  }

  /** The set of ids is that of the keys, and each document has the values that the source's row has, field by field. */
  async expectTable(schema: string, table: string, key: readonly string[]): Promise<number> {
    const name = `"${schema}"."${table}"`;
    const columns = (
      await this.#options.source.query(
        `select attname::text as name from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
        [name],
      )
    ).map((row) => row['name'] ?? '');
    const id = key.map((column) => `"${column}"::text`).join(` || '|' || `);
    const rows = await this.#options.source.query(`select ${id} as id, row_to_json(t)::text as row from ${name} t`);
    const expected = new Map(
      rows.map((row) => {
        const values = JSON.parse(row['row'] ?? '') as Record<string, unknown>;
        return [row['id'] ?? '', Object.fromEntries(columns.map((column) => [column, plain([values[column]])]))];
      }),
    );
    const found = await this.documents(`${schema}.${table}`, columns);
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [each, row] of expected) expect({ id: each, ...found.get(each) }).toEqual({ id: each, ...row });
    return expected.size;
  }

  /** The error that refused the start. */
  async refused(): Promise<unknown> {
    return this.#running.then(
      () => null,
      (error: unknown) => error,
    );
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running.catch(() => undefined);
  }
}

function plain(values: readonly unknown[] | undefined): string | null {
  const [value] = values ?? [];
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
