import pg from 'pg';
import { WalcastError } from '../../errors/walcast-error.ts';
import { connectClient, describeUrl, endClient } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { fromDatabaseError } from '../../postgres/postgres-error.ts';
import type { SqlResult, SqlSession, SqlValue } from '../../postgres/sql-session.ts';

/** The server notices within a second that we are gone, and gives up what we hold. */
export const SOURCE_OPTIONS = `${READING_OPTIONS} -c client_connection_check_interval=1000 -c max_parallel_workers_per_gather=0 -c jit=off`;

/** 17 and later; a transaction of ours lasts as long as the copy. */
export const NO_TRANSACTION_TIMEOUT = `select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`;

export interface SourceConnectOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Of a query; 0: none. */
  readonly statementTimeoutMs: number;
  /** Added to `walcast snapshot` as the name that pg_stat_activity shows. */
  readonly purpose?: string;
}

/**
 * A connection to the source that reads. Outside of a transaction it is READ COMMITTED and reads the catalogs as they are now. The signal
 * cuts it.
 */
export class ReadSession implements SqlSession {
  readonly #client: pg.Client;
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #abort: () => void;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client, { url, signal }: SourceConnectOptions) {
    this.#client = client;
    this.#url = url;
    this.#signal = signal;
    this.#abort = () => void endClient(client);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  static async connect(options: SourceConnectOptions): Promise<ReadSession> {
    const { url, signal, statementTimeoutMs, purpose } = options;
    const client = await connectClient({
      url,
      signal,
      side: 'source',
      applicationName: purpose === undefined ? 'walcast snapshot' : `walcast snapshot ${purpose}`,
      options: `${SOURCE_OPTIONS} -c statement_timeout=${statementTimeoutMs} -c default_transaction_read_only=on`,
    });
    const session = new ReadSession(client, options);
    try {
      await session.execute(NO_TRANSACTION_TIMEOUT);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    const result = await this.#run(() =>
      this.#client.query<Record<string, string | null>>({ text: sql, values: [...values] }),
    );
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  }

  async execute(sql: string): Promise<void> {
    await this.#run(() => this.#client.query(sql));
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#abort);
    await endClient(this.#client);
  }

  /** One after the other: several may ask at once. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof pg.DatabaseError && error.severity !== 'FATAL') throw fromDatabaseError(error);
      throw lostSource(error, this.#url);
    }
  }
}

/** The connection ended, or the server ended it. */
export function lostSource(cause: unknown, url: string): WalcastError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new WalcastError(
    'E_SOURCE_CONNECTION',
    `the connection to the source ${describeUrl(url)} was lost: ${message}`,
    { cause },
  );
}
