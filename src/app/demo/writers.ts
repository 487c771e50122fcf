import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { connect, sqlstateOf } from './database.ts';
import type { Feature } from './shop-features.ts';
import { pickTransaction, TakenBack } from './shop-work.ts';
import { seededRandom } from './timing.ts';

const WRITERS = 4;
/** Transactions a second of each: some hundred rows altogether, which leaves a small machine most of its time. */
const RATE = 25;
/** Further behind its rate than this, a writer lets the past be. */
const PATIENCE_MS = 1_000;

/**
 * What a schema change may do to a transaction that it meets: a column that is gone, a plan that no longer fits, a deadlock, a lock or
 * statement that took too long. The application tries again.
 */
const EXPECTED = /^(42|40|55P03|57014|0A000)/;

/** The shop's users: several connections, transactions of several statements, at a steady pace. */
export class Writers {
  readonly #url: string;
  readonly #features = new Set<Feature>();
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #number = 0;
  transactions = 0;
  rows = 0;
  /** Transactions that met a schema change and were tried again. */
  repeated = 0;
  takenBack = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** The application that needs it is deployed. */
  deploy(feature: Feature): void {
    this.#features.add(feature);
  }

  start(failed: (error: unknown) => void): void {
    const all = Array.from({ length: WRITERS }, (_, i) => this.#write(i));
    this.#running = Promise.all(all).then(() => undefined, failed);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #write(index: number): Promise<void> {
    const { signal } = this.#ending;
    const client = await connect(this.#url, `shop ${index + 1}`);
    const random = seededRandom(index + 1);
    try {
      for (let due = performance.now(); !signal.aborted; due += 1000 / RATE) {
        await this.#transact(client, random);
        const now = performance.now();
        if (now - due > PATIENCE_MS) due = now;
        if (due > now) await delay(due - now, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #transact(client: pg.Client, random: () => number): Promise<void> {
    const transaction = pickTransaction(random);
    try {
      await client.query('begin');
      const rows = await transaction({ client, random, features: this.#features, unique: () => ++this.#number });
      await client.query('commit');
      if (rows > 0) this.transactions++;
      this.rows += rows;
    } catch (error) {
      await client.query('rollback');
      if (error instanceof TakenBack) this.takenBack++;
      else if (EXPECTED.test(sqlstateOf(error) ?? '')) this.repeated++;
      else throw error;
    }
  }
}
