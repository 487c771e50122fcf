import { setTimeout as delay } from 'node:timers/promises';
import { sqlstateOf } from '../../../src/postgres/client.ts';
import { type Random, seededRandom } from '../random.ts';
import { textClient } from '../text-client.ts';
import { observe } from './observe.ts';
import type { Observation } from './prefix.ts';
import { connectionLost } from './writer.ts';

export interface ReaderOptions {
  readonly url: string;
  readonly seed: number;
  /** Mean of the random pauses between two looks. */
  readonly everyMs: number;
}

/** Deadlock or lock timeout with a schema change; or the schema is not there yet. */
const TRY_AGAIN = new Set(['40P01', '55P03', '42P01']);

/** Looks at the target at random moments, whatever state it is in, and keeps what it saw. */
export class Reader {
  readonly seen: Observation[] = [];
  readonly #options: ReaderOptions;
  readonly #random: Random;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#running = this.#run();
    this.#running.catch(() => undefined); // told by `stop`
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const client = textClient(this.#options.url);
      try {
        await client.connect();
        while (!signal.aborted) {
          await delay(this.#random.next() * 2 * this.#options.everyMs, undefined, { signal }).catch(() => undefined);
          this.seen.push(await observe(client));
        }
      } catch (error) {
        if (!connectionLost(error) && !TRY_AGAIN.has(sqlstateOf(error) ?? '')) throw error;
        await delay(50);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
