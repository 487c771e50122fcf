import type { EventBatch } from '../wal/event-batch.ts';
import type { Processor } from '../wal/processor.ts';
import { BatchQueue, type BatchQueueHooks } from './batch-queue.ts';

/** What a group may wait for more to come with it, when there is a backlog. */
const PATIENCE_MS = 10;

export interface TargetFeedHooks extends BatchQueueHooks {
  /** The source has a backlog. */
  behind(): boolean;
}

/** One target within one stream: its queue and the loop that empties it into the processor. */
export class TargetFeed {
  readonly processor: Processor;
  readonly #queue: BatchQueue;
  readonly #hooks: TargetFeedHooks;
  #done: Promise<void> | null = null;

  constructor(processor: Processor, hooks: TargetFeedHooks) {
    this.processor = processor;
    this.#hooks = hooks;
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
      if (batch === null && this.#hooks.behind()) batch = await this.#queue.ripe(PATIENCE_MS);
      if (batch === null) {
        if (this.#queue.closed) return;
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
