import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { connect, rows } from './database.ts';
import { Samples } from './timing.ts';

const EVERY_MS = 50;
const POLL_MS = 2;
const RETRY_MS = 200;
/** A target that is no further behind has caught up after a disturbance. */
const CAUGHT_UP_MS = 500;
/** Ten minutes of a target that takes nothing. */
const PENDING_LIMIT = 12_000;

/**
 * Measures the way from a commit on the source to the moment when a reader of the target sees it: a row every few milliseconds, and somebody
 * who looks for it.
 */
export class Heartbeat {
  readonly #sourceUrl: string;
  readonly #targetUrl: string;
  readonly #ending = new AbortController();
  readonly #stoppedWriting = new AbortController();
  /** Committed, not yet seen. */
  readonly #pending = new Map<number, { readonly at: number; readonly disturbed: boolean }>();
  #written = 0;
  #seen = 0;
  #disturbance: 'none' | 'broken' | 'catching up' = 'catching up'; // the target begins without the tables
  #writing: Promise<void> = Promise.resolve();
  #reading: Promise<void> = Promise.resolve();
  /** While nothing was killed. */
  readonly calm = new Samples();
  /** At the start, and from a kill until the target had caught up. */
  readonly disturbed = new Samples();

  constructor(sourceUrl: string, targetUrl: string) {
    this.#sourceUrl = sourceUrl;
    this.#targetUrl = targetUrl;
  }

  /** Age of the oldest commit that is still on its way, in ms; 0: all have arrived. */
  get behindMs(): number {
    for (const { at } of this.#pending.values()) return performance.now() - at;
    return 0;
  }

  get count(): number {
    return this.calm.count + this.disturbed.count;
  }

  start(failed: (error: unknown) => void): void {
    this.#writing = this.#write().catch(failed);
    this.#reading = this.#read().catch(failed);
  }

  /** Something is being killed: what is on its way, and all that follows until the target has caught up, counts apart. */
  disturb(): void {
    this.#disturbance = 'broken';
    for (const [id, { at }] of this.#pending) this.#pending.set(id, { at, disturbed: true });
  }

  /** It is there again. */
  restored(): void {
    if (this.#disturbance === 'broken') this.#disturbance = 'catching up';
  }

  /** Writes the last one, after which nobody may write to the source, and waits until it has arrived. */
  async finish(timeoutMs: number, givenUp: () => boolean): Promise<boolean> {
    this.#stoppedWriting.abort();
    await this.#writing;
    const end = performance.now() + timeoutMs;
    while (this.#pending.size > 0 && !givenUp() && performance.now() < end) await delay(20);
    const arrived = this.#pending.size === 0;
    await this.stop();
    return arrived;
  }

  async stop(): Promise<void> {
    this.#stoppedWriting.abort();
    this.#ending.abort();
    await Promise.allSettled([this.#writing, this.#reading]);
  }

  async #write(): Promise<void> {
    const { signal } = this.#stoppedWriting;
    const client = await connect(this.#sourceUrl, 'heartbeat');
    try {
      while (!signal.aborted) {
        await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
        await this.#beat(client);
      }
      await this.#beat(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #beat(client: pg.Client): Promise<void> {
    const id = ++this.#written;
    await client.query('insert into heartbeat (id) values ($1)', [id]);
    if (id > this.#seen) {
      if (this.#pending.size < PENDING_LIMIT) {
        this.#pending.set(id, { at: performance.now(), disturbed: this.#disturbance !== 'none' });
      }
    } else {
      this.calm.add(0); // it was there before the answer to our own commit
    }
  }

  /** The target may be killed, and may not have the table yet: it is asked again until the end. */
  async #read(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let client: pg.Client | undefined;
      try {
        client = await connect(this.#targetUrl, 'heartbeat');
        while (!signal.aborted) {
          const [row] = await rows(client, 'select coalesce(max(id), 0) as id from heartbeat');
          this.#arrived(Number(row?.['id']));
          await delay(this.#pending.size > 0 ? POLL_MS : POLL_MS * 2, undefined, { signal }).catch(() => undefined);
        }
      } catch {
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      } finally {
        await client?.end().catch(() => undefined);
      }
    }
  }

  #arrived(id: number): void {
    const now = performance.now();
    let latest = Number.POSITIVE_INFINITY;
    for (const [each, { at, disturbed }] of this.#pending) {
      if (each > id) break;
      this.#pending.delete(each);
      latest = now - at;
      (disturbed ? this.disturbed : this.calm).add(latest);
    }
    if (id > this.#seen) this.#seen = id;
    if (latest < CAUGHT_UP_MS && this.#disturbance === 'catching up') this.#disturbance = 'none';
  }
}
