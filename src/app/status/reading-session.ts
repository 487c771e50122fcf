import type pg from 'pg';
import { connectClient } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import type { SqlResult, SqlSession, SqlValue } from '../../postgres/sql-session.ts';

/** `status` answers soon, whatever holds a lock. */
const LIMITS = '-c statement_timeout=10000 -c lock_timeout=3000 -c default_transaction_read_only=on';

/** A connection that only reads, for the time of `work`. */
export async function withReadingSession<T>(
  side: 'source' | 'target',
  url: string,
  signal: AbortSignal,
  work: (session: SqlSession, client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connectClient({
    url,
    applicationName: 'walcast status',
    options: `${READING_OPTIONS} ${LIMITS}`,
    side,
    signal,
  });
  try {
    return await work(sessionOf(client), client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function sessionOf(client: pg.Client): SqlSession {
  return {
    query: async (sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> => {
      const { rows, rowCount } = await client.query<Record<string, string | null>>(sql, [...values]);
      return { rows, rowCount: rowCount ?? 0 };
    },
    execute: async (sql: string): Promise<void> => {
      await client.query(sql);
    },
  };
}
