import { describe, expect, it } from 'vitest';
import { EventBatch } from '../wal/event-batch.ts';
import { BatchQueue, QUEUE_HIGH_BATCHES, QUEUE_HIGH_BYTES } from './batch-queue.ts';

function setUp(): { queue: BatchQueue; told: string[]; make: (bytes: number) => EventBatch; returned: () => number } {
  const told: string[] = [];
  let returns = 0;
  const queue = new BatchQueue({ hungry: () => told.push('hungry'), relieved: () => told.push('relieved') });
  return { queue, told, make: (bytes) => new EventBatch(bytes, 1, 1, () => returns++), returned: () => returns };
}

describe('batch queue', () => {
  it('is full at its bytes and says once when it has come down to half', () => {
    const { queue, told, make } = setUp();
    while (!queue.full) queue.push(make(QUEUE_HIGH_BYTES / 8));
    expect(queue.bytes).toBeGreaterThanOrEqual(QUEUE_HIGH_BYTES);
    while (queue.full) queue.poll();
    expect(queue.bytes).toBeLessThanOrEqual(QUEUE_HIGH_BYTES / 2);
    while (queue.poll() !== null);
    expect(told).toEqual(['relieved']);
    expect(queue.bytes).toBe(0);
  });

  it('is full at its number of batches, however small', () => {
    const { queue, make } = setUp();
    for (let i = 0; i < QUEUE_HIGH_BATCHES; i++) queue.push(make(1));
    expect(queue.full).toBe(true);
  });

  it('counts the batch that its consumer is at: a very large one keeps others out, taken from the queue or at once', async () => {
    for (const waiting of [true, false]) {
      const { queue, told, make } = setUp();
      const next = waiting ? queue.next() : null;
      queue.push(make(QUEUE_HIGH_BYTES));
      const taken = await (next ?? queue.next());
      expect(taken).not.toBeNull();
      expect(queue.full).toBe(true);
      expect(queue.poll()).toBeNull(); // the consumer is done with it
      expect(queue.full).toBe(false);
      expect(told.at(-1)).toBe('relieved');
    }
  });

  it('gives batches in order, and asks for one when there is none', async () => {
    const { queue, told, make } = setUp();
    const [a, b] = [make(1), make(1)];
    queue.push(a);
    expect(await queue.next()).toBe(a);
    const next = queue.next();
    expect(queue.waiting).toBe(true);
    expect(told).toEqual(['hungry']);
    queue.push(b);
    expect(await next).toBe(b);
  });

  it('gives what is left back at its close, ends the waiting, and takes nothing more', async () => {
    const { queue, make, returned } = setUp();
    queue.push(make(1));
    queue.push(make(1));
    queue.close();
    queue.push(make(1));
    expect(returned()).toBe(3);
    expect(await queue.next()).toBeNull();
    const other = setUp();
    const waiting = other.queue.next();
    other.queue.close();
    expect(await waiting).toBeNull();
  });
});
