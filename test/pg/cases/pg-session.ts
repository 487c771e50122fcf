import type pg from 'pg';
import { PostgresError } from '../../../src/postgres/postgres-error.ts';
import type { SqlResult, SqlSession, SqlValue } from '../../../src/postgres/sql-session.ts';

/** The contract of the daemon's connection on a client of the tests. */
export class PgSession implements SqlSession {
  readonly #client: pg.Client;
  /** Several statements may be under way: the client wants one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    // `values` present: the extended protocol even without any
    const result = await this.#inTurn(() =>
      this.#client.query({ text: sql, values: [...values], queryMode: 'extended' } as pg.QueryConfig),
    );
    return { rows: result.rows as Record<string, string | null>[], rowCount: result.rowCount ?? 0 };
  }

  async execute(sql: string): Promise<void> {
    await this.#inTurn(() => this.#client.query(sql));
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#turn.then(() => this.#guard(run()));
    this.#turn = running.catch(() => undefined);
    return running;
  }

  async #guard<T>(running: Promise<T>): Promise<T> {
    try {
      return await running;
    } catch (error) {
      const { code, message, detail, hint } = error as {
        code?: string;
        message: string;
        detail?: string;
        hint?: string;
      };
      if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) throw error;
      const fields = new Map([
        ['C', code],
        ['M', message],
      ]);
      if (detail !== undefined) fields.set('D', detail);
      if (hint !== undefined) fields.set('H', hint);
      throw new PostgresError(fields);
    }
  }
}
