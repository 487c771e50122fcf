import type { Lsn } from '../../wal/lsn.ts';

/** Limits of a group: source transactions that share one target transaction. */
const GROUP_ROWS = 10_000;
const GROUP_BYTES = 2 * 1024 * 1024;
const GROUP_TRANSACTIONS = 1_000;

/** What the open target transaction holds. Source transactions are never split over two. */
export class Group {
  open = false;
  transactions = 0;
  rows = 0;
  bytes = 0;
  /** End of the last whole source transaction in it. */
  end: Lsn | null = null;
  /** Its session ran statements of users: it is committed alone. */
  userCode = false;

  start(): void {
    this.open = true;
    this.transactions = 0;
    this.rows = 0;
    this.bytes = 0;
    this.end = null;
    this.userCode = false;
  }

  get full(): boolean {
    return (
      this.rows >= GROUP_ROWS || this.bytes >= GROUP_BYTES || this.transactions >= GROUP_TRANSACTIONS || this.userCode
    );
  }
}
