import pg from 'pg';
import { connectClient } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { fromDatabaseError } from '../../postgres/postgres-error.ts';
import type { SqlResult, SqlSession, SqlValue } from '../../postgres/sql-session.ts';

/** One connection for commands that are in no hurry: statement after statement, results as text. */
export class ClientSession implements SqlSession {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async connect(url: string, side: 'source' | 'target', signal?: AbortSignal): Promise<ClientSession> {
    // When we are killed while the server waits for a lock, it notices within a second and gives up what it holds.
    const options = `${READING_OPTIONS} -c client_connection_check_interval=1000`;
    const client = await connectClient({
      url,
      side,
      applicationName: 'walcast',
      options,
      ...(signal === undefined ? {} : { signal }),
    });
    return new ClientSession(client);
  }

  /** As the server announced it at the start of the connection; a pooler announces another one than the server has. */
  get processId(): number {
    return (this.#client as unknown as { processID: number }).processID; // pg's types leave it out
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    const result = await this.#run<pg.QueryResult<Record<string, string | null>>>(
      this.#client.query({ text: sql, values: [...values] }),
    );
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  }

  async execute(sql: string): Promise<void> {
    await this.#run(this.#client.query(sql));
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  async #run<T>(work: Promise<unknown>): Promise<T> {
    try {
      return (await work) as T;
    } catch (error) {
      throw error instanceof pg.DatabaseError ? fromDatabaseError(error) : error;
    }
  }
}
