import type { SqlSession } from '../../postgres/sql-session.ts';

const HOLDERS = `
select string_agg(format('pid %s (%s%s)', l.pid, a.usename, coalesce(', ' || nullif(a.application_name, ''), '')), ', ' order by l.pid) as holders
from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.relation = $1::oid
  and l.database = (select oid from pg_database where datname = current_database())`;

/** Who keeps readers out of a table, for a person. Their statements are nobody's business. */
export async function lockHolders(session: SqlSession, oid: number): Promise<string> {
  const { rows } = await session.query(HOLDERS, [String(oid)]);
  return rows[0]?.['holders'] ?? 'a session that is gone by now';
}
