import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type {
  Cut,
  KeyRange,
  OnExisting,
  RangeKey,
  SchemaScript,
  SchemaSection,
  SectionProgress,
  SequenceValue,
  SnapshotPhase,
  SnapshotSink,
  SnapshotState,
  SnapshotTable,
  SnapshotWriter,
  TableCopyState,
  TableState,
} from '../../../wal/snapshot.ts';
import { serverError } from '../apply-error.ts';
import { ADVANCE_SQL, advanceValues } from '../checkpoint-store.ts';
import { analyzeTables, tablesToAnalyze } from './analyze.ts';
import { inTransaction } from './in-transaction.ts';
import { obstacles } from './obstacles.ts';
import { RangeWriter } from './range-writer.ts';
import { dropReplaced } from './replacement.ts';
import { currentDatabase } from './replacement-names.ts';
import { refreshStaleViews } from './refresh-views.ts';
import { Restorer } from './restorer.ts';
import { setSequences } from './sequences.ts';
import {
  openSnapshotConnection,
  withConnections,
  type SnapshotConnection,
  type SnapshotContext,
} from './snapshot-context.ts';
import {
  forgetDetails,
  forgetSnapshot,
  forgetStatements,
  insertSnapshot,
  readHead,
  readState,
  requireHolder,
  takeOver,
  writePhase,
  writeTable,
  writeTableState,
  type SnapshotHead,
} from './state-store.ts';
import { columnMismatch, emptyTable } from './target-tables.ts';
import { validatePostponed } from './validate-keys.ts';

const LOCK_PATIENCE_MS = 3_000;
const LOCK_POLL_MS = 50;
const LOCK = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken';

/** Fills one PostgreSQL database. Keeps all it has to know there. */
export class PostgresSnapshotSink implements SnapshotSink {
  readonly #context: SnapshotContext;
  readonly #session: SnapshotConnection;
  readonly #holder = randomUUID();
  #locked = false;
  #head: SnapshotHead | null = null;

  private constructor(context: SnapshotContext, session: SnapshotConnection) {
    this.#context = context;
    this.#session = session;
  }

  static async open(
    context: SnapshotContext,
    migrate: (session: SqlSession) => Promise<void>,
  ): Promise<PostgresSnapshotSink> {
    const session = await openSnapshotConnection(context);
    try {
      await migrate(session.connection);
    } catch (error) {
      session.connection.close();
      throw error;
    }
    return new PostgresSnapshotSink(context, session);
  }

  /** Anything else on the session of the copy. */
  run<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.#guarded('copy', work);
  }

  databaseName(): Promise<string> {
    return this.run(currentDatabase);
  }

  async empty(): Promise<boolean> {
    return (await this.run(obstacles)) === null;
  }

  /** Nobody else begins or continues a copy into this database. */
  lock(): Promise<void> {
    return this.run((session) => this.#lock(session));
  }

  load(): Promise<SnapshotState | null> {
    return this.#guarded('state of the copy', async (session) => {
      await this.#lock(session);
      this.#head = await readHead(session, this.#context.source);
      if (this.#head === null) return null;
      await takeOver(session, this.#head.id, this.#holder);
      return await readState(session, this.#head);
    });
  }

  begin(script: SchemaScript, schema: Cut, onExisting: OnExisting): Promise<SnapshotState> {
    return this.#guarded('beginning of the copy', async (session) => {
      await this.#lock(session);
      const { source, target } = this.#context;
      if (onExisting === 'append') await this.#refuseOtherTables(session, script);
      else {
        const found = await obstacles(session);
        if (found !== null)
          throw new WalcastError('E_SNAPSHOT_NOT_EMPTY', `target ${target} is not empty: ${found}`, {
            fields: { target },
          });
      }
      await inTransaction(session, async () => {
        await session.execute('set local synchronous_commit = on');
        const options = { onExisting, holder: this.#holder, skipStatements: onExisting === 'append' };
        await insertSnapshot(session, source, script, schema, options);
        if (source.slotId === '') return; // nobody streams after this copy
        await session.query(
          'delete from walcast.checkpoint where system_identifier = $1 and database = $2 and pipeline = $3',
          [source.systemIdentifier, source.database, source.pipeline],
        );
        await session.query(ADVANCE_SQL, advanceValues(source, null, source.confirmed));
      });
      const head = await readHead(session, source);
      if (head === null) throw new WalcastError('E_INTERNAL', 'the copy that was begun is not there');
      this.#head = head;
      return { phase: head.phase, schema, tables: script.tables.map(waiting) };
    });
  }

  restore(
    section: SchemaSection,
    report: (progress: SectionProgress) => void,
    signal: AbortSignal,
    connections = 1,
  ): Promise<void> {
    return this.#guarded(`schema (${section})`, async () => {
      if (this.#known().onExisting === 'append') return; // its tables are its own
      const restorer = new Restorer(this.#context, this.#session, { id: this.#known().id, holder: this.#holder });
      await restorer.restore(section, report, signal, connections);
    });
  }

  startTable(table: SnapshotTable, key: RangeKey | null, ranges: readonly KeyRange[]): Promise<TableState | null> {
    const { schema, name } = table.metadata;
    return this.#guarded(`table ${schema}.${name}`, (session) =>
      this.#changing(session, async (id) => {
        if ((await columnMismatch(session, table.metadata)) !== null) return null;
        if (this.#known().onExisting === 'append') await this.#refuseSecondTime(session, table);
        else await emptyTable(session, table.metadata, this.#session);
        return await writeTable(session, id, table, key, ranges);
      }),
    );
  }

  markTable(oid: number, state: TableCopyState): Promise<void> {
    return this.#guarded(`table ${oid}`, (session) =>
      this.#changing(session, async (id) => {
        if (state !== 'copied' && this.#known().onExisting !== 'append') {
          // Any other has been empty since it was marked, and may be called something else by now.
          const { rows } = await session.query(
            `select definition -> 'metadata' ->> 'schema' as schema, definition -> 'metadata' ->> 'name' as name
             from walcast.snapshot_table where snapshot = $1 and oid = $2 and (state = 'waiting' or state = 'copied' and $3)`,
            [id, String(oid), String(this.#known().phase !== 'catchup')],
          );
          const row = rows[0];
          if (row !== undefined)
            await emptyTable(session, { schema: row['schema'] ?? '', name: row['name'] ?? '' }, this.#session);
        }
        await writeTableState(session, id, oid, state);
      }),
    );
  }

  async openWriter(): Promise<SnapshotWriter> {
    const holder = { id: this.#known().id, holder: this.#holder };
    return new RangeWriter(await openSnapshotConnection(this.#context), holder, this.#context);
  }

  setSequences(values: readonly SequenceValue[]): Promise<void> {
    return this.#guarded('sequences', (session) => setSequences(session, values));
  }

  analyze(report: (progress: SectionProgress) => void, connections = 1): Promise<void> {
    return this.#guarded('statistics', async (session) => {
      const tables = await tablesToAnalyze(session, this.#known().id);
      await withConnections(this.#context, Math.min(connections, tables.length) - 1, (others) =>
        analyzeTables([session, ...others.map(({ connection }) => connection)], tables, report),
      );
    });
  }

  enter(phase: SnapshotPhase): Promise<void> {
    return this.#guarded(`phase ${phase}`, async (session) => {
      if (phase === 'done') await this.#complete(session);
      await this.#changing(session, async (id) => {
        await session.execute('set local synchronous_commit = on');
        await writePhase(session, id, phase);
        if (phase === 'catchup') await forgetStatements(session, id);
        if (phase === 'done') await forgetDetails(session, id);
      });
      this.#head = { ...this.#known(), phase };
      if (phase === 'done') await dropReplaced(session, this.#context);
    });
  }

  abandon(): Promise<void> {
    return this.#guarded('end of a copy that cannot be completed', async (session) => {
      await this.#changing(session, async (id) => {
        await session.execute('set local synchronous_commit = on');
        await forgetSnapshot(session, id);
      });
      this.#head = null;
    });
  }

  close(): Promise<void> {
    this.#session.connection.close();
    return Promise.resolve();
  }

  /** What waited for all tables to be at one moment. */
  async #complete(session: SqlSession): Promise<void> {
    const head = await readHead(session, this.#context.source);
    if (head === null) return;
    await refreshStaleViews(this.#context, session, head.id);
    await validatePostponed(this.#context, session, head);
  }

  #known(): SnapshotHead {
    if (this.#head === null) throw new WalcastError('E_INTERNAL', 'no copy was begun or loaded');
    return this.#head;
  }

  /** The lock ends with its session, which the server may notice a moment after the process. */
  async #lock(session: SqlSession): Promise<void> {
    if (this.#locked) return;
    const { systemIdentifier, database, pipeline } = this.#context.source;
    const name = JSON.stringify(['walcast snapshot', systemIdentifier, database, pipeline]);
    const start = performance.now();
    while ((await session.query(LOCK, [name])).rows[0]?.['taken'] !== 't') {
      if (performance.now() - start > LOCK_PATIENCE_MS)
        throw new WalcastError('E_SNAPSHOT_TAKEN', `another process is filling target ${this.#context.target}`);
      await delay(LOCK_POLL_MS, undefined, { signal: this.#context.signal });
    }
    this.#locked = true;
  }

  /** One transaction of ours, unless another process has taken over. */
  #changing<T>(session: SqlSession, work: (id: string) => Promise<T>): Promise<T> {
    const { id } = this.#known();
    return inTransaction(session, async () => {
      await requireHolder(session, id, this.#holder);
      return await work(id);
    });
  }

  async #refuseOtherTables(session: SqlSession, { tables }: SchemaScript): Promise<void> {
    for (const { metadata } of tables) {
      const mismatch = await columnMismatch(session, metadata);
      if (mismatch === null) continue;
      const table = `${metadata.schema}.${metadata.name}`;
      throw new WalcastError('E_SNAPSHOT_TABLE', `the rows of ${table} cannot be added: ${mismatch}`, {
        fields: { table, target: this.#context.target },
      });
    }
  }

  /** Rows that were there before the copy cannot be told from those that it has brought. */
  async #refuseSecondTime(session: SqlSession, { oid, metadata }: SnapshotTable): Promise<void> {
    const { rows } = await session.query(
      'select 1 as one from walcast.snapshot_range where snapshot = $1 and oid = $2 and visible is not null limit 1',
      [this.#known().id, String(oid)],
    );
    if (rows.length === 0) return;
    const table = `${metadata.schema}.${metadata.name}`;
    throw new WalcastError(
      'E_SNAPSHOT_TABLE',
      `${table} changed on the source after some of its rows were added; what to take out again is not known`,
      { fields: { table, target: this.#context.target } },
    );
  }

  async #guarded<T>(where: string, work: (session: SqlSession) => Promise<T>): Promise<T> {
    const { target } = this.#context;
    try {
      return await work(this.#session.connection);
    } catch (error) {
      throw serverError(error, `${where}, target ${target}`, { target });
    }
  }
}

function waiting(table: SnapshotTable): TableState {
  return { table, state: 'waiting', key: null, ranges: [] };
}
