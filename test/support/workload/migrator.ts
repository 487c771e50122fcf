import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { sqlstateOf } from '../../../src/postgres/client.ts';
import { rowsOf, textClient } from '../text-client.ts';
import { type Migration, migrations } from './migrations.ts';
import { SCHEMA_FINGERPRINT } from './observe.ts';
import { MIGRATOR } from './schema.ts';
import { connectionLost } from './writer.ts';

export interface MigratorOptions {
  readonly url: string;
  readonly everyMs: number;
  readonly rounds: number;
}

const RETRIED = new Set(['40P01', '55P03']);

/** Migrates the busy source, one script a transaction, and writes down what the schema looks like after each. */
export class Migrator {
  readonly schemas = new Map<number, string>();
  readonly #options: MigratorOptions;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #done = 0;
  #finished = false;

  constructor(options: MigratorOptions) {
    this.#options = options;
    this.#running = this.#run();
    this.#running.catch(() => undefined); // told by `stop`
  }

  get done(): number {
    return this.#done;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** After the script at hand. Rejects if one of them failed. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const scripts = Array.from({ length: this.#options.rounds }, (_, round) => migrations(round)).flat();
    while (!this.#abort.signal.aborted && this.#done < scripts.length) {
      const client = textClient(this.#options.url);
      try {
        await client.connect();
        await this.#session(client, scripts);
      } catch (error) {
        if (!connectionLost(error)) throw error;
        await delay(100);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    this.#finished = this.#done === scripts.length;
  }

  /** The log says whether a script was committed whose answer was lost. */
  async #session(client: pg.Client, scripts: readonly Migration[]): Promise<void> {
    const [row] = rowsOf(await client.query(`select count(*) as done from commit_log where writer = ${MIGRATOR}`));
    this.#done = Number(row?.['done']);
    await this.#remember(client);
    while (!this.#abort.signal.aborted) {
      const script = scripts[this.#done];
      if (script === undefined) return;
      await delay(this.#options.everyMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
      await this.#apply(client, script);
    }
  }

  async #apply(client: pg.Client, { name, sql, alone = false }: Migration): Promise<void> {
    const note = `insert into commit_log (writer, n) values (${MIGRATOR}, ${this.#done + 1})`;
    try {
      if (alone) await client.query(await ifNew(client, String(sql)));
      if (alone) await client.query(note);
      else if (typeof sql === 'string') await client.query(`${sql}; ${note}`);
      else for (const query of ['begin', ...sql, note, 'commit']) await client.query(query);
    } catch (error) {
      if (connectionLost(error)) throw error;
      await client.query('rollback');
      if (RETRIED.has(sqlstateOf(error) ?? '')) return;
      throw new Error(`the migration "${name}" failed on the source: ${String(error)}`, { cause: error });
    }
    this.#done++;
    await this.#remember(client);
  }

  async #remember(client: pg.Client): Promise<void> {
    const [row] = rowsOf(await client.query(SCHEMA_FINGERPRINT));
    this.schemas.set(this.#done, row?.['schema'] ?? '');
  }
}

/** CREATE INDEX CONCURRENTLY that was cut off leaves an index behind, which is made again. */
async function ifNew(client: pg.Client, sql: string): Promise<string> {
  const name = /concurrently (\w+)/.exec(sql)?.[1] ?? '';
  await client.query(`drop index if exists ${name}`);
  return sql;
}
