import { WalcastError } from '../errors/walcast-error.ts';
import { EVENT, type EventBatch } from './event-batch.ts';
import { KeyRanges } from './key-ranges.ts';
import { LSN_ZERO, maxLsn, type Lsn } from './lsn.ts';
import type { Relation } from './relation.ts';
import type { Cut, SnapshotState, TableState } from './snapshot.ts';
import { expandXid, formatSnapshot, isVisible } from './visibility.ts';

/** What becomes of an event on a target that was filled by a snapshot. */
export const VERDICT = {
  apply: 0,
  drop: 1,
  /** An update of which only the old row is still there: delete it. */
  removeOld: 2,
  /** An update of which the old row is not there, and the new one is not either: insert it. */
  addNew: 3,
  /** It cannot be told which of the rows were copied before it: the table has to be copied again. */
  restart: 4,
  /** It depends on the row's key. */
  byKey: 5,
} as const;

export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** Transactions remembered for pending tables; beyond, of the older half only the highest is. */
export const DROPPED_LIMIT = 100_000;

/** A cut, asked at most once a transaction. */
class JudgedCut {
  readonly #cut: Cut;
  #transaction = 0;
  #holds = false;

  constructor(cut: Cut) {
    this.#cut = cut;
  }

  /** Is the transaction in what was copied? */
  holds(transaction: number, xid: number, commitLsn: Lsn): boolean {
    if (this.#transaction !== transaction) {
      const { snapshot, until } = this.#cut;
      this.#transaction = transaction;
      this.#holds = commitLsn < until && isVisible(snapshot, expandXid(xid, snapshot.xmax));
    }
    return this.#holds;
  }
}

interface Table {
  readonly schema: string;
  readonly name: string;
  /** `gone` waits for its DROP, `pending` for its copy. */
  state: 'copied' | 'pending' | 'gone';
  /** Of each range. */
  readonly ranges: readonly JudgedCut[];
  readonly distinct: readonly JudgedCut[];
  readonly keys: KeyRanges | null;
  readonly keyColumn: KeyColumn | null;
  relation: Relation | null;
  /** Where the key stands in the rows of `relation`; −1: they do not have it. */
  keyAt: number;
  /** It is part of the identity, so that an update and a delete tell it of the old row. */
  identified: boolean;
  transaction: number;
  verdict: Verdict;
}

/** A range's column, by its place: what it is called may change and change back, while copying goes on, without any other sign. */
interface KeyColumn {
  readonly place: number;
  /** The same if the stream carries generated columns. */
  readonly placeWithGenerated: number;
  readonly generated: ReadonlySet<string>;
}

/**
 * Decides for each event of the stream whether the target has it already, by the copy. Exact whatever cuts the ranges of a table have. Pure;
 * made from the state that the target keeps, and of use until every cut lies behind the stream and no table waits.
 */
export class SnapshotFilter {
  readonly #tables = new Map<number, Table>();
  readonly #schema: JudgedCut;
  readonly #pending = new Set<number>();
  readonly #gone = new Set<number>();
  readonly #relationOf: (oid: number) => Relation | null;
  readonly #dropped: Set<bigint>;
  /** From here on no cut matters. */
  readonly #end: Lsn;
  /** Transaction ids of the stream are expanded near this one. */
  #near: bigint;
  #reached: Lsn = LSN_ZERO;
  #transaction = 0;
  #xid = 0;
  #commitLsn: Lsn = LSN_ZERO;
  #noted = false;
  #lastOid = -1;
  #last: Table | undefined;

  /** @param dropped of the filter before this one: transactions that tables still pending have lost */
  constructor(state: SnapshotState, relationOf: (oid: number) => Relation | null, dropped: Iterable<bigint> = []) {
    this.#relationOf = relationOf;
    this.#dropped = new Set(dropped);
    const judged = new Map<string, JudgedCut>();
    let end = state.schema.until;
    let near = state.schema.snapshot.xmax;
    const judge = (cut: Cut): JudgedCut => {
      end = maxLsn(end, cut.until);
      if (cut.snapshot.xmax > near) near = cut.snapshot.xmax;
      const key = `${cut.until} ${formatSnapshot(cut.snapshot)}`;
      const known = judged.get(key) ?? new JudgedCut(cut);
      judged.set(key, known);
      return known;
    };
    this.#schema = judge(state.schema);
    for (const table of state.tables) this.#add(table, judge);
    this.#end = end;
    this.#near = near;
    if (this.#pending.size === 0) this.#dropped.clear();
  }

  /** Tables whose rows are dropped until they are copied. */
  get pending(): ReadonlySet<number> {
    return this.#pending;
  }

  /** Transactions, in commit order, that had something for pending tables. Whoever took a snapshot may take out what that sees. */
  get dropped(): Set<bigint> {
    return this.#dropped;
  }

  /** Nothing that comes from here on is judged: every cut lies behind the stream, no table waits for anything. */
  get spent(): boolean {
    return this.#pending.size === 0 && this.#gone.size === 0 && this.#reached >= this.#end;
  }

  /** Nothing that commits below this position will come any more. */
  reach(position: Lsn): void {
    if (position > this.#reached) this.#reached = position;
  }

  begin(xid: number, commitLsn: Lsn): void {
    this.reach(commitLsn);
    this.#transaction++;
    this.#xid = xid;
    this.#commitLsn = commitLsn;
    this.#noted = false;
  }

  /** Of a row of the transaction at hand. */
  row(batch: EventBatch, i: number): Verdict {
    const oid = batch.refs[i] as number;
    const verdict = this.table(oid);
    return verdict === VERDICT.byKey ? this.#byKey(this.#last as Table, batch, i) : verdict;
  }

  /** Of all rows of a table: those of the transaction at hand · its TRUNCATE or its rows of a rewrite, where `byKey` cannot be. */
  table(oid: number): Verdict {
    const table = this.#find(oid);
    // Whatever a transaction of the schema's snapshot wrote to was dropped again before, or it would be known.
    if (table === undefined) return this.schemaHolds ? VERDICT.drop : VERDICT.apply;
    if (table.transaction !== this.#transaction) {
      table.transaction = this.#transaction;
      table.verdict = this.#judge(table);
    }
    return table.verdict;
  }

  /** The DDL of the transaction at hand is part of the schema that was copied. */
  get schemaHolds(): boolean {
    return this.#schema.holds(this.#transaction, this.#xid, this.#commitLsn);
  }

  has(oid: number): boolean {
    return this.#tables.has(oid);
  }

  /** The table is copied anew once the stream allows it; until then nothing of it is applied. */
  restart(oid: number): void {
    const table = this.#find(oid);
    if (table === undefined) throw new WalcastError('E_INTERNAL', `relation ${oid} starts over but was never copied`);
    table.state = 'pending';
    table.transaction = 0;
    this.#pending.add(oid);
    this.#gone.delete(oid);
  }

  /** The source dropped it, and so did the target. */
  forget(oid: number): boolean {
    this.#lastOid = -1;
    this.#pending.delete(oid);
    this.#gone.delete(oid);
    return this.#tables.delete(oid);
  }

  /** Its ranges were copied under several snapshots. */
  mixed(oid: number): boolean {
    const table = this.#find(oid);
    return table?.state === 'copied' && table.distinct.length > 1;
  }

  /** As the table was called when it was copied. */
  tableOf(oid: number): { readonly schema: string; readonly name: string } {
    const table = this.#find(oid);
    if (table === undefined) throw new WalcastError('E_INTERNAL', `relation ${oid} is not part of the copy`);
    return table;
  }

  #add({ table, state, key, ranges }: TableState, judge: (cut: Cut) => JudgedCut): void {
    const { oid, metadata } = table;
    const copied = state === 'copied';
    const cuts = copied ? ranges.map(({ cut }) => judge(cutOf(cut, metadata.name))) : [];
    const distinct = [...new Set(cuts)];
    const byKey = distinct.length > 1 && key !== null;
    if (distinct.length > 1 && key === null)
      throw new WalcastError('E_INTERNAL', `${metadata.schema}.${metadata.name} has several cuts but no key`);
    this.#tables.set(oid, {
      schema: metadata.schema,
      name: metadata.name,
      state: copied ? 'copied' : state === 'gone' ? 'gone' : 'pending',
      ranges: cuts,
      distinct,
      keys: byKey ? new KeyRanges(key.kind, ranges) : null,
      keyColumn: byKey ? keyColumnOf(table, key.column) : null,
      relation: null,
      keyAt: -1,
      identified: false,
      transaction: 0,
      verdict: VERDICT.apply,
    });
    if (state === 'gone') this.#gone.add(oid);
    else if (!copied) this.#pending.add(oid);
  }

  #find(oid: number): Table | undefined {
    if (oid === this.#lastOid) return this.#last;
    this.#last = this.#tables.get(oid);
    this.#lastOid = oid;
    return this.#last;
  }

  #judge(table: Table): Verdict {
    if (table.state !== 'copied') {
      if (table.state === 'pending') this.#note();
      return VERDICT.drop;
    }
    let held = 0;
    for (const cut of table.distinct) if (cut.holds(this.#transaction, this.#xid, this.#commitLsn)) held++;
    if (held === 0) return VERDICT.apply;
    return held === table.distinct.length ? VERDICT.drop : VERDICT.byKey;
  }

  /** The ranges were copied before and after this transaction. Every part of the row is judged by the range that its key lies in. */
  #byKey(table: Table, batch: EventBatch, i: number): Verdict {
    this.#locateKey(table, batch.refs[i] as number);
    const newAt = batch.newAt[i] as number;
    const oldAt = batch.oldAt[i] as number;
    const kind = batch.kinds[i];
    if (table.keyAt < 0 || (kind !== EVENT.insert && !table.identified)) return VERDICT.restart;
    switch (kind) {
      case EVENT.insert:
        return this.#holdsKey(table, batch, newAt) ? VERDICT.drop : VERDICT.apply;
      case EVENT.delete:
        return this.#holdsKey(table, batch, oldAt) ? VERDICT.drop : VERDICT.apply;
      default: {
        const newThere = this.#holdsKey(table, batch, newAt);
        const oldGone = oldAt < 0 ? newThere : this.#holdsKey(table, batch, oldAt);
        if (newThere === oldGone) return newThere ? VERDICT.drop : VERDICT.apply;
        return newThere ? VERDICT.removeOld : VERDICT.addNew;
      }
    }
  }

  #holdsKey(table: Table, batch: EventBatch, at: number): boolean {
    const field = at + table.keyAt * 2;
    const length = batch.fields[field + 1] as number;
    // No range was ever copied from a table whose key may be null: this came later.
    if (length < 0) return false;
    const range = (table.keys as KeyRanges).find(batch.bytes, batch.fields[field] as number, length);
    return range >= 0 && (table.ranges[range] as JudgedCut).holds(this.#transaction, this.#xid, this.#commitLsn);
  }

  #locateKey(table: Table, oid: number): void {
    const relation = this.#relationOf(oid);
    if (relation === table.relation) return;
    table.relation = relation;
    table.keyAt = -1;
    if (relation === null || table.keyColumn === null) return;
    const { place, placeWithGenerated, generated } = table.keyColumn;
    const at = relation.columns.some(({ name }) => generated.has(name)) ? placeWithGenerated : place;
    const column = relation.columns[at];
    if (column === undefined) return;
    table.keyAt = at;
    table.identified = column.key;
  }

  #note(): void {
    if (this.#noted) return;
    this.#noted = true;
    const xid = expandXid(this.#xid, this.#near);
    if (xid > this.#near) this.#near = xid;
    this.#dropped.add(xid);
    if (this.#dropped.size > DROPPED_LIMIT) this.#forgetOlderHalf();
  }

  /** They committed so long ago that whatever snapshot sees their highest sees them. */
  #forgetOlderHalf(): void {
    let highest = 0n;
    let left = this.#dropped.size - DROPPED_LIMIT / 2;
    for (const xid of this.#dropped) {
      if (left-- === 0) break;
      if (xid > highest) highest = xid;
      this.#dropped.delete(xid);
    }
    this.#dropped.add(highest);
  }
}

function cutOf(cut: Cut | null, table: string): Cut {
  if (cut === null) throw new WalcastError('E_INTERNAL', `${table} counts as copied, but one of its ranges has no cut`);
  return cut;
}

function keyColumnOf({ metadata }: TableState['table'], column: string): KeyColumn | null {
  const columns = metadata.columns ?? [];
  const index = columns.findIndex(({ name }) => name === column);
  if (index < 0) return null;
  const before = columns.slice(0, index);
  return {
    place: before.filter(({ generated }) => generated === undefined).length,
    placeWithGenerated: before.filter(({ generated_kind: kind }) => kind !== 'v').length,
    generated: new Set(columns.filter(({ generated_kind: kind }) => kind === 's').map(({ name }) => name)),
  };
}
