import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';

/** Session lock of everything that changes what walcast has installed in a database: `walcast` in ASCII. */
const LOCK = "x'77616c63617374'::bigint";
const POLL_MS = 100;

export interface LockOptions {
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `work` while no other session changes the installation. Asks again and again instead of waiting inside the server: a session that
 * waits holds a snapshot, for which CREATE INDEX CONCURRENTLY of other people would wait in turn.
 */
export async function withInstallLock<T>(
  session: SqlSession,
  { waitMs = 60_000, signal }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + waitMs;
  while ((await session.query(`select pg_try_advisory_lock(${LOCK}) as taken`)).rows[0]?.['taken'] !== 't') {
    if (performance.now() > end) {
      throw new WalcastError(
        'E_INSTALL_LOCKED',
        `another session has been installing for ${Math.round(waitMs / 1000)} s`,
      );
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
