import type { SqlSession } from '../../../postgres/sql-session.ts';

/** For all builds at one time: what is sorted in memory need not be written and read again. */
const BUILD_BYTES = 256 * 1024 * 1024;

/** maintenance_work_mem of each of so many sessions; what the server gives anyway, if that is more. */
export async function buildMemory(session: SqlSession, sessions: number): Promise<string> {
  const { rows } = await session.query(
    "select greatest(pg_size_bytes(current_setting('maintenance_work_mem')), $1::bigint)::text as bytes",
    [String(Math.trunc(BUILD_BYTES / sessions))],
  );
  return `${Math.trunc(Number(rows[0]?.['bytes']) / 1024)}kB`;
}
