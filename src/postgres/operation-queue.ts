import type { EventBatch } from '../wal/event-batch.ts';
import type { SqlResult } from './sql-session.ts';

/** What the server still owes an answer to, in the order it was asked. */
export const OPERATION = {
  /** A row of `batch`: its command must have hit exactly one row. */
  row: 1,
  /** A command whose count does not matter. */
  command: 2,
  /** A query of a `SqlSession`; its answer is complete at the next sync. */
  query: 3,
  /** ReadyForQuery is due. */
  sync: 4,
  /** A set of rows: its command must have hit as many as `event` says. */
  rows: 6,
  /** ReadyForQuery at the end of a segment, whose failure the writer handles itself. */
  segment: 7,
  /** A row whose statement fails by division by zero unless it hits one row. */
  checkedRow: 8,
  /** A set of rows that nobody waits for: hitting another number than `event` says is the end of the session. */
  checkedRows: 9,
  /** No answer of its own: everything of `batch` before it was answered. */
  release: 5,
  /** No answer of its own: a segment begins, whose failure the writer handles itself. */
  begin: 10,
} as const;

/** What becomes of the rows that a query returns: its `event`. */
export const KEEP_ROWS = 0;
export const DROP_ROWS = 1;

export type OperationKind = (typeof OPERATION)[keyof typeof OPERATION];

export interface Waiter {
  resolve(result: SqlResult): void;
  reject(error: unknown): void;
}

const INITIAL = 1024;

/** A ring of numbers and references: pushing a row makes no object. */
export class OperationQueue {
  #kinds = new Uint8Array(INITIAL);
  #events = new Int32Array(INITIAL);
  #subjects: (EventBatch | Waiter | null)[] = new Array<EventBatch | Waiter | null>(INITIAL).fill(null);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get kind(): OperationKind | null {
    return this.#size === 0 ? null : (this.#kinds[this.#head] as OperationKind);
  }

  /** Index in `batch` of the row at the head, or the count of a set. */
  get event(): number {
    return this.#events[this.#head] as number;
  }

  /** The head is a query whose rows somebody wants. */
  get keepsRows(): boolean {
    return this.kind === OPERATION.query && this.event === KEEP_ROWS;
  }

  get batch(): EventBatch {
    return this.#subjects[this.#head] as EventBatch;
  }

  get waiter(): Waiter | null {
    return this.#subjects[this.#head] as Waiter | null;
  }

  push(kind: OperationKind, event: number, subject: EventBatch | Waiter | null): void {
    if (this.#size === this.#kinds.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#kinds.length - 1);
    this.#kinds[at] = kind;
    this.#events[at] = event;
    this.#subjects[at] = subject;
    this.#size++;
  }

  shift(): void {
    this.#subjects[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#kinds.length - 1);
    this.#size--;
  }

  /** Capacity is a power of two, and bounded by the writer, which waits when too much is unanswered. */
  #grow(): void {
    const old = this.#kinds.length;
    const kinds = new Uint8Array(old * 2);
    const events = new Int32Array(old * 2);
    const subjects = new Array<EventBatch | Waiter | null>(old * 2).fill(null);
    for (let i = 0; i < this.#size; i++) {
      const from = (this.#head + i) & (old - 1);
      kinds[i] = this.#kinds[from] as number;
      events[i] = this.#events[from] as number;
      subjects[i] = this.#subjects[from] ?? null;
    }
    this.#kinds = kinds;
    this.#events = events;
    this.#subjects = subjects;
    this.#head = 0;
  }
}
