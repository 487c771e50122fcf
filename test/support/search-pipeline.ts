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
import type { AppliedDdl } from '../../src/wal/processor.ts';
import { install } from '../pg/support/install.ts';
import { PIPELINE, PUBLICATION, prepareSource } from './pipeline.ts';
import type { TestDatabase } from './test-database.ts';
import { SearchIndexes } from './search-indexes.ts';
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
export class SearchPipeline extends SearchIndexes {
  readonly supervisor: Supervisor;
  readonly processor: SearchProcessor;
  readonly ddl: AppliedDdl[] = [];
  readonly warnings: string[] = [];
  readonly #options: SearchPipelineOptions;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: SearchPipelineOptions) {
    super(options);
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
    const end = await this.fence();
    await waitFor(
      async () => {
        const [target] = this.supervisor.targets;
        if (target?.state === 'stopped') throw target.error ?? new Error('the target has stopped');
        if (this.supervisor.sourceError?.retryable === false) throw this.supervisor.sourceError;
        if (target === undefined || target.durable === null || target.durable < end) return false;
        return !(await this.copying());
      },
      { what: 'the search target to catch up', timeoutMs },
    );
    await this.request('POST', `/${this.#options.prefix}*/_refresh`);
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
