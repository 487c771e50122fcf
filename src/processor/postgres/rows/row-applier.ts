import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { EventBatch } from '../../../wal/event-batch.ts';
import type { Relation } from '../../../wal/relation.ts';
import { rowConflict } from '../apply-error.ts';
import type { RowAuthority } from '../ddl-applier.ts';
import { refuseSideEffects } from './origin-role.ts';
import { RowWriter } from './row-writer.ts';
import { loadTargetTable, type TargetTable } from './target-table.ts';

const DEFERRABLE =
  "select exists (select from pg_constraint where condeferrable and contype in ('p', 'u', 'x'))::text as found";

const DEFERRED_TRIGGERS =
  "select exists (select from pg_trigger where tgdeferrable and tgenabled in ('A', 'R') and not tgisinternal)::text as found";

/** Rows of one session: knows the target's tables and which way each row takes, the pipeline or one by one. */
export class RowApplier {
  readonly #connection: PipelinedConnection;
  readonly #writer: RowWriter;
  readonly #replicaRole: boolean;
  readonly #authority: RowAuthority;
  #deferrable = false;

  constructor(connection: PipelinedConnection, replicaRole: boolean, authority: RowAuthority) {
    this.#connection = connection;
    this.#authority = authority;
    this.#replicaRole = replicaRole;
    this.#writer = new RowWriter(connection);
  }

  /**
   * The target has deferrable keys. On the source they are checked at the end of a statement of many rows; here each row is a statement of
   * its own, so they are checked at COMMIT.
   */
  get deferrable(): boolean {
    return this.#deferrable;
  }

  get statementsExhausted(): boolean {
    return this.#writer.statementsExhausted;
  }

  async learnConstraints(): Promise<void> {
    const { rows } = await this.#connection.query(DEFERRABLE);
    this.#deferrable = rows[0]?.['found'] === 'true';
  }

  /** A deferred trigger of a plain user may be waiting: whatever checks constraints now would run it with our rights. */
  async deferredUserCode(): Promise<boolean> {
    return (await this.#connection.query(DEFERRED_TRIGGERS)).rows[0]?.['found'] === 'true';
  }

  announce(relation: Relation): void {
    this.#writer.announce(relation);
  }

  relation(oid: number): Relation | null {
    return this.#writer.relation(oid);
  }

  forgetShapes(): void {
    this.#writer.forgetShapes();
  }

  forgetStatements(): void {
    this.#writer.forgetStatements();
  }

  /** The target's table, looked up once after each change of schema. Null: there is none. */
  async table(oid: number): Promise<TargetTable | null> {
    const known = this.#writer.known(oid).table;
    if (known !== undefined) return known;
    const relation = this.#writer.relation(oid);
    if (relation === null) throw new WalcastError('E_PROTOCOL', `relation ${oid} was not announced`);
    const table = await loadTargetTable(this.#connection, relation.schema, relation.name);
    if (table !== null && !this.#replicaRole) await refuseSideEffects(this.#connection, table.schema, table.name);
    const role = table === null ? null : await this.#authority.rowRole(this.#connection, table.schema, table.name);
    this.#writer.learn(oid, table, role as object | null);
    return table;
  }

  /** The fast way. False: look the table up, hold the row, or write it slowly. */
  write(batch: EventBatch, i: number): boolean {
    return this.#writer.write(batch, i);
  }

  /** A row whose table is known now. @returns whether code of users may have run */
  async writeSlowly(batch: EventBatch, i: number): Promise<boolean> {
    if (this.#writer.write(batch, i)) return false;
    const { table, role } = this.#writer.known(batch.refs[i] as number);
    if (table === undefined || table === null || role === null)
      throw new WalcastError('E_INTERNAL', 'a row found no way to its table');
    await this.#connection.drained();
    const { sql, values } = this.#writer.describe(batch, i);
    const hit = await this.#authority.runAs(this.#connection, role, sql, values);
    if (hit !== 1) throw rowConflict(batch, i, this.#writer.relation(batch.refs[i] as number), hit);
    return true;
  }
}
