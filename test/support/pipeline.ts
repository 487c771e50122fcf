import type { Logger } from '../../src/observe/logger.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import { schemaReader } from '../../src/listener/snapshot/schema/schema-reader.ts';
import { printCatalog } from '../../src/app/run/copy-settings.ts';
import type { CopySettings } from '../../src/pipeline/snapshot/copy-options.ts';
import { SnapshotFiller } from '../../src/pipeline/snapshot/snapshot-filler.ts';
import { Supervisor } from '../../src/pipeline/supervisor.ts';
import { PipelinedConnection } from '../../src/postgres/pipelined-connection.ts';
import { DdlReplayer, type DdlReplayerOptions } from '../../src/processor/postgres/ddl/ddl-replayer.ts';
import { PostgresProcessor } from '../../src/processor/postgres/postgres-processor.ts';
import type { AppliedDdl } from '../../src/wal/processor.ts';
import { parseLsn } from '../../src/wal/lsn.ts';
import type { TestDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

export const PIPELINE = 'test';
export const PUBLICATION = 'walcast_test';

export interface PipelineOptions {
  readonly source: TestDatabase;
  readonly targets: readonly { readonly name: string; readonly url: string; readonly applyDdl?: boolean }[];
  readonly slot: string;
  /** Of the address that streams; default: the source's own. */
  readonly sourceUrl?: string;
  readonly logger?: Logger;
  /** `source.postgres.binary: auto`; default: true, as in the product. */
  readonly binary?: boolean;
  /** Fills targets without a checkpoint first; absent: they are filled already. */
  readonly snapshot?: Partial<CopySettings>;
  /** Else the best one of the machine. */
  readonly pgDumpPath?: string;
  /** Policies of the replay; default: a missing role stops, indexes are made plainly. */
  readonly ddl?: Partial<DdlReplayerOptions>;
}

/** The pipeline of `replicate run` inside the test's own process. */
export class TestPipeline {
  readonly supervisor: Supervisor;
  readonly ddl: AppliedDdl[] = [];
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  readonly #source: TestDatabase;

  constructor(options: PipelineOptions) {
    this.#source = options.source;
    const logger =
      options.logger ??
      createLogger({ level: process.env['WALCAST_TEST_LOG'] === undefined ? 'silent' : 'debug', format: 'json' });
    this.supervisor = new Supervisor({
      source: {
        url: options.sourceUrl ?? options.source.url(),
        pipeline: PIPELINE,
        slot: options.slot,
        publication: PUBLICATION,
      },
      processors: options.targets.map(
        ({ name, url, applyDdl = true }) =>
          new PostgresProcessor({
            name,
            url,
            applyDdl,
            snapshot: options.snapshot === undefined ? 'never' : 'initial',
            ddl: () => new DdlReplayer({ roles: 'stop', roleMap: new Map(), ...options.ddl }),
            migrate: async (session) => void (await migrate(session, { set: 'target' })),
          }),
      ),
      filler: new SnapshotFiller(
        {
          url: options.source.url(),
          workers: 2,
          schemaSource: 'auto',
          readSchema: schemaReader({
            url: options.source.url(),
            limits: DEFAULT_LIMITS,
            logger,
            renderCatalog: printCatalog(logger),
            pgDumpPath: options.pgDumpPath,
          }),
          onExisting: 'fail',
          ranges: {},
          limits: DEFAULT_LIMITS,
          gate: () => Promise.resolve(),
          logger,
          ...options.snapshot,
        },
        this.#abort.signal,
      ),
      binary: options.binary ?? true,
      logger,
    });
    this.#running = this.supervisor.run(this.#abort.signal);
    this.#running.catch(() => undefined); // told by `stop` and `refused`
  }

  /** Resolves when every target holds what the source had committed when this was called. Rejects with the error of a stopped target. */
  async caughtUp(timeoutMs = 30_000): Promise<void> {
    const end = parseLsn(
      (await this.#source.value("select pg_current_wal_lsn() from pg_logical_emit_message(true, 'test', 'fence')")) ??
        '',
    );
    await waitFor(
      () => {
        const stopped = this.supervisor.targets.find(({ state }) => state === 'stopped');
        if (stopped !== undefined) throw stopped.error ?? new Error(`${stopped.name} has stopped`);
        return this.supervisor.targets.every(({ durable }) => durable !== null && durable >= end);
      },
      { what: 'the targets to catch up', timeoutMs },
    );
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

/** What `replicate init` leaves behind, without its checks. */
export async function prepareSource(source: TestDatabase, slot: string): Promise<void> {
  const connection = await PipelinedConnection.connect(
    { url: source.url(), applicationName: 'test init', side: 'source' },
    () => undefined,
  );
  try {
    await migrate(connection, { set: 'core' });
  } finally {
    connection.close();
  }
  // Else version 18 refuses updates of a table whose identity is the whole row, if it has generated columns.
  const options = source.server.major >= 18 ? " with (publish_generated_columns = 'stored')" : '';
  await source.query(`create publication ${PUBLICATION} for all tables${options}`);
  await source.query('insert into walcast.slot (slot_name, publication) values ($1, $2)', [slot, PUBLICATION]);
  const point = await source.value("select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  await source.query('update walcast.slot set consistent_point = $2::pg_lsn where slot_name = $1', [
    slot,
    point ?? null,
  ]);
}
