import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';

const POLL_MS = 50;

/** Who keeps a transaction open that began before the one given. */
const BLOCKERS = `
select string_agg(what, ', ') as blockers from (
  select format('pid %s (%s, %s, since %s)', pid, usename, state, xact_start) as what
    from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid() and xact_start < now()
  union all select format('prepared transaction %s', gid) from pg_prepared_xacts limit 10) b`;

/**
 * Waits until every transaction that is open now has ended. One that made a table before our triggers were there may be among them: only
 * after its end can that table be seen, and get its identity before it is published.
 */
export async function untilOlderTransactionsEnd(
  session: SqlSession,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const barrier =
    (await session.query('select pg_snapshot_xmax(pg_current_snapshot())::text as xid')).rows[0]?.['xid'] ?? '0';
  const end = performance.now() + waitMs;
  const passed = `select (pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8)::text as passed`;
  while ((await session.query(passed, [barrier])).rows[0]?.['passed'] !== 'true') {
    if (performance.now() > end) throw await oldTransactions(session, 'older transactions are still open');
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

export async function oldTransactions(session: SqlSession, what: string, cause?: unknown): Promise<WalcastError> {
  const blockers = (await session.query(BLOCKERS)).rows[0]?.['blockers'] ?? 'none any more';
  return new WalcastError('E_OLD_TRANSACTION', `${what}: ${blockers}`, cause === undefined ? {} : { cause });
}
