import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import type { DdlEvent } from '../../wal/ddl-event.ts';
import {
  EVENT,
  type BeginEvent,
  type CommitEvent,
  type EventBatch,
  type IdleEvent,
  type TruncateEvent,
} from '../../wal/event-batch.ts';
import { formatLsn, type Lsn } from '../../wal/lsn.ts';
import type { ProcessorEvents, SourcePosition } from '../../wal/processor.ts';
import type { Relation } from '../../wal/relation.ts';
import { VERDICT, type Verdict } from '../../wal/snapshot-cut.ts';
import type { BulkWriter } from './bulk/index.ts';
import { CatchUp } from './catch-up.ts';
import { Checkpoints } from './checkpoints.ts';
import { SchemaChanges } from './ddl/schema-changes.ts';
import { bind, type Binding } from './rows/binding.ts';
import { RowWriter } from './rows/row-writer.ts';
import { UnchangedRows } from './rows/unchanged-rows.ts';
import type { SearchSession } from './search-session.ts';
import { isShared } from './tables/alias-name.ts';

/** Positions are recorded on the target at most so often while rows come, and while none do. */
const RECORD_EVERY_MS = 1_000;
const IDLE_EVERY_MS = 10_000;

export interface SearchTotals {
  rows: number;
  transactions: number;
  ddl: number;
  lastCommitTime: bigint | null;
}

export interface StreamApplierOptions {
  readonly session: SearchSession;
  readonly source: SourcePosition;
  readonly writer: BulkWriter;
  readonly events: ProcessorEvents;
  readonly totals: SearchTotals;
  readonly position: Lsn;
  readonly near: bigint;
  readonly failed: (error: unknown) => void;
}

/**
 * Applies the stream to the indexes. Every operation carries the position of its commit as version, so that whatever comes twice, or late,
 * does no harm. Of no use any more after it threw.
 */
export class StreamApplier {
  readonly #options: StreamApplierOptions;
  readonly #writer: BulkWriter;
  readonly #unchanged: UnchangedRows;
  readonly #rows: RowWriter;
  readonly #checkpoints: Checkpoints;
  readonly #catchUp: CatchUp;
  readonly #changes: SchemaChanges;
  readonly #relations = new Map<number, Relation>();
  /** Null: rows of the relation go nowhere. */
  readonly #bindings = new Map<number, Binding | null>();
  readonly #warned = new Set<number>();
  readonly #skipBelow: Lsn;
  #skipping = false;
  #judging = false;
  #inTransaction = false;
  /** The schema is changed by the transaction at hand, and all before it is recorded. */
  #changing = false;
  #commitLsn: Lsn;
  #reached: Lsn;
  #recordedAt = performance.now();

  constructor(options: StreamApplierOptions) {
    const { session, source, writer, position, failed } = options;
    this.#options = options;
    this.#writer = writer;
    this.#skipBelow = position;
    this.#commitLsn = position;
    this.#reached = position;
    const { client, catalog, signal, tables, admin, resolver, documents, copies } = session;
    this.#unchanged = new UnchangedRows({ writer, client, catalog, signal });
    this.#rows = new RowWriter(writer, this.#unchanged);
    this.#checkpoints = new Checkpoints({
      ...{ documents, source, writer, position, failed },
      recorded: async (reached) => {
        await tables.reached(reached);
        options.events.durable(reached);
      },
    });
    this.#catchUp = new CatchUp({
      copies,
      tables,
      relationOf: (oid) => this.#relations.get(oid) ?? null,
      near: options.near,
    });
    this.#changes = new SchemaChanges({
      ...{ target: session.options.name, tables, admin, catalog, resolver, writer },
      copy: (members, table) => this.#catchUp.copy(members, table),
      transaction: () => this.#catchUp.transaction,
      forget: (oids) => this.#catchUp.forget(oids),
    });
  }

  async open(): Promise<void> {
    await this.#catchUp.load(this.#reached);
  }

  get checkpoint(): Lsn {
    return this.#checkpoints.recorded;
  }

  /** Everything that commits before it was taken. */
  get reached(): Lsn {
    return this.#reached;
  }

  get begun(): Lsn {
    return this.#commitLsn;
  }

  async write(batch: EventBatch): Promise<void> {
    const writer = this.#writer;
    for (let i = 0; i < batch.count; i++) {
      const kind = batch.kinds[i];
      if (kind !== EVENT.insert && kind !== EVENT.update && kind !== EVENT.delete) {
        await this.#event(batch, i);
        continue;
      }
      let verdict: Verdict = VERDICT.apply;
      if (this.#judging) {
        verdict = this.#skipping ? VERDICT.drop : (this.#catchUp.row(batch, i) ?? VERDICT.apply);
        if (verdict === VERDICT.drop) continue;
        if (verdict === VERDICT.restart) {
          await this.#startOver(batch.refs[i] as number);
          continue;
        }
      }
      let binding = this.#bindings.get(batch.refs[i] as number);
      if (binding === undefined) binding = await this.#bind(batch.refs[i] as number);
      if (binding === null) continue;
      while (!this.#rows.write(binding, batch, i, verdict)) await this.#unchanged.release();
      if (this.#unchanged.full) await this.#unchanged.release();
      if (writer.congested) await writer.relieved();
    }
  }

  async flush(): Promise<void> {
    if (this.#inTransaction) return;
    await this.#unchanged.release();
    this.#checkpoints.reach(this.#reached);
    this.#checkpoints.start();
    if (this.#catchUp.active) await this.#afterCopy();
  }

  settle(): Promise<void> {
    return this.#checkpoints.settle();
  }

  async #event(batch: EventBatch, i: number): Promise<void> {
    switch (batch.kind(i)) {
      case EVENT.begin:
        this.#begin(batch.object<BeginEvent>(i));
        break;
      case EVENT.commit:
        await this.#commit(batch.object<CommitEvent>(i));
        break;
      case EVENT.relation: {
        const relation = batch.object<Relation>(i);
        this.#relations.set(relation.oid, relation);
        this.#bindings.delete(relation.oid);
        break;
      }
      case EVENT.truncate:
        if (!this.#skipping) await this.#truncate(batch.object<TruncateEvent>(i));
        break;
      case EVENT.ddl:
        if (!this.#skipping) await this.#command(batch.object<DdlEvent>(i), batch.lsn(i));
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

  #begin(event: BeginEvent): void {
    const { commitLsn } = event;
    this.#inTransaction = true;
    this.#changing = false;
    this.#commitLsn = commitLsn;
    this.#skipping = commitLsn < this.#skipBelow;
    if (!this.#skipping) {
      this.#catchUp.begin(event);
      this.#writer.version(commitLsn);
      this.#unchanged.begin(commitLsn, this.#catchUp.transaction);
    }
    this.#judging = this.#skipping || this.#catchUp.active;
  }

  async #commit({ endLsn, commitTime }: CommitEvent): Promise<void> {
    this.#inTransaction = false;
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    const { totals } = this.#options;
    totals.transactions++;
    totals.rows = this.#rows.rows;
    totals.lastCommitTime = commitTime;
    this.#reached = endLsn;
    this.#catchUp.reach(endLsn);
    if (performance.now() - this.#recordedAt >= RECORD_EVERY_MS) {
      this.#recordedAt = performance.now();
      await this.#unchanged.release();
      this.#checkpoints.reach(endLsn);
      this.#checkpoints.start();
    }
    if (this.#catchUp.active) await this.#afterCopy();
  }

  /** Between two transactions: tables that wait may be copied, and what is over may be put away. */
  async #afterCopy(): Promise<void> {
    const { events } = this.#options;
    const { pending, over } = this.#catchUp;
    if (!over && (pending === null || !events.copyDue(this.#reached, pending))) return;
    await this.#recordAll();
    if (over) {
      await this.#catchUp.finish();
      events.copyOver();
    } else if (pending !== null) {
      const state = await events.copyPending(this.#reached, pending);
      this.#bindings.clear();
      if (state !== null) this.#catchUp.adopt(state, this.#reached);
    }
  }

  /** All that lies before the transaction at hand is recorded on the target. */
  async #recordAll(): Promise<void> {
    await this.#unchanged.release();
    this.#checkpoints.reach(this.#reached);
    await this.#checkpoints.settle();
  }

  async #bind(oid: number): Promise<Binding | null> {
    const binding = await this.#bindingOf(oid);
    this.#bindings.set(oid, binding);
    return binding;
  }

  async #bindingOf(oid: number): Promise<Binding | null> {
    const { session } = this.#options;
    const { tables, options } = session;
    const relation = this.#relations.get(oid);
    if (relation === undefined) throw new WalcastError('E_INTERNAL', `rows of relation ${oid}, which nobody announced`);
    if (relation.schema === 'walcast') return null;
    const table = tables.byOid(oid);
    if (table === null) {
      if (tables.optionsOf(relation).skip) return null;
      await this.#beforeChange();
      await this.#changes.learn(oid, this.#commitLsn);
      this.#judging = true;
      return null; // if it is there, its rows are copied
    }
    if (table.shape.key === null) {
      if (!this.#warned.has(oid)) session.warnUnfollowed(table.shape);
      this.#warned.add(oid);
      return null;
    }
    const rows = { oid, columns: relation.columns };
    const definition = { fields: options.fields, shared: isShared(options.index) };
    const binding = bind(table.shape, rows, table.target(this.#writer), definition);
    if (binding !== null) return binding;
    options.warn(
      { target: options.name, table: table.name, lsn: formatLsn(this.#commitLsn) },
      'rows have another shape than was announced: the table is copied anew',
    );
    await this.#beforeChange();
    await this.#changes.learn(oid, this.#commitLsn);
    this.#judging = true;
    return null;
  }

  /** A change of schema comes once more only if its own transaction does. */
  async #beforeChange(): Promise<void> {
    await this.#unchanged.release();
    await this.#writer.drained();
    if (this.#changing) return;
    this.#changing = true;
    await this.#checkpoints.settle();
    this.#checkpoints.reach(this.#reached);
    await this.#checkpoints.settle();
  }

  async #startOver(oid: number): Promise<void> {
    const { tables } = this.#options.session;
    await this.#beforeChange();
    const table = tables.byOid(oid);
    if (table === null) return;
    await tables.renew(table, this.#commitLsn);
    await this.#catchUp.copy(table.shape.partitioned ? table.shape.members : [oid], table);
    this.#bindings.clear();
  }

  async #truncate({ relations }: TruncateEvent): Promise<void> {
    const { tables } = this.#options.session;
    const emptied = new Map<string, number[]>();
    for (const { oid } of relations) {
      const table = tables.byOid(oid);
      if (table === null || table.shape.key === null) continue;
      const verdict = this.#catchUp.table(oid) ?? VERDICT.apply;
      if (verdict === VERDICT.byKey) await this.#startOver(oid);
      else if (verdict === VERDICT.apply) {
        const { tableId } = table.shape;
        emptied.set(tableId, [...(emptied.get(tableId) ?? []), oid]);
      }
    }
    if (emptied.size === 0) return;
    await this.#beforeChange();
    for (const [tableId, oids] of emptied) {
      const table = tables.byId(tableId);
      if (table === null) continue;
      const whole = oids.includes(table.shape.oid) || table.shape.members.every((oid) => oids.includes(oid));
      if (whole && table.next === null) await tables.truncate(table, this.#commitLsn);
      else for (const oid of oids) await this.#changes.removePart(table, oid, this.#commitLsn);
    }
    this.#bindings.clear();
    this.#writer.version(this.#commitLsn);
  }

  async #command(event: DdlEvent, at: Lsn): Promise<void> {
    const { session, events, totals } = this.#options;
    // rows of a rewrite: the table is copied anew
    if (event.kind === 'rows' || !session.options.applyDdl || this.#catchUp.schemaHolds) return;
    const started = performance.now();
    await this.#beforeChange();
    try {
      const done = await this.#changes.apply(event, this.#commitLsn);
      this.#judging = this.#catchUp.active;
      this.#bindings.clear();
      this.#writer.version(this.#commitLsn);
      totals.ddl++;
      events.ddl({
        lsn: at,
        tag: event.tag,
        role: event.caller.role,
        source: null,
        statement: done === '' ? null : done,
        how: 'indexes',
        milliseconds: performance.now() - started,
      });
    } catch (error) {
      throw atPosition(error, at, event.tag);
    }
  }

  async #idle(position: Lsn): Promise<void> {
    if (this.#inTransaction) return;
    this.#reached = position;
    this.#catchUp.reach(position);
    if (performance.now() - this.#recordedAt < IDLE_EVERY_MS) return;
    this.#recordedAt = performance.now();
    await this.#unchanged.release();
    this.#checkpoints.reach(position);
    this.#checkpoints.start();
  }
}

function atPosition(error: unknown, at: Lsn, tag: string): unknown {
  if (!isWalcastError(error)) return error;
  const { code, message, hint, retryable, fields, cause } = error;
  return new WalcastError(code, `${tag} at ${formatLsn(at)}: ${message}`, {
    cause,
    hint,
    retryable,
    fields: { lsn: formatLsn(at), ...fields },
  });
}
