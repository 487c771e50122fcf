import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';

/** Session lock of everything that changes what walcast has installed in a database: `walcast` in ASCII. */
const LOCK = "x'77616c63617374'::bigint";
const POLL_MS = 100;
/** Whoever waits longer than this is told for whom. */
const PATIENCE_MS = 1_000;

/** pg_locks shows the two halves of the number. Whose session it is only shows to superusers, members of pg_monitor and the same role. */
const HOLDER = `
select format('the server process %s (%s), connected since %s', l.pid,
    concat_ws(', ', nullif(a.application_name, ''), 'role ' || a.usename, case when a.client_addr is not null then 'from ' || host(a.client_addr) end),
    coalesce(to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'unknown')) as holder
from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
  and l.classid = (${LOCK} >> 32)::text::oid and l.objid = (${LOCK} & x'ffffffff'::bigint)::text::oid and l.objsubid = 1`;

export interface LockOptions {
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** Called once, with a line to print, when the lock is not free within a second. */
  readonly onWait?: (message: string) => void;
}

/**
 * Runs `work` while no other session changes the installation. Asks again and again instead of waiting inside the server: a session that
 * waits holds a snapshot, for which CREATE INDEX CONCURRENTLY of other people would wait in turn.
 */
export async function withInstallLock<T>(
  session: SqlSession,
  { waitMs = 60_000, signal, onWait }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  let told = onWait === undefined;
  while ((await session.query(`select pg_try_advisory_lock(${LOCK}) as taken`)).rows[0]?.['taken'] !== 't') {
    const waited = performance.now() - start;
    if (waited > waitMs) throw await stillLocked(session, waitMs);
    if (!told && waited > PATIENCE_MS) {
      told = true;
      onWait?.(`waiting for another installation in this database: ${await holder(session)}`);
    }
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
  try {
    return await work();
  } finally {
    // A lost connection has given the lock back already.
    await session.query(`select pg_advisory_unlock(${LOCK})`).catch(() => undefined);
  }
}

async function stillLocked(session: SqlSession, waitMs: number): Promise<WalcastError> {
  return new WalcastError(
    'E_INSTALL_LOCKED',
    `another session has been installing for ${Math.round(waitMs / 1000)} s: ${await holder(session)}`,
  );
}

async function holder(session: SqlSession): Promise<string> {
  return (await session.query(HOLDER)).rows[0]?.['holder'] ?? 'it has just ended';
}
