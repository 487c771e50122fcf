import type { SqlSession } from '../../postgres/sql-session.ts';
import { LSN_ZERO, parseLsn, type Lsn } from '../../wal/lsn.ts';

const POLL_MS = 100;

/**
 * Turns "COMMIT was answered" into "durable". With synchronous_commit = off on the target an answered COMMIT may still be lost in a crash:
 * then a position counts only once the target's WAL is flushed beyond the end it had after that COMMIT.
 */
export class Durability {
  readonly #session: SqlSession;
  readonly #durable: (position: Lsn) => void;
  readonly #asynchronous: boolean;
  #committed: Lsn = LSN_ZERO;
  #waiting: { position: Lsn; flushedAt: Lsn } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(session: SqlSession, asynchronous: boolean, durable: (position: Lsn) => void) {
    this.#session = session;
    this.#asynchronous = asynchronous;
    this.#durable = durable;
  }

  committed(position: Lsn): void {
    this.#committed = position;
    if (!this.#asynchronous) this.#durable(position);
    else this.#timer ??= setTimeout(() => void this.#poll(), POLL_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
  }

  async #poll(): Promise<void> {
    const committed = this.#committed; // of before the question: whatever follows may lie beyond the answer
    try {
      const { rows } = await this.#session.query(
        'select pg_current_wal_insert_lsn()::text as inserted, pg_current_wal_flush_lsn()::text as flushed',
      );
      if (this.#timer === null) return;
      const inserted = parseLsn(rows[0]?.['inserted'] ?? '');
      const flushed = parseLsn(rows[0]?.['flushed'] ?? '');
      if (this.#waiting !== null && flushed >= this.#waiting.flushedAt) {
        const { position } = this.#waiting;
        this.#waiting = null;
        this.#durable(position);
        if (position === this.#committed) {
          this.#timer = null;
          return;
        }
      }
      this.#waiting ??= { position: committed, flushedAt: inserted };
      this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
    } catch {
      this.stop(); // the connection is gone: nothing more becomes durable through it, and its owner was told
    }
  }
}
