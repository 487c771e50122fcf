import { isWalcastError, WalcastError } from '../../../errors/walcast-error.ts';
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
import { PostgresSnapshotSink } from './postgres-sink.ts';
import { createReplacement, dropDatabase, swapDatabases, urlOf } from './replacement.ts';
import { replacementNames, stateOfDatabase } from './replacement-names.ts';
import type { SnapshotContext } from './snapshot-context.ts';

const REFUSED = /^E_(SNAPSHOT_STATEMENT|DDL_)/;

type Migrate = (session: SqlSession) => Promise<void>;

/**
 * Fills the target's database itself or, to replace one that holds something, another one beside it, which takes its place in one step when
 * everything is there.
 */
export class ReplacingSink implements SnapshotSink {
  readonly #context: SnapshotContext;
  readonly #migrate: Migrate;
  readonly #database: string;
  /** Where the copy goes. */
  #inner: PostgresSnapshotSink;
  /** While the copy goes beside the target's database: the session that holds its lock. */
  #outer: PostgresSnapshotSink | null = null;

  private constructor(context: SnapshotContext, migrate: Migrate, inner: PostgresSnapshotSink, database: string) {
    this.#context = context;
    this.#migrate = migrate;
    this.#inner = inner;
    this.#database = database;
  }

  static async open(context: SnapshotContext, migrate: Migrate): Promise<ReplacingSink> {
    const inner = await PostgresSnapshotSink.open(context, migrate);
    try {
      return new ReplacingSink(context, migrate, inner, await inner.databaseName());
    } catch (error) {
      await inner.close();
      throw error;
    }
  }

  async load(): Promise<SnapshotState | null> {
    if (this.#outer !== null) return await this.#inner.load();
    const { next } = replacementNames(this.#database);
    const found = await this.#inner.run((session) => stateOfDatabase(session, next, this.#context.source));
    if (found !== 'ours') return await this.#inner.load();
    const beside = await this.#openBeside();
    try {
      const state = await beside.load();
      if (state === null) {
        // Its process ended before it had begun there.
        await beside.close();
        await this.#inner.run((session) => dropDatabase(session, next));
        return await this.#inner.load();
      }
      this.#outer = this.#inner;
      this.#inner = beside;
      if (state.phase !== 'catchup') return state;
      await this.#swap();
      return await this.#inner.load();
    } catch (error) {
      await beside.close();
      throw error;
    }
  }

  async begin(script: SchemaScript, schema: Cut, onExisting: OnExisting): Promise<SnapshotState> {
    if (onExisting !== 'replace' || (await this.#inner.empty())) {
      return await this.#inner.begin(script, schema, onExisting === 'replace' ? 'fail' : onExisting);
    }
    await this.#inner.lock();
    await this.#inner.run((session) => createReplacement(session, this.#context));
    this.#outer = this.#inner;
    this.#inner = await this.#openBeside();
    return await this.#inner.begin(script, schema, 'replace');
  }

  /** A schema that the target refuses may be changed on the source: while nothing else is lost by it, it is read anew the next time. */
  async restore(
    section: SchemaSection,
    report: (progress: SectionProgress) => void,
    signal: AbortSignal,
    connections?: number,
  ): Promise<void> {
    try {
      await this.#inner.restore(section, report, signal, connections);
    } catch (error) {
      const refused = isWalcastError(error) && REFUSED.test(error.code);
      if (refused && section === 'pre-data' && (this.#outer !== null || (await this.#inner.empty())))
        await this.abandon().catch(() => undefined); // the first error counts
      throw error;
    }
  }

  startTable(table: SnapshotTable, key: RangeKey | null, ranges: readonly KeyRange[]): Promise<TableState | null> {
    return this.#inner.startTable(table, key, ranges);
  }

  markTable(oid: number, state: TableCopyState): Promise<void> {
    return this.#inner.markTable(oid, state);
  }

  openWriter(): Promise<SnapshotWriter> {
    return this.#inner.openWriter();
  }

  setSequences(values: readonly SequenceValue[]): Promise<void> {
    return this.#inner.setSequences(values);
  }

  analyze(report: (progress: SectionProgress) => void, connections?: number): Promise<void> {
    return this.#inner.analyze(report, connections);
  }

  /** A copy beside takes its place before the stream comes, or before it is called done: whoever goes on finds it in one of two places. */
  async enter(phase: SnapshotPhase): Promise<void> {
    if (this.#outer !== null && (phase === 'catchup' || phase === 'done')) {
      await this.#inner.enter('catchup');
      await this.#swap();
      if ((await this.#inner.load()) === null)
        throw new WalcastError('E_INTERNAL', 'the copy is not in the database that took the place of the target');
      if (phase === 'catchup') return;
    }
    await this.#inner.enter(phase);
  }

  /** The one beside goes, the target's own is as it was. */
  async abandon(): Promise<void> {
    if (this.#outer === null) {
      await this.#inner.abandon();
      return;
    }
    await this.#inner.close();
    this.#inner = this.#outer;
    this.#outer = null;
    await this.#inner.run((session) => dropDatabase(session, replacementNames(this.#database).next));
  }

  async close(): Promise<void> {
    await Promise.all([this.#inner.close(), this.#outer?.close()]);
  }

  async #swap(): Promise<void> {
    await this.close();
    await swapDatabases(this.#context, this.#database);
    this.#outer = null;
    this.#inner = await PostgresSnapshotSink.open(this.#context, this.#migrate);
  }

  async #openBeside(): Promise<PostgresSnapshotSink> {
    const url = urlOf(this.#context.url, replacementNames(this.#database).next);
    return await PostgresSnapshotSink.open({ ...this.#context, url }, this.#migrate);
  }
}
