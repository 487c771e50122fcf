import type { EventBatch } from '../wal/event-batch.ts';
import type { Processor } from '../wal/processor.ts';
import { BatchQueue, type BatchQueueHooks } from './batch-queue.ts';

/** One target within one stream: its queue and the loop that empties it into the processor. */
export class TargetFeed {
  readonly processor: Processor;
  readonly #queue: BatchQueue;
  #done: Promise<void> | null = null;

  constructor(processor: Processor, hooks: BatchQueueHooks) {
    this.processor = processor;
    this.#queue = new BatchQueue(hooks);
  }

  get full(): boolean {
    return this.#queue.full;
  }

  get waiting(): boolean {
    return this.#queue.waiting;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** `failed` is called at most once, if the loop ends by an error. */
  start(failed: (error: unknown) => void): void {
    this.#done = this.#loop().catch(failed);
  }

  push(batch: EventBatch): void {
    this.#queue.push(batch);
  }

  /** Ends the loop after the batch it is at. */
  async stop(): Promise<void> {
    this.#queue.close();
    await this.#done;
  }

  async #loop(): Promise<void> {
    for (;;) {
      let batch = this.#queue.poll();
      if (batch === null) {
        await this.processor.flush(); // no more data waits: what is whole becomes durable now
        batch = await this.#queue.next();
        if (batch === null) return;
      }
      try {
        await this.processor.write(batch);
      } finally {
        batch.release();
      }
    }
  }
}
