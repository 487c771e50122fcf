import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';

const POLL_MS = 100;

/** Two-phase transactions hold locks without a process. */
const HOLDERS = `
select string_agg(distinct coalesce(format('pid %s (%s, %s, since %s)', a.pid, a.usename, a.state, a.xact_start),
    format('prepared transaction %s', x.gid), format('pid %s', l.pid)), ', ') as holders
from pg_locks l join pg_class c on c.oid = l.relation
  left join pg_stat_activity a on a.pid = l.pid
  left join pg_prepared_xacts x on l.pid is null and l.virtualtransaction = '-1/' || x.transaction
where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and c.relnamespace = to_regnamespace('walcast') and ($1::text is null or c.relname = $1)`;

export interface WaitForUsers {
  readonly waitMs: number;
  readonly signal?: AbortSignal;
  /** Called once, with a line to print, when somebody has to be waited for. */
  readonly onWait?: (message: string) => void;
}

/**
 * To be called when the event triggers are gone: waits for the transactions in which they ran, one of which may still be in the middle of
 * a trigger and need what is dropped next. The tables could not be dropped either while these are open.
 */
export async function untilUnused(
  session: SqlSession,
  table: string | null,
  { waitMs, signal, onWait }: WaitForUsers,
): Promise<void> {
  const end = performance.now() + waitMs;
  for (let told = false; ; told = true) {
    // a trigger that has just begun has its first lock by then
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
    const holders = (await session.query(HOLDERS, [table])).rows[0]?.['holders'] ?? null;
    if (holders === null) return;
    if (performance.now() > end) {
      throw new WalcastError(
        'E_OLD_TRANSACTION',
        `the event triggers are gone, but transactions in which they ran are still open: ${holders}`,
        { hint: 'End the named sessions or wait, then run the command again: it goes on where it was.' },
      );
    }
    if (!told) onWait?.(`waiting for transactions in which the event triggers ran: ${holders}`);
  }
}
