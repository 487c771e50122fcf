import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../sql/quote.ts';

/**
 * FOR ALL TABLES, so that new tables are in it from their first row. It holds the tables of the schema walcast as well, as PostgreSQL knows
 * no exception: the daemon drops their rows, and the key never was in the logical stream (see core/0003_new_key).
 */
export async function ensurePublication(session: SqlSession, name: string): Promise<boolean> {
  const there = await session.query('select 1 as one from pg_publication where pubname = $1', [name]);
  if (there.rows.length > 0) return false;
  await session.execute(`create publication ${quoteIdentifier(name)} for all tables${await generatedColumns(session)}`);
  return true;
}

/**
 * From 18 on an UPDATE fails when the replica identity (a key, or with FULL any column) holds a generated column that is not published. The
 * target computes them itself, so the reader leaves them out again.
 */
async function generatedColumns(session: SqlSession): Promise<string> {
  const { rows } = await session.query(`select current_setting('server_version_num')::int >= 180000 as needed`);
  return rows[0]?.['needed'] === 't' ? ' with (publish_generated_columns = stored)' : '';
}
