import type { EventBatch } from '../wal/event-batch.ts';

/** Above this the reader of the source pauses … */
export const QUEUE_HIGH_BYTES = 4 * 1024 * 1024;
export const QUEUE_HIGH_BATCHES = 16;
/** … and below this it goes on. */
const QUEUE_LOW_BYTES = QUEUE_HIGH_BYTES / 2;
const QUEUE_LOW_BATCHES = QUEUE_HIGH_BATCHES / 2;

export interface BatchQueueHooks {
  /** The consumer waits and the queue is empty. */
  hungry(): void;
  /** The queue has come down from full. */
  relieved(): void;
}

/** Batches on their way to one target. Bounded by its producer, which has to stop while `full`. */
export class BatchQueue {
  readonly #hooks: BatchQueueHooks;
  readonly #batches: EventBatch[] = [];
  #bytes = 0;
  /** Of the batch that the consumer is at: a very large row counts until it is passed on. */
  #inHand = 0;
  #full = false;
  #waiting: ((batch: EventBatch | null) => void) | null = null;
  #closed = false;

  constructor(hooks: BatchQueueHooks) {
    this.#hooks = hooks;
  }

  get full(): boolean {
    return this.#full;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The consumer would take a batch at once. */
  get waiting(): boolean {
    return this.#waiting !== null;
  }

  /** Takes one reference to the batch over. */
  push(batch: EventBatch): void {
    if (this.#closed) {
      batch.release();
      return;
    }
    const taker = this.#waiting;
    if (taker !== null) {
      this.#waiting = null;
      this.#inHand = batch.footprint;
      taker(batch);
    } else {
      this.#batches.push(batch);
      this.#bytes += batch.footprint;
    }
    if (this.#bytes + this.#inHand >= QUEUE_HIGH_BYTES || this.#batches.length >= QUEUE_HIGH_BATCHES) this.#full = true;
  }

  /** What waits, without waiting. The consumer has done with what it got before. */
  poll(): EventBatch | null {
    const batch = this.#batches.shift() ?? null;
    this.#inHand = batch === null ? 0 : batch.footprint;
    this.#bytes -= this.#inHand;
    if (this.#full && this.#bytes + this.#inHand <= QUEUE_LOW_BYTES && this.#batches.length <= QUEUE_LOW_BATCHES) {
      this.#full = false;
      this.#hooks.relieved();
    }
    return batch;
  }

  /** Null after `close`. One consumer only. */
  next(): Promise<EventBatch | null> {
    const batch = this.poll();
    if (batch !== null || this.#closed) return Promise.resolve(batch);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#hooks.hungry();
    });
  }

  close(): void {
    this.#closed = true;
    for (const batch of this.#batches.splice(0)) batch.release();
    this.#bytes = 0;
    this.#waiting?.(null);
    this.#waiting = null;
  }
}
