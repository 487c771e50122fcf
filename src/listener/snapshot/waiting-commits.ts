import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { expandXid, isVisible, type VisibilitySnapshot } from '../../wal/visibility.ts';

const SYNCHRONOUS = `select (current_setting('synchronous_standby_names') <> '')::text as synchronous,
       pg_has_role(current_user, 'pg_read_all_stats', 'usage')::text as sees`;

/**
 * A session that waits without a transaction id of its own commits a prepared transaction: it doesn't tell which one, so it stands for all.
 */
const WAITING = `
with waiting as (select backend_xid as xid from pg_stat_activity where wait_event = 'SyncRep')
select xid::text as xid from waiting where xid is not null
union select p.transaction::text from pg_prepared_xacts p where exists (select from waiting where xid is null)`;

/**
 * Transactions whose commit record is written but that nobody sees as committed yet, since they wait for a synchronous standby; 32-bit ids.
 * If that record lies before the beginning of the stream, and the snapshot does not see them either, their rows would be in neither. Asked
 * before the snapshot is taken: who ends its waiting in between is visible in it.
 */
export async function waitingCommits(session: SqlSession): Promise<readonly number[]> {
  const setting = (await session.query(SYNCHRONOUS)).rows[0] ?? {};
  if (setting['synchronous'] !== 'true') return [];
  if (setting['sees'] !== 'true') {
    throw new WalcastError(
      'E_SNAPSHOT_RIGHTS',
      'the source has synchronous standbys, and its role may not see which commits wait for them',
      { hint: 'GRANT pg_read_all_stats TO the role.' },
    );
  }
  return (await session.query(WAITING)).rows.map(({ xid }) => Number(xid));
}

/** One of the waiting is not in the snapshot: it has to be taken again. (Those from xmax on are running too, but not listed.) */
export function stillCommitting(waiting: readonly number[], snapshot: VisibilitySnapshot): boolean {
  return waiting.some((xid) => !isVisible(snapshot, expandXid(xid, snapshot.xmax)));
}
