import { setImmediate as nextTurn } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { PipelinedConnection, PipelineFailure } from '../../postgres/pipelined-connection.ts';
import { quoteQualified } from '../../sql/quote.ts';
import type { DdlEvent } from '../../wal/ddl-event.ts';
import {
  EVENT,
  type BeginEvent,
  type CommitEvent,
  type EventBatch,
  type IdleEvent,
  type TruncateEvent,
} from '../../wal/event-batch.ts';
import { formatLsn, LSN_ZERO, type Lsn } from '../../wal/lsn.ts';
import type { Processor, ProcessorEvents, ProcessorState, SourcePosition } from '../../wal/processor.ts';
import type { Relation } from '../../wal/relation.ts';
import { openApplyConnection } from './apply-connection.ts';
import { pipelineError, serverError } from './apply-error.ts';
import { ADVANCE_SQL, ADVANCE_STATEMENT, advanceValues, openCheckpoint } from './checkpoint-store.ts';
import { Durability } from './durability.ts';
import { Group } from './group.ts';
import type { DdlApplier } from './ddl-applier.ts';
import { HeldRows } from './rows/held-rows.ts';
import { RowApplier } from './rows/row-applier.ts';
import { Watchdog } from './watchdog.ts';

const HELD_ROWS_LIMIT = 64 * 1024 * 1024;
/** Idle positions are recorded on the target at most this often. */
const IDLE_EVERY_MS = 10_000;

export interface PostgresProcessorOptions {
  readonly name: string;
  readonly url: string;
  /** Null: the policy `ddl: ignore`. */
  readonly ddl: (() => DdlApplier) | null;
  /** Brings the target's `walcast` schema up to date before the checkpoint is read. */
  readonly migrate: (url: string, signal: AbortSignal) => Promise<void>;
}

/** Everything that lives as long as one connection. */
interface Session {
  readonly source: SourcePosition;
  readonly events: ProcessorEvents;
  readonly connection: PipelinedConnection;
  readonly rows: RowApplier;
  readonly ddl: DdlApplier | null;
  readonly durability: Durability;
  readonly watchdog: Watchdog;
}

/**
 * Brings a PostgreSQL database to the source's state: rows through the pipeline, DDL in its place between them, and the checkpoint in the
 * same transaction. One group of source transactions is being committed while the next is being written.
 */
export class PostgresProcessor implements Processor {
  readonly name: string;
  readonly #options: PostgresProcessorOptions;
  readonly #group = new Group();
  readonly #held = new HeldRows(HELD_ROWS_LIMIT);
  #session: Session | null = null;
  #failure: WalcastError | null = null;
  /** The latest transaction that was begun; after a failure, each one up to it is committed alone, so that the one that fails is found. */
  #begun: Lsn = LSN_ZERO;
  #cautiousUntil: Lsn = LSN_ZERO;
  #skipBelow: Lsn = LSN_ZERO;
  #skipping = false;
  #inTransaction = false;
  #sent: Lsn = LSN_ZERO;
  #checkpoint: Lsn = LSN_ZERO;
  #committing: Promise<void> = Promise.resolve();
  #idleRecordedAt = 0;
  #rows = 0;
  #transactions = 0;
  #ddlCount = 0;
  #lastCommitTime: bigint | null = null;

  constructor(options: PostgresProcessorOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async open(source: SourcePosition, events: ProcessorEvents, signal: AbortSignal): Promise<Lsn> {
    if (this.#failure !== null) this.#cautiousUntil = this.#begun;
    this.#failure = null;
    try {
      await this.#options.migrate(this.#options.url, signal);
      const { connection, replicaRole, asynchronousCommit } = await openApplyConnection(
        this.#options.url,
        signal,
        (failure) => this.#pipelineFailed(failure),
      );
      this.#session = {
        source,
        events,
        connection,
        rows: new RowApplier(connection, replicaRole),
        ddl: this.#options.ddl?.() ?? null,
        durability: new Durability(connection, asynchronousCommit, (position) => events.durable(position)),
        watchdog: new Watchdog(connection, this.#options.url, (error) =>
          this.#failed(
            new WalcastError('E_TARGET_CONNECTION', `target ${this.name} does not answer`, { cause: error }),
          ),
        ),
      };
      const position = await openCheckpoint(connection, source, this.name);
      await this.#session.rows.learnConstraints();
      this.#prepareFixed();
      this.#reset(position);
      return position;
    } catch (error) {
      await this.close();
      throw serverError(error, `target ${this.name}`, { target: this.name });
    }
  }

  async write(batch: EventBatch): Promise<void> {
    const { connection } = this.#use();
    batch.retain();
    try {
      for (let i = 0; i < batch.count; i++) {
        const kind = batch.kinds[i];
        if (kind === EVENT.insert || kind === EVENT.update || kind === EVENT.delete) {
          if (this.#skipping) continue;
          if (!this.#use().rows.write(batch, i)) await this.#slowRow(batch, i);
          this.#group.rows++;
          if (connection.congested) await connection.relieved();
        } else {
          await this.#event(batch, i);
        }
      }
      this.#group.bytes += batch.byteLength;
      connection.out.flush();
    } catch (error) {
      throw this.#translate(error);
    } finally {
      connection.releaseBatch(batch);
    }
  }

  async flush(): Promise<void> {
    try {
      if (this.#group.open && !this.#inTransaction) await this.#closeGroup();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async settle(): Promise<void> {
    await this.#committing;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#held.clear();
    if (session === null) return;
    session.watchdog.stop();
    session.durability.stop();
    session.connection.close();
    await this.#committing.catch(() => undefined);
    await nextTurn(); // the socket's close event has been seen
  }

  describe(): ProcessorState {
    return {
      checkpoint: this.#checkpoint,
      rows: this.#rows,
      transactions: this.#transactions,
      ddl: this.#ddlCount,
      lastCommitTime: this.#lastCommitTime,
    };
  }

  async #event(batch: EventBatch, i: number): Promise<void> {
    const session = this.#use();
    switch (batch.kind(i)) {
      case EVENT.begin:
        this.#begin(session, batch.object<BeginEvent>(i));
        break;
      case EVENT.commit:
        await this.#commit(session, batch.object<CommitEvent>(i));
        break;
      case EVENT.relation:
        session.rows.announce(batch.object<Relation>(i));
        break;
      case EVENT.truncate:
        if (!this.#skipping) await this.#truncate(session, batch.object<TruncateEvent>(i), batch.lsn(i));
        break;
      case EVENT.ddl:
        if (!this.#skipping) await this.#ddl(session, batch.object<DdlEvent>(i), batch.lsn(i));
        break;
      case EVENT.idle:
        await this.#idle(batch.object<IdleEvent>(i).position);
        break;
      case EVENT.insert:
      case EVENT.update:
      case EVENT.delete:
        throw new WalcastError('E_INTERNAL', 'a row reached the way of the rare events');
    }
  }

  #begin(session: Session, { commitLsn }: BeginEvent): void {
    this.#inTransaction = true;
    this.#begun = commitLsn;
    this.#skipping = commitLsn < this.#skipBelow;
    if (this.#skipping) return;
    session.ddl?.beginTransaction();
    if (this.#group.open) return;
    this.#group.start();
    session.connection.command('begin');
    if (session.rows.deferrable) session.connection.command('defer');
  }

  async #commit(session: Session, { endLsn, commitTime }: CommitEvent): Promise<void> {
    this.#inTransaction = false;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (!this.#held.empty) await this.#heldToTheEnd(session);
    if (this.#group.userCode) await this.#endUserCode(session);
    this.#group.transactions++;
    this.#group.end = endLsn;
    this.#lastCommitTime = commitTime;
    if (this.#group.full || this.#isCautious) await this.#closeGroup();
  }

  /** Sends checkpoint and COMMIT in one piece, after every row of the group was answered; does not wait for the commit itself. */
  async #closeGroup(): Promise<void> {
    const { connection, source, durability } = this.#use();
    await connection.drained();
    const end = this.#group.end;
    if (end === null) throw new WalcastError('E_INTERNAL', 'a group without a transaction');
    this.#rows += this.#group.rows;
    this.#transactions += this.#group.transactions;
    this.#group.open = false;
    connection.command(ADVANCE_STATEMENT, advanceValues(source, this.#sent, end));
    connection.command('commit');
    this.#sent = end;
    this.#committing = connection.sync().then(() => {
      this.#checkpoint = end;
      durability.committed(end);
    });
    this.#committing.catch(() => undefined); // reported through the connection's failure
    if (this.#isCautious) await this.#committing;
    if (this.#use().rows.statementsExhausted) await this.#forgetStatements();
  }

  async #slowRow(batch: EventBatch, i: number): Promise<void> {
    const { rows } = this.#use();
    const oid = batch.refs[i] as number;
    if (this.#held.has(oid) || (await rows.table(oid)) === null) {
      this.#held.add(batch, i, rows.relation(oid)?.columns.length ?? 0);
      return;
    }
    if (rows.writeSlowly(batch, i)) this.#group.userCode = true;
  }

  async #truncate(session: Session, { relations, restartIdentity }: TruncateEvent, lsn: Lsn): Promise<void> {
    await session.connection.drained();
    const names: string[] = [];
    for (const relation of relations) {
      const table = await session.rows.table(relation.oid);
      if (table === null) {
        const name = `${relation.schema}.${relation.name}`;
        throw new WalcastError(
          'E_TARGET_TABLE_MISSING',
          `TRUNCATE of ${name} at ${formatLsn(lsn)}: target ${this.name} has no such table`,
          {
            fields: { table: name, lsn: formatLsn(lsn), target: this.name },
          },
        );
      }
      if (!table.partitioned) names.push(`only ${quoteQualified(table.schema, table.name)}`); // its partitions are listed too
    }
    if (names.length > 0)
      await session.connection.query(`truncate ${names.join(', ')}${restartIdentity ? ' restart identity' : ''}`);
  }

  async #ddl(session: Session, event: DdlEvent, lsn: Lsn): Promise<void> {
    if (session.ddl === null) return;
    await session.connection.drained();
    this.#group.userCode = true;
    if (event.kind === 'rows') {
      this.#group.rows += await session.ddl.rows(event, session.connection);
      return;
    }
    const started = performance.now();
    if (session.rows.deferrable) await this.#settleConstraints(session.connection);
    const { statement, how } = await session.ddl.apply(event, session.connection);
    session.rows.forgetShapes();
    await session.rows.learnConstraints();
    if (session.rows.deferrable) await session.connection.query('set constraints all deferred');
    this.#ddlCount++;
    session.events.ddl({ lsn, tag: event.tag, statement, how, milliseconds: performance.now() - started });
    for (const oid of this.#held.relations) {
      if ((await session.rows.table(oid)) !== null) await this.#release(session, oid);
    }
  }

  /** A table with checks outstanding cannot be altered. What is not fulfilled yet, on tables that the statement leaves alone, goes on waiting. */
  async #settleConstraints(connection: PipelinedConnection): Promise<void> {
    await connection.query('savepoint settle');
    try {
      await connection.query('set constraints all immediate');
    } catch {
      await connection.query('rollback to settle');
    }
    await connection.query('release settle');
  }

  /** Rows that came before their table's event, now that the table is there. */
  async #release(session: Session, oid: number): Promise<void> {
    const batches = this.#held.take(oid);
    for (const batch of batches) {
      for (let i = 0; i < batch.count; i++) {
        if (!session.rows.write(batch, i)) session.rows.writeSlowly(batch, i);
        if (session.connection.congested) await session.connection.relieved();
      }
      session.connection.releaseBatch(batch);
    }
  }

  /** The transaction ends and no event has made these tables. */
  async #heldToTheEnd(session: Session): Promise<void> {
    for (const oid of this.#held.relations) {
      const relation = session.rows.relation(oid);
      if (relation === null) throw new WalcastError('E_INTERNAL', `rows held for relation ${oid}, which is unknown`);
      await session.connection.drained();
      if (session.ddl === null) throw this.#missing(relation);
      await session.ddl.gap(relation, session.connection);
      this.#group.userCode = true;
      session.rows.forgetShapes();
      if ((await session.rows.table(oid)) === null) throw this.#missing(relation);
      await this.#release(session, oid);
    }
  }

  #missing({ schema, name }: Relation): WalcastError {
    return new WalcastError(
      'E_TARGET_TABLE_MISSING',
      `rows came for ${schema}.${name}, which target ${this.name} does not have`,
      {
        fields: { table: `${schema}.${name}`, target: this.name },
      },
    );
  }

  async #endUserCode(session: Session): Promise<void> {
    await session.connection.drained();
    if (session.ddl !== null && (await session.ddl.endTransaction(session.connection))) {
      session.rows.forgetStatements();
      this.#prepareFixed();
    }
  }

  async #idle(position: Lsn): Promise<void> {
    const now = Date.now();
    if (this.#inTransaction || position <= this.#sent || now - this.#idleRecordedAt < IDLE_EVERY_MS) return;
    if (this.#group.open) await this.#closeGroup();
    this.#idleRecordedAt = now;
    if (position <= this.#sent) return;
    this.#use().connection.command('begin');
    this.#group.start();
    this.#group.end = position;
    await this.#closeGroup();
  }

  async #forgetStatements(): Promise<void> {
    const { connection, rows } = this.#use();
    await connection.query('deallocate all');
    rows.forgetStatements();
    this.#prepareFixed();
  }

  #prepareFixed(): void {
    const { connection } = this.#use();
    connection.prepare('begin', 'begin', []);
    connection.prepare('commit', 'commit', []);
    connection.prepare('defer', 'set constraints all deferred', []);
    connection.prepare(ADVANCE_STATEMENT, ADVANCE_SQL, []);
  }

  #reset(position: Lsn): void {
    this.#skipBelow = position;
    this.#sent = position;
    this.#checkpoint = position;
    this.#skipping = false;
    this.#inTransaction = false;
    this.#group.open = false;
    this.#held.clear();
    this.#committing = Promise.resolve();
    this.#idleRecordedAt = Date.now();
  }

  get #isCautious(): boolean {
    return this.#begun <= this.#cautiousUntil;
  }

  #use(): Session {
    if (this.#failure !== null) throw this.#failure;
    if (this.#session === null) throw new WalcastError('E_INTERNAL', `target ${this.name} is not open`);
    return this.#session;
  }

  #pipelineFailed(failure: PipelineFailure): void {
    this.#failed(pipelineError(failure, this.name, (oid) => this.#session?.rows.relation(oid) ?? null));
  }

  #failed(error: WalcastError): void {
    if (this.#failure !== null || this.#session === null) return;
    // The first time it may have been any transaction of the group: again, one by one.
    this.#failure = error.retryable || this.#isCautious ? error : error.asRetryable();
    this.#session.events.failed(this.#failure);
  }

  #translate(error: unknown): WalcastError {
    if (this.#failure === null) this.#failed(serverError(error, `target ${this.name}`, { target: this.name }));
    return this.#failure ?? serverError(error, `target ${this.name}`, { target: this.name });
  }
}
