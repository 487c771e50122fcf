import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelineFailure } from '../../../postgres/pipeline-failure.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { EventBatch } from '../../../wal/event-batch.ts';
import type { Relation } from '../../../wal/relation.ts';
import { rowConflict } from '../apply-error.ts';
import type { RowAuthority } from '../ddl-applier.ts';
import { IsoCheck } from './iso-check.ts';
import { SetWriter } from '../sets/set-writer.ts';
import { RELEASE_STATEMENT, Slice } from '../sets/slice.ts';
import { refuseSideEffects } from './origin-role.ts';
import { requireBinary } from './require-binary.ts';
import { RowWriter } from './row-writer.ts';
import { loadTargetTable, type TargetTable } from './target-table.ts';

const DEFERRABLE =
  'select exists (select from pg_constraint where condeferrable and contype = any ($1))::text as found';
/** Under the replica role foreign keys are silent. */
const DEFERRABLE_KINDS = { replica: '{p,u,x}', origin: '{p,u,x,f}' };

const DEFERRED_TRIGGERS =
  "select exists (select from pg_trigger where tgdeferrable and tgenabled in ('A', 'R') and not tgisinternal)::text as found";

/** A table that the target was asked about ahead of its rows. */
export interface AskedTable {
  readonly schema: string;
  readonly name: string;
  readonly reached: Promise<unknown>;
  readonly layout: Promise<TargetTable | null>;
}

interface Written {
  readonly slice: Slice;
  readonly outcome: Promise<PipelineFailure | null>;
}

/** Rows of one session: knows the target's tables and which way each row takes, the pipeline or one by one. */
export class RowApplier {
  readonly #connection: PipelinedConnection;
  readonly #writer: RowWriter;
  readonly #replicaRole: boolean;
  readonly #authority: RowAuthority;
  readonly #sets: SetWriter;
  readonly #slices = [new Slice(), new Slice()] as const;
  #filling = 0;
  /** The slice that the server is at; its outcome is not known yet. */
  #written: Written | null = null;
  /** The slice that went to the server together with its COMMIT. */
  #sentWhole: Slice | null = null;
  #settling: Promise<void> | null = null;
  #inSets = true;
  readonly iso = new IsoCheck();
  #deferrable = false;
  /** The schema has changed since it was asked. */
  #constraintsInDoubt = false;
  /** By schema and name. */
  #asked: ReadonlyMap<string, AskedTable> = new Map();

  constructor(connection: PipelinedConnection, replicaRole: boolean, authority: RowAuthority) {
    this.#connection = connection;
    this.#authority = authority;
    this.#replicaRole = replicaRole;
    this.#writer = new RowWriter(connection);
    this.#sets = new SetWriter(connection);
  }

  /**
   * The target has deferrable keys, or foreign keys that act. On the source they are checked at the end of a statement of many rows; here each row is a statement of
   * its own, so they are checked at COMMIT.
   */
  get deferrable(): boolean {
    return this.#deferrable;
  }

  get statementsExhausted(): boolean {
    return this.#writer.statementsExhausted;
  }

  async learnConstraints(): Promise<void> {
    const { rows } = await this.#connection.query(DEFERRABLE, [
      DEFERRABLE_KINDS[this.#replicaRole ? 'replica' : 'origin'],
    ]);
    this.#deferrable = rows[0]?.['found'] === 'true';
    this.#constraintsInDoubt = false;
  }

  async #learnAgain(): Promise<void> {
    await this.learnConstraints();
    if (this.#deferrable) await this.#connection.query('set constraints all deferred');
  }

  /** A table with checks outstanding cannot be altered. What is not fulfilled yet, on tables that the statement leaves alone, goes on waiting. */
  async settleConstraints(): Promise<void> {
    // A deferred trigger of a plain user may be waiting: whatever checks constraints now would run it with our rights.
    if ((await this.#connection.query(DEFERRED_TRIGGERS)).rows[0]?.['found'] === 'true') return;
    await this.#connection.query('savepoint settle');
    try {
      await this.#connection.query('set constraints all immediate');
    } catch {
      await this.#connection.query('rollback to settle');
    }
    await this.#connection.query('release settle');
  }

  get inSets(): boolean {
    return this.#inSets;
  }

  /** Rows that come now are written as sets, or one by one in stream order. Between transactions only. */
  set inSets(value: boolean) {
    this.#inSets = value && this.#replicaRole;
  }

  isNews(relation: Relation): boolean {
    return this.#writer.isNews(relation);
  }

  async announce(relation: Relation): Promise<void> {
    await this.finish();
    this.#writer.announce(relation);
  }

  relation(oid: number): Relation | null {
    return this.#writer.relation(oid);
  }

  /**
   * After a change of schema: what is known of tables is asked again, before the next row, but for what was asked after it; what is known of constraints
   * as well, unless none that is checked later can have come.
   */
  forgetShapes(asked: readonly AskedTable[] = [], sameConstraints = false): void {
    if (!sameConstraints || this.#deferrable) this.#constraintsInDoubt = true;
    this.#writer.forgetShapes();
    this.#asked = new Map(asked.map((table) => [`${table.schema}\0${table.name}`, table]));
  }

  /** Sends the questions that `table` would ask. Whoever may change the schema after them has to forget the answers. */
  ask(schema: string, name: string): AskedTable {
    const reached = this.#authority.reached(this.#connection, schema, name);
    const layout = loadTargetTable(this.#connection, schema, name);
    for (const answer of [reached, layout]) answer.catch(() => undefined); // met by `table`, if a row comes
    return { schema, name, reached, layout };
  }

  /** The server has dropped its prepared statements. */
  forgetStatements(): void {
    this.#writer.forgetStatements();
  }

  /** Nothing more comes: batches that wait are given back. */
  discard(): void {
    for (const slice of this.#slices) slice.clear(this.#connection);
    this.#written = null;
    this.#sentWhole = null;
  }

  /** The target's table, looked up once after each change of schema. Null: there is none. */
  async table(oid: number): Promise<TargetTable | null> {
    const known = this.#writer.known(oid).table;
    if (known !== undefined) return known;
    await this.settle();
    const relation = this.#writer.relation(oid);
    if (relation === null) throw new WalcastError('E_PROTOCOL', `relation ${oid} was not announced`);
    const { schema, name } = relation;
    const { reached, layout } = this.#asked.get(`${schema}\0${name}`) ?? this.ask(schema, name);
    const learned = this.#constraintsInDoubt ? this.#learnAgain() : Promise.resolve();
    learned.catch(() => undefined); // met below
    const table = await layout;
    await learned;
    if (table !== null) this.iso.meet(relation, table);
    if (table !== null && !this.#replicaRole) await refuseSideEffects(this.#connection, schema, name);
    const role =
      table === null
        ? null
        : ((await this.#authority.rowRole(this.#connection, schema, name, await reached)) as object | null);
    if (table !== null && relation.binary === true) requireBinary(relation, table, role);
    this.#writer.learn(oid, table, role);
    return table;
  }

  /** The fast way. False: look the table up, hold the row, or write it slowly. */
  write(batch: EventBatch, i: number): boolean {
    const oid = batch.refs[i] as number;
    if (!this.#writer.ready(oid)) return false;
    if (this.#inSets) this.#slice.add(batch, i, this.#writer.setEntry(oid));
    else this.#writer.writeNow(batch, i);
    return true;
  }

  /** The slice at hand should be sent. */
  get full(): boolean {
    return this.#slice.full;
  }

  /** Sends what was collected, after the slice before it was answered. */
  async send(): Promise<void> {
    await this.settle();
    const slice = this.#slice;
    if (slice.empty) return;
    if (slice.write(this.#connection, this.#sets, this.#writer)) {
      this.#written = { slice, outcome: this.#connection.endSegment() };
      this.#written.outcome.catch(() => undefined); // met by settle()
      this.#filling = 1 - this.#filling;
    } else {
      slice.clear(this.#connection);
    }
  }

  /**
   * Sends the few rows that were collected as statements that check their own counts, so that COMMIT may go right behind them. False: these
   * rows have to be answered first, nothing of them was sent.
   */
  sendChecked(): boolean {
    const slice = this.#slice;
    if (this.#written !== null || !slice.writeChecked(this.#writer)) return false;
    slice.clear(this.#connection);
    return true;
  }

  /**
   * Sends what was collected as sets that check their own counts, in a segment that the caller closes behind its COMMIT; then `wholeDone`. False:
   * that cannot be, nothing was sent.
   */
  sendWhole(): boolean {
    if (this.#written !== null || !this.#slice.couldBeWhole(this.#writer)) return false;
    this.#connection.beginSegment();
    this.#slice.writeWhole(this.#sets, this.#writer);
    this.#sentWhole = this.#slice;
    this.#filling = 1 - this.#filling;
    return true;
  }

  /** The segment was answered. @param again its rows are written once more, one by one, in the transaction that was begun anew */
  wholeDone(again: boolean): void {
    const slice = this.#sentWhole;
    this.#sentWhole = null;
    if (slice === null) return;
    if (again) {
      this.#writer.forgetPrepared();
      slice.writeInOrder(this.#writer);
    }
    slice.clear(this.#connection);
  }

  /** Everything so far is on the target, in the open transaction; to be called before anything but rows. */
  async finish(): Promise<void> {
    await this.send();
    await this.settle();
  }

  /** The same without waiting for inserts, which take the session with them if they are refused. */
  async finishAhead(): Promise<void> {
    await this.settle();
    const slice = this.#slice;
    if (slice.writeInserts(this.#sets, this.#writer)) slice.clear(this.#connection);
    else await this.finish();
  }

  /** A row whose table is known now. @returns whether code of users may have run */
  async writeSlowly(batch: EventBatch, i: number): Promise<boolean> {
    if (this.write(batch, i)) return false;
    await this.finish();
    const { table, role } = this.#writer.known(batch.refs[i] as number);
    if (table === undefined || table === null || role === null) {
      throw new WalcastError('E_INTERNAL', 'a row found no way to its table');
    }
    await this.#connection.drained();
    const { sql, values } = this.#writer.describe(batch, i);
    const hit = await this.#authority.runAs(this.#connection, role, sql, values);
    if (hit !== 1) throw rowConflict(batch, i, this.#writer.relation(batch.refs[i] as number), hit);
    return true;
  }

  get #slice(): Slice {
    return this.#slices[this.#filling] as Slice;
  }

  /**
   * A set that was refused, or hit another number of rows than it should, is taken back and its rows are written one by one: the order of
   * events settles what a set could not (two rows that change a unique value over), and what is still wrong is told by its row.
   */
  settle(): Promise<void> {
    if (this.#written === null) return Promise.resolve();
    this.#settling ??= this.#settleWritten(this.#written).finally(() => (this.#settling = null));
    return this.#settling;
  }

  async #settleWritten({ slice, outcome }: Written): Promise<void> {
    const failure = await outcome;
    if (failure === null) {
      this.#connection.command(RELEASE_STATEMENT);
    } else {
      await this.#connection.query('rollback to slice');
      this.#writer.forgetPrepared();
      slice.writeInOrder(this.#writer);
    }
    this.#written = null;
    slice.clear(this.#connection);
  }
}
