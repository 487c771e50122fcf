import { WalcastError } from '../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import type { DdlCommandEvent, DdlEvent } from '../../wal/ddl-event.ts';
import {
  EVENT,
  type BeginEvent,
  type CommitEvent,
  type EventBatch,
  type IdleEvent,
  type TruncateEvent,
} from '../../wal/event-batch.ts';
import { formatLsn, type Lsn } from '../../wal/lsn.ts';
import type { AppliedDdl, SourcePosition } from '../../wal/processor.ts';
import type { Relation } from '../../wal/relation.ts';
import type { DdlApplier } from './ddl-applier.ts';
import { notePendingIndex } from './concurrent-index.ts';
import { atPosition } from './apply-error.ts';
import type { ApplyTotals, TransactionApplierOptions } from './apply-options.ts';
import { DdlLog } from './ddl-log.ts';
import { defersNothing, expectCommands, headOf, isGregarious, tablesWithRowsNext } from './ddl-traits.ts';
import { Group } from './group.ts';
import { GroupCommit } from './group-commit.ts';
import { prepareFixedStatements } from './fixed-statements.ts';
import { VERDICT, type Verdict } from '../../wal/snapshot-cut.ts';
import type { CatchUp } from './snapshot/catch-up.ts';
import { EarlyRows } from './rows/early-rows.ts';
import type { AskedTable, RowApplier } from './rows/row-applier.ts';
import { truncateTables } from './rows/truncate.ts';

/** Idle positions are recorded on the target at most this often. */
const IDLE_EVERY_MS = 10_000;
const PASSED_OVER = { source: null, statement: null, how: 'skipped: replicate ddl skip', milliseconds: 0 };

/**
 * Applies events on one live session: rows through the pipeline, DDL in its place between them, and the checkpoint in the same transaction.
 * One group of source transactions is being committed while the next is being written. Of no use any more after it threw.
 */
export class TransactionApplier {
  readonly #target: string;
  readonly #source: SourcePosition;
  readonly #connection: PipelinedConnection;
  readonly #rows: RowApplier;
  readonly #ddl: DdlApplier;
  readonly #applyDdl: boolean;
  readonly #hooks: TransactionApplierOptions['hooks'];
  readonly #finishIndexes: () => Promise<unknown>;
  readonly #finishCopy: () => Promise<unknown>;
  readonly #skippedDdl: ReadonlySet<string>;
  #indexesPending: boolean;
  readonly #skipBelow: Lsn;
  readonly #cautiousUntil: Lsn;
  readonly #log: DdlLog;
  readonly #group = new Group();
  readonly #commits: GroupCommit;
  readonly #early: EarlyRows;
  readonly totals: ApplyTotals;
  #begun: Lsn;
  #generation: number;
  #skipping = false;
  #catchUp: CatchUp | null;
  /** Not everything of the transaction at hand is to be applied. */
  #judging = false;
  #inTransaction = false;
  /** End of the last transaction that was taken as a whole. */
  #reached: Lsn;
  #idleRecordedAt = Date.now();

  constructor(options: TransactionApplierOptions) {
    this.#target = options.target;
    this.#source = options.source;
    this.#connection = options.connection;
    this.#rows = options.rows;
    this.#ddl = options.ddl;
    this.#applyDdl = options.applyDdl;
    this.#generation = options.ddl.preparedGeneration;
    this.#hooks = options.hooks;
    this.#finishIndexes = options.finishIndexes;
    this.#finishCopy = options.finishCopy;
    this.#catchUp = options.catchUp;
    this.#ddl.postpone(options.catchUp?.postponed ?? null);
    this.#indexesPending = options.indexesPending;
    this.#skippedDdl = options.skippedDdl;
    this.totals = options.totals;
    this.#skipBelow = options.position;
    this.#cautiousUntil = options.cautiousUntil;
    this.#begun = options.position;
    this.#reached = options.position;
    this.#commits = new GroupCommit({ ...options, statementsGone: () => this.#prepareAgain() });
    this.#log = new DdlLog(options.connection, options.source);
    this.#early = new EarlyRows({ ...options, userCodeRan: () => this.#changed(true) });
    this.#prepareFixed();
  }

  /** Nothing more comes: what was held back is dropped. */
  discard(): void {
    this.#early.clear();
    this.#rows.discard();
  }

  get checkpoint(): Lsn {
    return this.#commits.checkpoint;
  }

  /** Start of the commit record of the latest transaction that was begun. */
  get begun(): Lsn {
    return this.#begun;
  }

  /** The transaction at hand is, or would be, committed alone. */
  get cautious(): boolean {
    return this.#begun <= this.#cautiousUntil;
  }

  /** Resolves when everything that was flushed is committed. */
  settled(): Promise<void> {
    return this.#commits.settled();
  }

  /** The table was copied under several snapshots, which the stream is not beyond. */
  mixed(oid: number): boolean {
    return this.#judging && this.#catchUp?.mixed(oid) === true;
  }

  async write(batch: EventBatch): Promise<void> {
    if (this.#indexesPending && !this.#group.open) await this.#finishPendingIndexes();
    batch.retain();
    if (this.#applyDdl) expectCommands(batch, this.#ddl);
    try {
      for (let i = 0; i < batch.count; i++) {
        const kind = batch.kinds[i];
        if (kind === EVENT.insert || kind === EVENT.update || kind === EVENT.delete) {
          if (this.#judging) {
            const verdict = this.#skipping ? VERDICT.drop : (this.#catchUp?.row(batch, i) ?? VERDICT.apply);
            if (verdict === VERDICT.drop) continue;
            if (verdict !== VERDICT.apply) {
              await this.#part(verdict, batch, i);
              continue;
            }
          }
          if (!this.#rows.write(batch, i)) await this.#slowly(batch, i);
          this.#group.rows++;
          if (this.#rows.full) await this.#send();
          if (this.#connection.congested) await this.#connection.relieved();
        } else {
          await this.#event(batch, i);
        }
      }
      this.#group.bytes += batch.byteLength;
      this.#connection.out.flush();
    } finally {
      this.#connection.releaseBatch(batch);
    }
  }

  async flush(): Promise<void> {
    if (this.#inTransaction) return;
    if (this.#group.open) await this.#closeGroup();
    if (this.#catchUp !== null) await this.#afterCopy(this.#catchUp);
  }

  async #send(): Promise<void> {
    if (!this.#commits.isOpen) await this.#commits.open();
    await this.#rows.send();
  }

  async #slowly(batch: EventBatch, i: number): Promise<void> {
    if (!this.#commits.isOpen) await this.#commits.open();
    await this.#early.take(batch, i);
  }

  async #part(verdict: Verdict, batch: EventBatch, i: number): Promise<void> {
    if (!this.#commits.isOpen) await this.#commits.open();
    const half = (await this.#catchUp?.part(verdict, batch, i)) ?? null;
    if (half === null) return;
    try {
      if (!this.#rows.write(half, 0)) await this.#early.take(half, 0);
      this.#group.rows++;
    } finally {
      this.#connection.releaseBatch(half);
    }
  }

  /** Between two transactions: tables that wait may be copied, and what is over may be put away. */
  async #afterCopy(catchUp: CatchUp): Promise<void> {
    const { pending, over } = catchUp;
    if (!over && (pending === null || !this.#hooks.copyDue(this.#reached, pending))) return;
    if (this.#group.open) await this.#closeGroup();
    await this.#commits.settled();
    if (over) {
      await this.#finishCopy();
      this.#catchUp = null;
      this.#hooks.copyOver();
      this.#ddl.postpone(null);
    } else if (pending !== null) {
      const state = await this.#hooks.copyPending(this.#reached, pending);
      if (state !== null) catchUp.adopt(state, this.#reached);
    }
  }

  async #event(batch: EventBatch, i: number): Promise<void> {
    switch (batch.kind(i)) {
      case EVENT.begin:
        await this.#begin(batch.object<BeginEvent>(i));
        break;
      case EVENT.commit:
        await this.#commit(batch.object<CommitEvent>(i));
        break;
      case EVENT.relation:
        await this.#announce(batch.object<Relation>(i));
        break;
      case EVENT.truncate:
        if (!this.#skipping) await this.#truncate(batch.object<TruncateEvent>(i), batch.lsn(i));
        break;
      case EVENT.ddl:
        if (!this.#skipping) await this.#command(batch, i);
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

  async #announce(relation: Relation): Promise<void> {
    if (!this.#rows.isNews(relation)) return;
    // What is under way may have to be written again, by what is known of its tables now.
    if (!this.#group.open) await this.#commits.settled();
    else if (!this.#commits.isOpen) await this.#commits.open();
    await this.#rows.announce(relation);
  }

  async #begin(event: BeginEvent): Promise<void> {
    const { commitLsn } = event;
    this.#inTransaction = true;
    this.#begun = commitLsn;
    this.#skipping = commitLsn < this.#skipBelow;
    this.#judging = this.#skipping || this.#catchUp?.begin(event) === true;
    if (this.#skipping) return;
    this.#ddl.beginTransaction();
    this.#group.changed = false;
    if (this.#group.open) return;
    this.#rows.inSets = !this.cautious;
    this.#group.start();
    this.#ddl.beginGroup();
    if (!this.#rows.inSets) await this.#commits.open();
  }

  async #commit({ endLsn, commitTime }: CommitEvent): Promise<void> {
    this.#inTransaction = false;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (!this.#early.empty) await this.#early.releaseAll();
    if (this.#group.changed) await this.#endChanges();
    this.#group.transactions++;
    this.#group.end = endLsn;
    this.totals.lastCommitTime = commitTime;
    this.#reached = endLsn;
    if (this.#group.full || this.cautious) await this.#closeGroup();
    if (this.#catchUp !== null) await this.#afterCopy(this.#catchUp);
    if (this.#indexesPending && !this.#group.open) await this.#finishPendingIndexes();
  }

  /** Sends what is left of the group. Its commit follows, and is waited for only where it matters. */
  async #closeGroup(): Promise<void> {
    this.totals.rows += this.#group.rows;
    this.totals.transactions += this.#group.transactions;
    this.totals.ddl += this.#group.ddl;
    await this.#commits.close(this.#group);
    if (this.cautious || this.#group.alone) await this.#commits.settled();
  }

  async #truncate(event: TruncateEvent, lsn: Lsn): Promise<void> {
    if (!this.#commits.isOpen) await this.#commits.open();
    const taken = this.#judging ? ((await this.#catchUp?.truncate(event)) ?? null) : event;
    if (taken === null) return;
    const { relations, restartIdentity } = taken;
    await this.#rows.finish();
    await this.#connection.drained();
    const tables = await this.#early.tables(relations, `TRUNCATE at ${formatLsn(lsn)}`);
    // TRUNCATE refuses a table whose checks are outstanding.
    if (this.#rows.deferrable) await this.#rows.settleConstraints();
    await truncateTables(this.#connection, tables, restartIdentity);
    if (this.#rows.deferrable) await this.#connection.query('set constraints all deferred');
  }

  async #command(batch: EventBatch, i: number): Promise<void> {
    const event = batch.object<DdlEvent>(i);
    const lsn = batch.lsn(i);
    const catchUp = this.#judging ? this.#catchUp : null;
    if (!this.#commits.isOpen) await this.#commits.open();
    if (catchUp !== null && !(await catchUp.takes(event))) {
      if (event.kind !== 'rows') this.#ddl.passOver(event);
      return;
    }
    if (!this.#applyDdl) {
      if (event.kind !== 'rows') await catchUp?.changed(event);
      return;
    }
    await this.#finishRows(this.#catchUp === null);
    const { tag, role } = headOf(event);
    const started = performance.now();
    if (this.#skippedDdl.has(formatLsn(lsn))) {
      this.#noteDdl({ lsn, tag, role, ...PASSED_OVER });
      return;
    }
    let asked: readonly AskedTable[] = [];
    try {
      if (event.kind === 'rows') {
        await this.#finishRows();
        this.#group.rows += await this.#ddl.rows(event, this.#connection);
        this.#changed(true);
        return;
      }
      if (this.#rows.deferrable) await this.#rows.settleConstraints();
      const tables = tablesWithRowsNext(batch, i);
      const sent = (): void => void (asked = tables.map(({ schema, name }) => this.#rows.ask(schema, name)));
      const { source = null, statement, how, later = [] } = await this.#replay(event, catchUp, sent);
      const goesOn = isGregarious(event) && !this.#ddl.userCodeRan && catchUp === null && later.length === 0;
      this.#changed(!goesOn);
      await catchUp?.changed(event);
      for (const index of later) await notePendingIndex(this.#connection, this.#source, index);
      if (later.length > 0) this.#indexesPending = true;
      if (event.iso) for (const { oid } of event.details?.relations ?? []) this.#rows.iso.expect(oid);
      this.#noteDdl({ lsn, tag, role, source, statement, how, milliseconds: performance.now() - started });
    } catch (error) {
      throw atPosition(error, lsn, this.#target);
    }
    this.#rows.forgetShapes(asked, defersNothing(event));
    await this.#early.releaseMade();
  }

  /** Whatever comes next finds every row in its place. Sets have been answered then; single rows are told by the connection if they fail. */
  async #finishRows(ahead = false): Promise<void> {
    if (ahead && this.#rows.inSets) return await this.#rows.finishAhead();
    await this.#rows.finish();
    if (!this.#rows.inSets) await this.#connection.drained();
  }

  async #replay(event: DdlCommandEvent, catchUp: CatchUp | null, sent: () => void): ReturnType<DdlApplier['apply']> {
    try {
      return await this.#ddl.apply(event, this.#connection, sent);
    } catch (error) {
      if (catchUp === null || !(await catchUp.clears(error, event))) throw error;
      return await this.#ddl.apply(event, this.#connection, sent);
    }
  }

  #noteDdl(entry: AppliedDdl): void {
    this.#group.ddl++;
    this.#log.write(entry);
    this.#hooks.ddl(entry);
  }

  async #finishPendingIndexes(): Promise<void> {
    await this.#commits.settled();
    await this.#finishIndexes();
    this.#indexesPending = false;
  }

  async #endChanges(): Promise<void> {
    if (this.#ddl.userCodeRan) await this.#finishRows();
    const gone = await this.#ddl.endTransaction(this.#connection);
    if (gone || this.#generation !== this.#ddl.preparedGeneration) this.#prepareAgain();
  }

  /** `alone`: what may be left of it is not for other transactions to meet, and the group ends. Named statements are ours again before the next is used. */
  #changed(alone: boolean): void {
    this.#group.changed = true;
    if (alone) this.#group.alone = true;
    if (this.#generation !== this.#ddl.preparedGeneration) this.#prepareAgain();
  }

  #prepareAgain(): void {
    this.#generation = this.#ddl.preparedGeneration;
    this.#rows.forgetStatements();
    this.#prepareFixed();
  }

  async #idle(position: Lsn): Promise<void> {
    if (!this.#inTransaction) {
      this.#reached = position;
      this.#catchUp?.reach(position);
    }
    const now = Date.now();
    if (this.#inTransaction || now - this.#idleRecordedAt < IDLE_EVERY_MS) return;
    if (this.#group.open) await this.#closeGroup();
    this.#idleRecordedAt = now;
    await this.#commits.record(position);
  }

  #prepareFixed(): void {
    prepareFixedStatements(this.#connection);
    this.#log.prepare();
  }
}
