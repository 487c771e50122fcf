import { EventBatch } from '../wal/event-batch.ts';

export const BATCH_BYTES = 256 * 1024;
export const BATCH_EVENTS = 4096;
export const BATCH_FIELDS = 32 * 1024;
const POOL_LIMIT = 8;

/** Keeps up to 8 batches of standard size for reuse; larger ones (for one large message each) are left to the garbage collector. */
export class BatchPool {
  readonly #free: EventBatch[] = [];

  take(bytes: number, fields: number): EventBatch {
    if (bytes <= BATCH_BYTES && fields <= BATCH_FIELDS) {
      const batch = this.#free.pop();
      if (batch !== undefined) {
        batch.reset();
        return batch;
      }
      return new EventBatch(BATCH_BYTES, BATCH_EVENTS, BATCH_FIELDS, this.#recycle);
    }
    return new EventBatch(bytes, 1, Math.max(fields, 1));
  }

  readonly #recycle = (batch: EventBatch): void => {
    if (this.#free.length < POOL_LIMIT) this.#free.push(batch);
  };
}
