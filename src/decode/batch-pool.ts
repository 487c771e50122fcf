import { EventBatch } from '../wal/event-batch.ts';

export const BATCH_BYTES = 256 * 1024;
export const BATCH_EVENTS = 4096;
export const BATCH_FIELDS = 32 * 1024;
/** About as many as are under way at full load: in the queue of a target and in the rows that it writes. */
const POOL_LIMIT = 16;
/** Rows of nearly the same size fit into the same batch. */
const LARGE_STEP = 1024 * 1024;

/**
 * Keeps up to 16 batches of standard size for reuse. Of the larger ones, for one large message each, the last is used again as long as the
 * garbage collector has not taken it: it comes late for them, and row after row would add up.
 */
export class BatchPool {
  readonly #free: EventBatch[] = [];
  #large: WeakRef<EventBatch> | null = null;

  take(bytes: number, fields: number): EventBatch {
    if (bytes <= BATCH_BYTES && fields <= BATCH_FIELDS) {
      const batch = this.#free.pop();
      if (batch !== undefined) {
        batch.reset();
        return batch;
      }
      return new EventBatch(BATCH_BYTES, BATCH_EVENTS, BATCH_FIELDS, this.#recycle);
    }
    const large = this.#large?.deref();
    if (large !== undefined && large.bytes.length >= bytes && large.fields.length >= fields * 2) {
      this.#large = null;
      large.reset();
      return large;
    }
    const rounded = Math.ceil(bytes / LARGE_STEP) * LARGE_STEP;
    return new EventBatch(rounded, 1, Math.max(fields, 1), (batch) => (this.#large = new WeakRef(batch)));
  }

  readonly #recycle = (batch: EventBatch): void => {
    if (this.#free.length < POOL_LIMIT) this.#free.push(batch);
  };
}
