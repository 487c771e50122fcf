import { setTimeout as delay } from 'node:timers/promises';
import type { TestDatabase } from '../test-database.ts';
import { connectionLost } from '../workload/writer.ts';
import { Churn } from './churn.ts';

/** Writers that come back when their server has been away. */
export class SteadyChurn {
  readonly #database: TestDatabase;
  readonly #options: { readonly seed: number; readonly writers: number };
  #churn: Churn;
  #seed: number;

  private constructor(database: TestDatabase, options: { seed: number; writers: number }, churn: Churn) {
    this.#database = database;
    this.#options = options;
    this.#churn = churn;
    this.#seed = options.seed;
  }

  static async start(
    database: TestDatabase,
    options: { readonly seed: number; readonly writers: number },
  ): Promise<SteadyChurn> {
    return new SteadyChurn(database, options, await Churn.start(database, { ...options, tolerant: true }));
  }

  /** Does something to the server while they write; afterwards they go on. */
  async through(blow: () => Promise<void>): Promise<void> {
    await blow();
    await this.stop();
    for (let tries = 0; ; tries++) {
      try {
        const seed = ++this.#seed;
        this.#churn = await Churn.start(this.#database, { ...this.#options, seed, tolerant: true });
        return;
      } catch (error) {
        if (!connectionLost(error) || tries === 50) throw error;
        await delay(100);
      }
    }
  }

  async stop(): Promise<void> {
    await this.#churn.stop().catch((error: unknown) => {
      if (!connectionLost(error)) throw error;
    });
  }
}
