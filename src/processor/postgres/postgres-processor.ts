import { TextNeeded } from '../../errors/text-needed.ts';
import { WalcastError, type ErrorFields } from '../../errors/walcast-error.ts';
import type { PipelineFailure } from '../../postgres/pipeline-failure.ts';
import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import type { EventBatch } from '../../wal/event-batch.ts';
import { formatLsn, LSN_MAX, LSN_ZERO, maxLsn, type Lsn } from '../../wal/lsn.ts';
import type { Processor, ProcessorEvents, ProcessorState, SourcePosition } from '../../wal/processor.ts';
import { openApplyConnection } from './apply-connection.ts';
import { pipelineError, serverError } from './apply-error.ts';
import { makeDurable } from './checkpoint-store.ts';
import { finishPendingIndexes, indexesPending } from './concurrent-index.ts';
import type { DdlApplier } from './ddl-applier.ts';
import { DdlLog } from './ddl-log.ts';
import { Durability } from './durability.ts';
import { RowApplier } from './rows/row-applier.ts';
import { readSkippedDdl } from './skipped-ddl.ts';
import { CatchUp, TWICE } from './snapshot/catch-up.ts';
import { finishCopy } from './snapshot/finish-copy.ts';
import { joinStream } from './snapshot/join-stream.ts';
import { ReplacingSink } from './snapshot/replacing-sink.ts';
import type { SnapshotContext } from './snapshot/snapshot-context.ts';
import { isPostgresFailure } from './ddl/server-errors.ts';
import type { Relation } from '../../wal/relation.ts';
import type { SnapshotSink } from '../../wal/snapshot.ts';
import { TransactionApplier } from './transaction-applier.ts';
import type { ApplyTotals } from './apply-options.ts';
import { Watchdog } from './watchdog.ts';

export interface PostgresProcessorOptions {
  readonly name: string;
  readonly url: string;
  /** A replayer for one session. */
  readonly ddl: () => DdlApplier;
  /** The policy `ddl: apply`; else changes of schema are left to others. */
  readonly applyDdl: boolean;
  /** `initial`: a target without a checkpoint is filled from the source's state before it joins the stream. */
  readonly snapshot?: 'initial' | 'never';
  /** Rows go one by one in source order, each transaction by itself, as after a failure: to hold the faster way against it. */
  readonly rowByRow?: boolean;
  /** Brings the target's `walcast` schema up to date before the checkpoint is read. */
  readonly migrate: (session: SqlSession) => Promise<void>;
}

/** Everything that lives as long as one connection. */
interface Session {
  readonly events: ProcessorEvents;
  readonly connection: PipelinedConnection;
  readonly rows: RowApplier;
  readonly durability: Durability;
  readonly watchdog: Watchdog;
}

/** A PostgreSQL target: connects, holds the checkpoint against the source, and tells every failure apart. */
export class PostgresProcessor implements Processor {
  readonly name: string;
  readonly #options: PostgresProcessorOptions;
  readonly #totals: ApplyTotals = { rows: 0, transactions: 0, ddl: 0, lastCommitTime: null };
  #session: Session | null = null;
  #applier: TransactionApplier | null = null;
  #failure: WalcastError | null = null;
  #cautiousUntil: Lsn;
  #checkpoint: Lsn = LSN_ZERO;
  /** Copied tables whose rows met a unique value twice: source oid → name here. Emptied when the session opens, and copied again. */
  readonly #startOver = new Map<number, Relation>();
  #copying = false;

  constructor(options: PostgresProcessorOptions) {
    this.name = options.name;
    this.#options = options;
    this.#cautiousUntil = options.rowByRow === true ? LSN_MAX : LSN_ZERO;
  }

  /** Ranges of a copy are told apart by keys, as text. */
  get takesBinary(): boolean {
    return this.#applier !== null && !this.#copying;
  }

  async openSnapshot(source: SourcePosition, signal: AbortSignal): Promise<SnapshotSink> {
    try {
      return await ReplacingSink.open(this.#snapshotContext(source, signal), this.#options.migrate);
    } catch (error) {
      throw serverError(error, `target ${this.name}`, { target: this.name });
    }
  }

  async open(source: SourcePosition, events: ProcessorEvents, signal: AbortSignal): Promise<Lsn | null> {
    this.#failure = null;
    const abort = (): void => this.#session?.connection.close();
    try {
      const { connection, replicaRole, asynchronousCommit } = await openApplyConnection(
        this.#options.url,
        signal,
        (failure) => this.#pipelineFailed(failure),
      );
      const ddl = this.#options.ddl();
      const rows = new RowApplier(connection, replicaRole, ddl.userCode);
      const durability = new Durability(connection, asynchronousCommit, (position) => events.durable(position));
      const watchdog = new Watchdog(connection, this.#options.url, (cause) =>
        this.#giveUp(new WalcastError('E_TARGET_CONNECTION', `target ${this.name} does not answer`, { cause })),
      );
      signal.addEventListener('abort', abort, { once: true });
      this.#session = { events, connection, rows, durability, watchdog };
      await this.#options.migrate(connection);
      const joined = await joinStream(connection, {
        source,
        target: this.name,
        initial: this.#options.snapshot === 'initial',
        startOver: this.#startOver,
        replicaRole,
      });
      if (joined === null) {
        await this.close();
        return null;
      }
      const { position, copy } = joined;
      this.#startOver.clear();
      this.#copying = copy !== null;
      if (asynchronousCommit) await makeDurable(connection, source);
      await rows.learnConstraints();
      await DdlLog.prune(connection);
      this.#checkpoint = position;
      this.#applier = new TransactionApplier({
        target: this.name,
        source,
        connection,
        rows,
        durability,
        ddl,
        applyDdl: this.#options.applyDdl,
        totals: this.#totals,
        failed: (error) => void this.#giveUp(serverError(error, this.#where(), this.#fields())),
        hooks: events,
        position,
        catchUp: copy === null ? null : new CatchUp({ connection, rows, replicaRole, ...copy, position }),
        finishCopy: () => finishCopy(this.#snapshotContext(source, signal)),
        indexesPending: await indexesPending(connection, source),
        finishIndexes: () => finishPendingIndexes(this.#options.url, source, signal),
        skippedDdl: await readSkippedDdl(connection, source),
        cautiousUntil: this.#cautiousUntil,
      });
      return position;
    } catch (error) {
      await this.close();
      throw serverError(error, `target ${this.name}`, { target: this.name });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async write(batch: EventBatch): Promise<void> {
    await this.#guarded((applier) => applier.write(batch));
  }

  async flush(): Promise<void> {
    await this.#guarded((applier) => applier.flush());
  }

  async settle(): Promise<void> {
    await this.#guarded((applier) => applier.settled());
  }

  async close(): Promise<void> {
    const session = this.#session;
    const applier = this.#applier;
    this.#session = null;
    this.#applier = null;
    if (session === null) return;
    session.watchdog.stop();
    session.durability.stop();
    session.connection.close();
    applier?.discard();
    await applier?.settled().catch(() => undefined); // rejected by the close unless the answer was there
  }

  describe(): ProcessorState {
    return { checkpoint: this.#applier?.checkpoint ?? this.#checkpoint, ...this.#totals };
  }

  async #guarded(action: (applier: TransactionApplier) => Promise<void>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#applier === null) throw new WalcastError('E_INTERNAL', `target ${this.name} is not open`);
    try {
      await action(this.#applier);
    } catch (error) {
      throw this.#giveUp(serverError(error, this.#where(), this.#fields()));
    }
  }

  /** The session is ended with its open transaction, whose locks would be in the way of whoever mends the target. */
  #giveUp(error: WalcastError): WalcastError {
    const failure = this.#failed(error);
    this.#session?.connection.close();
    return failure;
  }

  #where(): string {
    return this.#applier === null
      ? `target ${this.name}`
      : `transaction at ${formatLsn(this.#applier.begun)}, target ${this.name}`;
  }

  #fields(): ErrorFields {
    return this.#applier === null ? { target: this.name } : { target: this.name, lsn: formatLsn(this.#applier.begun) };
  }

  #snapshotContext(source: SourcePosition, signal: AbortSignal): SnapshotContext {
    return { target: this.name, url: this.#options.url, source, replay: this.#options.ddl().policies, signal };
  }

  #pipelineFailed(failure: PipelineFailure): void {
    const relation = this.#notYetFitting(failure);
    if (relation !== null) {
      this.#startOver.set(relation.oid, relation);
      const known = pipelineError(failure, this.name, () => relation);
      this.#failed(known.asRetryable());
      return;
    }
    if (failure.batch === null) {
      this.#failed(serverError(failure.error, this.#where(), this.#fields()));
      return;
    }
    const refused = pipelineError(failure, this.name, (oid) => this.#session?.rows.relation(oid) ?? null);
    this.#failed(this.#againAsText(failure) && !refused.retryable ? new TextNeeded(refused.message, refused) : refused);
  }

  /** What the target says of a row that came in binary form is asked once more of its text, which people can read as well. */
  #againAsText({ batch, event }: PipelineFailure): boolean {
    return batch !== null && this.#session?.rows.relation(batch.refs[event] as number)?.binary === true;
  }

  /** A table whose ranges were copied under several snapshots, where one row is ahead of another: it is copied as a whole. */
  #notYetFitting({ batch, event, error }: PipelineFailure): Relation | null {
    if (batch === null || !isPostgresFailure(error, TWICE)) return null;
    const oid = batch.refs[event] as number;
    return this.#applier?.mixed(oid) === true ? (this.#session?.rows.relation(oid) ?? null) : null;
  }

  /** The first failure counts; what follows from it says nothing new. */
  #failed(error: WalcastError): WalcastError {
    if (this.#failure !== null) return this.#failure;
    const applier = this.#applier;
    // It may have been any transaction of a group: once more, one by one, so that all before the culprit are kept.
    this.#failure = error.retryable || applier === null || applier.cautious ? error : error.asRetryable();
    if (applier !== null) this.#cautiousUntil = maxLsn(this.#cautiousUntil, applier.begun);
    this.#session?.events.failed(this.#failure);
    return this.#failure;
  }
}
