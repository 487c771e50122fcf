import { LSN_ZERO, type Lsn } from '../../wal/lsn.ts';
import type { BeginEvent, EventBatch } from '../../wal/event-batch.ts';
import type { PendingCopies } from '../../wal/processor.ts';
import type { Relation } from '../../wal/relation.ts';
import type { SnapshotState, TableState } from '../../wal/snapshot.ts';
import { SnapshotFilter, type Verdict } from '../../wal/snapshot-cut.ts';
import { expandXid } from '../../wal/visibility.ts';
import { cutOfNothing, type CopyStore } from './state/copy-store.ts';
import type { SearchTable } from './tables/search-table.ts';
import type { SearchTables } from './tables/search-tables.ts';

export interface CatchUpOptions {
  readonly copies: CopyStore;
  readonly tables: SearchTables;
  readonly relationOf: (oid: number) => Relation | null;
  /** A transaction id near those of the stream, with its epoch. */
  readonly near: bigint;
}

/** Which rows of the stream the indexes have already, by a copy, or will have by one that is still to come. */
export class CatchUp {
  readonly #options: CatchUpOptions;
  #filter: SnapshotFilter | null = null;
  #near: bigint;
  #xid = 0;
  #commitLsn: Lsn = LSN_ZERO;
  #reached: Lsn = LSN_ZERO;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#near = options.near;
  }

  /** What the cluster says of copies that are not behind the stream. */
  async load(position: Lsn): Promise<void> {
    this.#reached = position;
    const { copies, tables } = this.#options;
    const head = await copies.head();
    if (head !== null) this.adopt(await copies.state(head), position);
    const pending = this.#filter?.pending ?? new Set();
    for (const table of tables.all()) {
      // an index that was begun, but not noted: the process ended in between
      const { shape, next } = table;
      if (next === null || shape.key === null) continue;
      const members = shape.partitioned ? shape.members : [shape.oid];
      if (!members.some((oid) => pending.has(oid))) await this.copy(members, table);
    }
  }

  get active(): boolean {
    return this.#filter !== null;
  }

  /** Nothing of any copy matters to what comes. */
  get over(): boolean {
    return this.#filter?.spent === true;
  }

  get pending(): PendingCopies | null {
    if (this.#filter === null || this.#filter.pending.size === 0) return null;
    const { pending: tables, dropped } = this.#filter;
    return { tables, dropped };
  }

  get schemaHolds(): boolean {
    return this.#filter?.schemaHolds === true;
  }

  begin({ xid, commitLsn }: BeginEvent): void {
    this.#xid = xid;
    this.#commitLsn = commitLsn;
    const expanded = expandXid(xid, this.#near);
    if (expanded > this.#near) this.#near = expanded;
    this.#filter?.begin(xid, commitLsn);
  }

  /** The transaction at hand, with its epoch. */
  get transaction(): bigint {
    return expandXid(this.#xid, this.#near);
  }

  reach(position: Lsn): void {
    this.#reached = position;
    this.#filter?.reach(position);
  }

  row(batch: EventBatch, i: number): Verdict | undefined {
    return this.#filter?.row(batch, i);
  }

  table(oid: number): Verdict | undefined {
    return this.#filter?.table(oid);
  }

  adopt(state: SnapshotState, position: Lsn): void {
    this.#filter = new SnapshotFilter(state, this.#options.relationOf, this.#filter?.dropped ?? []);
    this.#filter.reach(position);
  }

  /** Rows under these oids are left out of the stream, from the transaction at hand on, until they are copied. */
  async copy(members: readonly number[], table: SearchTable): Promise<void> {
    const { copies, tables } = this.#options;
    if (members.length === 0) {
      await tables.swap(table);
      return;
    }
    let head = await copies.head();
    if (head === null) {
      head = { phase: 'catchup', schema: cutOfNothing(this.#near), holder: '' };
      await copies.writeHead(head);
    }
    for (const oid of members) await copies.writeTable(waiting(oid, table));
    this.adopt(await copies.state(head), this.#reached);
    this.#filter?.begin(this.#xid, this.#commitLsn);
    for (const oid of members) this.#filter?.table(oid);
  }

  async forget(oids: readonly number[]): Promise<void> {
    for (const oid of oids) if (this.#filter?.forget(oid) === true) await this.#options.copies.forgetTable(oid);
  }

  async finish(): Promise<void> {
    await this.#options.copies.forget();
    this.#filter = null;
  }
}

/** The source's own description comes with the copy. */
function waiting(oid: number, { shape }: SearchTable): TableState {
  const { schema, name } = shape;
  const identity = { kind: 'r', persistence: 'p', owner: '', identity: 'd' } as const;
  const table = { oid, metadata: { oid, schema, name, ...identity }, fileNode: '', bytes: 0, estimatedRows: 0 };
  return { table, state: 'changed', key: null, ranges: [] };
}
