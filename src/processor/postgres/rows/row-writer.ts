import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { EVENT, FIELD_NULL, FIELD_UNCHANGED, type EventBatch } from '../../../wal/event-batch.ts';
import type { Relation } from '../../../wal/relation.ts';
import { copyStatement, planSets, type SetPlan, type SetStatement } from '../sets/set-statements.ts';
import type { SetNames } from '../sets/set-writer.ts';
import { deleteStatement, insertStatement, matchColumns, updateStatement, type RowStatement } from './row-statement.ts';
import type { TargetTable } from './target-table.ts';
import { hasUnchanged } from './unchanged.ts';

/** Prepared statements kept on the server before all are thrown away together. */
const STATEMENT_LIMIT = 4000;

interface Prepared extends RowStatement {
  /** Its name on the server as the wire wants it: unnamed portal, name, both closed by zero bytes. */
  readonly wireName: Buffer;
  /** Values are in binary form. */
  readonly binary: boolean;
  /** The statement that checks its own count, once it was needed. */
  twin: Prepared | null;
}

/** What is needed to write many rows of a relation at once. */
export interface SetEntry {
  readonly relation: Relation;
  /** Null: inserts only. */
  readonly plan: SetPlan | null;
  readonly copy: string;
  /** The target computes a column whose values come (PostgreSQL 18 can publish them): COPY would refuse it. */
  readonly generates: boolean;
  /** Every change has effects of its own: nothing may be left out or change places. */
  readonly fires: boolean;
}

interface Entry {
  readonly relation: Relation;
  /** undefined: not looked at since the last change of schema · null: the target has no such table */
  table: TargetTable | null | undefined;
  /** Rows reach code of users and go with the rights of this role, one by one; null: straight into the pipeline. */
  role: object | null;
  insert: Prepared | null;
  update: Prepared | null;
  deleteByKey: Prepared | null;
  /** Updates with unchanged TOAST or an old tuple, deletes by whole row. */
  readonly variants: Map<string, Prepared>;
  sets: SetEntry | null;
  setNames: SetNames | null;
}

/** Writes row events as prepared statements into the pipeline. No object is made per row. */
export class RowWriter {
  readonly #connection: PipelinedConnection;
  readonly #entries = new Map<number, Entry>();
  #lastOid = -1;
  #last: Entry | null = null;
  #statements = 0;
  #generation = 0;

  constructor(connection: PipelinedConnection) {
    this.#connection = connection;
  }

  /** The same relation comes again after each invalidation of the server's cache; what is known of it stays. */
  isNews(relation: Relation): boolean {
    const known = this.#entries.get(relation.oid);
    return known === undefined || !sameRelation(known.relation, relation);
  }

  announce(relation: Relation): void {
    if (!this.isNews(relation)) return;
    this.#entries.set(relation.oid, fresh(relation));
    this.#lastOid = -1;
  }

  relation(oid: number): Relation | null {
    return this.#entries.get(oid)?.relation ?? null;
  }

  /** After a change of schema everything known of the target's tables is in doubt. */
  forgetShapes(): void {
    for (const [oid, { relation }] of this.#entries) this.#entries.set(oid, fresh(relation));
    this.#lastOid = -1;
  }

  /** The server has dropped its prepared statements. What is known of the tables stays. */
  forgetStatements(): void {
    this.#statements = 0;
    this.forgetPrepared();
  }

  /** Statements that were prepared lately may not have reached the server: all get new names. What is known of the tables stays. */
  forgetPrepared(): void {
    this.#generation++;
    for (const entry of this.#entries.values()) {
      entry.insert = null;
      entry.update = null;
      entry.deleteByKey = null;
      entry.variants.clear();
      entry.setNames = null;
    }
  }

  get statementsExhausted(): boolean {
    return this.#statements >= STATEMENT_LIMIT;
  }

  /** The target's table as it was looked up last; undefined: it was not. */
  known(oid: number): { readonly table: TargetTable | null | undefined; readonly role: object | null } {
    return this.#entry(oid);
  }

  learn(oid: number, table: TargetTable | null, role: object | null): void {
    const entry = this.#entry(oid);
    entry.table = table;
    entry.role = role;
  }

  /** Rows of the relation can go into the pipeline. */
  ready(oid: number): boolean {
    const { table, role } = this.#entry(oid);
    return table !== undefined && table !== null && role === null;
  }

  writeNow(batch: EventBatch, i: number): void {
    const prepared = this.#prepared(batch, i);
    this.#bind(prepared, batch, batch.newAt[i] as number, batch.oldAt[i] as number);
    this.#connection.executeRow(batch, i);
  }

  /** The row can be written by a statement that fails unless it hits one row. */
  checkable(batch: EventBatch, i: number): boolean {
    return this.#prepared(batch, i).checked !== null;
  }

  writeChecked(batch: EventBatch, i: number): void {
    const prepared = this.#prepared(batch, i);
    if (prepared.checked === null) throw new WalcastError('E_INTERNAL', 'a row without a statement that checks itself');
    const twin =
      prepared.checked === prepared.sql
        ? prepared
        : (prepared.twin ??= this.#prepare({ ...prepared, sql: prepared.checked }, prepared.binary));
    this.#bind(twin, batch, batch.newAt[i] as number, batch.oldAt[i] as number);
    this.#connection.executeCheckedRow(batch, i);
  }

  setEntry(oid: number): SetEntry {
    const entry = this.#entry(oid);
    if (entry.sets !== null) return entry.sets;
    const { relation, table } = entry;
    if (table === undefined || table === null)
      throw new WalcastError('E_INTERNAL', 'rows of a table that was not looked up');
    const targets = matchColumns(relation, table);
    entry.sets = {
      relation,
      plan: planSets(relation, table, targets),
      copy: copyStatement(relation, table),
      generates: targets.some(({ generated }) => generated),
      fires: table.fires,
    };
    return entry.sets;
  }

  setNames(oid: number): SetNames {
    const entry = this.#entry(oid);
    if (entry.setNames !== null) return entry.setNames;
    const plan = entry.sets?.plan;
    if (plan === undefined || plan === null) throw new WalcastError('E_INTERNAL', 'sets of a relation that has none');
    const updates: [string[], string[]] = [[], []];
    const remove: string[] = [];
    entry.setNames = {
      update: (variant, checked) =>
        (updates[checked ? 1 : 0][variant] ??= this.#prepareSet(plan.updates.statement(variant), checked)),
      remove: (checked) => (remove[checked ? 1 : 0] ??= this.#prepareSet(plan.remove, checked)),
    };
    return entry.setNames;
  }

  #prepareSet({ sql, types, checked, checkedTypes }: SetStatement, checks: boolean): string {
    const name = `s${this.#generation}_${this.#statements++}`;
    this.#connection.prepare(name, checks ? checked : sql, checks ? checkedTypes : types);
    return name;
  }

  /** For rows that go another way than the pipeline: the statement and its parameters as text. */
  describe(batch: EventBatch, i: number): { sql: string; types: readonly number[]; values: (string | null)[] } {
    const entry = this.#entry(batch.refs[i] as number);
    if (entry.table === undefined || entry.table === null)
      throw new WalcastError('E_INTERNAL', 'row of a table that was not looked up');
    if (entry.relation.binary === true) throw new WalcastError('E_INTERNAL', 'binary values for a statement in text');
    const statement = this.#build(entry, entry.table, batch, i);
    const values = Array.from(
      statement.columns,
      (column, p) =>
        batch.text((statement.fromOld[p] === 1 ? batch.oldAt[i] : batch.newAt[i]) as number, column) ?? null,
    );
    return { sql: statement.sql, types: statement.types, values };
  }

  #entry(oid: number): Entry {
    if (oid === this.#lastOid && this.#last !== null) return this.#last;
    const entry = this.#entries.get(oid);
    if (entry === undefined) throw new WalcastError('E_PROTOCOL', `row of relation ${oid}, which was not announced`);
    this.#lastOid = oid;
    this.#last = entry;
    return entry;
  }

  #prepared(batch: EventBatch, i: number): Prepared {
    const entry = this.#entry(batch.refs[i] as number);
    if (entry.table === undefined || entry.table === null)
      throw new WalcastError('E_INTERNAL', 'row of a table that was not looked up');
    return this.#statement(entry, entry.table, batch, i);
  }

  #statement(entry: Entry, table: TargetTable, batch: EventBatch, i: number): Prepared {
    const kind = batch.kinds[i];
    const { binary = false } = entry.relation;
    if (kind === EVENT.insert) return (entry.insert ??= this.#prepare(insertStatement(entry.relation, table), binary));
    const full = batch.oldIsFull[i] === 1;
    if (kind === EVENT.delete && !full)
      return (entry.deleteByKey ??= this.#prepare(deleteStatement(entry.relation, table, 'key'), binary));
    if (
      kind === EVENT.update &&
      batch.oldAt[i] === -1 &&
      !hasUnchanged(batch, batch.newAt[i] as number, entry.relation.columns.length)
    ) {
      return (entry.update ??= this.#prepare(
        updateStatement(entry.relation, table, 'none', () => false),
        binary,
      ));
    }
    const key = variantKey(entry.relation, batch, i);
    let prepared = entry.variants.get(key);
    if (prepared === undefined) {
      prepared = this.#prepare(this.#build(entry, table, batch, i), binary);
      entry.variants.set(key, prepared);
    }
    return prepared;
  }

  #build(entry: Entry, table: TargetTable, batch: EventBatch, i: number): RowStatement {
    const old = oldTuple(batch, i);
    switch (batch.kinds[i]) {
      case EVENT.insert:
        return insertStatement(entry.relation, table);
      case EVENT.delete:
        return deleteStatement(entry.relation, table, old === 'full' ? 'full' : 'key');
      default: {
        const at = batch.newAt[i] as number;
        return updateStatement(
          entry.relation,
          table,
          old,
          (column) => batch.fields[at + column * 2 + 1] === FIELD_UNCHANGED,
        );
      }
    }
  }

  #prepare(statement: RowStatement, binary: boolean): Prepared {
    const name = `r${this.#generation}_${this.#statements++}`;
    this.#connection.prepare(name, statement.sql, statement.types);
    return { ...statement, wireName: Buffer.from(`\0${name}\0`), binary, twin: null };
  }

  #bind(prepared: Prepared, batch: EventBatch, newAt: number, oldAt: number): void {
    const { columns, fromOld, wireName, binary } = prepared;
    const { fields, bytes } = batch;
    const out = this.#connection.out;
    let size = (binary ? 12 : 10) + wireName.length;
    for (let p = 0; p < columns.length; p++) {
      const length = fields[(fromOld[p] === 1 ? oldAt : newAt) + (columns[p] as number) * 2 + 1] as number;
      size += length > 0 ? 4 + length : 4;
    }
    out.byte(0x42); // B
    out.int32(size);
    out.slice(wireName, 0, wireName.length);
    out.int16(binary ? 1 : 0); // formats; none: all parameters are text
    if (binary) out.int16(1); // all are binary
    out.int16(columns.length);
    for (let p = 0; p < columns.length; p++) {
      const at = (fromOld[p] === 1 ? oldAt : newAt) + (columns[p] as number) * 2;
      const length = fields[at + 1] as number;
      if (length < 0) {
        // An unchanged value is never a parameter of its statement; if it were, a null would be a wrong digit.
        if (length !== FIELD_NULL) throw new WalcastError('E_INTERNAL', 'unchanged value as parameter');
        out.int32(-1);
      } else {
        out.int32(length);
        out.slice(bytes, fields[at] as number, length);
      }
    }
    out.int16(0);
  }
}

function fresh(relation: Relation): Entry {
  return {
    relation,
    table: undefined,
    role: null,
    insert: null,
    update: null,
    deleteByKey: null,
    variants: new Map(),
    sets: null,
    setNames: null,
  };
}

function oldTuple(batch: EventBatch, i: number): 'none' | 'key' | 'full' {
  if (batch.oldAt[i] === -1) return 'none';
  return batch.oldIsFull[i] === 1 ? 'full' : 'key';
}

function variantKey(relation: Relation, batch: EventBatch, i: number): string {
  let key = batch.kinds[i] === EVENT.delete ? 'd' : 'u';
  key += oldTuple(batch, i);
  const at = batch.newAt[i] as number;
  if (at >= 0) {
    for (let column = 0; column < relation.columns.length; column++) {
      if (batch.fields[at + column * 2 + 1] === FIELD_UNCHANGED) key += `,${column}`;
    }
  }
  return key;
}

function sameRelation(a: Relation, b: Relation): boolean {
  return (
    a.schema === b.schema &&
    a.name === b.name &&
    a.replicaIdentity === b.replicaIdentity &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, i) => {
      const other = b.columns[i];
      return (
        other !== undefined &&
        column.name === other.name &&
        column.key === other.key &&
        column.typeOid === other.typeOid &&
        column.typmod === other.typmod
      );
    })
  );
}
