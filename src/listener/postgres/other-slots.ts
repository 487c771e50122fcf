import type { SqlSession } from '../../postgres/sql-session.ts';

export interface OtherSlot {
  readonly name: string;
  readonly retainedBytes: number;
}

/** One that nobody reads does not catch up, however long we wait. */
const OTHERS = `
select slot_name as name, pg_wal_lsn_diff(
    case when pg_is_in_recovery() then coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else pg_current_wal_lsn() end, restart_lsn)::text as retained
from pg_replication_slots
where active and restart_lsn is not null and slot_name <> $1
order by restart_lsn limit 1`;

/** Of the slots in use but our own the one that keeps most WAL; null: there is none. */
export async function readOtherSlot(session: SqlSession, own: string): Promise<OtherSlot | null> {
  const row = (await session.query(OTHERS, [own])).rows[0];
  return row === undefined ? null : { name: row['name'] ?? '', retainedBytes: Number(row['retained']) };
}
