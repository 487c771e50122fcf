import type { Lsn } from '../../wal/lsn.ts';

/** Limits of a group: source transactions that share one target transaction. */
const GROUP_ROWS = 10_000;
const GROUP_BYTES = 2 * 1024 * 1024;
const GROUP_TRANSACTIONS = 1_000;
/** Each holds locks that keep readers of the target away, and a place in the server's table of locks. */
const GROUP_DDL = 32;

/** What the open target transaction holds. Source transactions are never split over two. */
export class Group {
  open = false;
  transactions = 0;
  rows = 0;
  bytes = 0;
  /** End of the last whole source transaction in it. */
  end: Lsn | null = null;
  /** Commands that changed the schema. */
  ddl = 0;
  /** The transaction of the source at hand changed the schema, or its session ran statements of users: its end needs care. */
  changed = false;
  /** It is committed with this transaction of the source. */
  alone = false;

  start(): void {
    this.open = true;
    this.transactions = 0;
    this.rows = 0;
    this.bytes = 0;
    this.end = null;
    this.ddl = 0;
    this.changed = false;
    this.alone = false;
  }

  get full(): boolean {
    return (
      this.alone ||
      this.rows >= GROUP_ROWS ||
      this.bytes >= GROUP_BYTES ||
      this.transactions >= GROUP_TRANSACTIONS ||
      this.ddl >= GROUP_DDL
    );
  }
}
