import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../sql/quote.ts';

/**
 * FOR ALL TABLES, so that new tables are in it from their first row. It holds the tables of the schema walcast as well, as PostgreSQL knows
 * no exception: the daemon drops their rows, and the key never was in the logical stream (see core/0001_key).
 */
export async function ensurePublication(session: SqlSession, name: string): Promise<boolean> {
  const there = await session.query('select 1 as one from pg_publication where pubname = $1', [name]);
  if (there.rows.length > 0) return false;
  await session.execute(`create publication ${quoteIdentifier(name)} for all tables`);
  return true;
}
