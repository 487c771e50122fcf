import { setTimeout as delay } from 'node:timers/promises';
import { SETTINGS } from '../../migrate/settings.ts';
import { SILENCE, SPEAK } from '../../migrate/silence.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';

const POLL_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';
/** Everybody who makes DDL queues behind us while we wait for a lock. */
const LOCK_MS = 200;

const UNRETIRED = `
select generation::text as generation from walcast.key_generation
where retired is null and generation < (select max(generation) from walcast.key_generation) order by generation`;

/** Sessions with a snapshot in which the newest key may be missing: what they do is still signed with the one before. */
const HOLDERS = `
select string_agg(format('pid %s (%s, %s, since %s)', a.pid, a.usename, a.state, a.xact_start), ', ') as holders
from pg_stat_activity a
where a.datid = (select oid from pg_database where datname = current_database()) and a.pid <> pg_backend_pid()
  and a.backend_type not in ('walsender', 'autovacuum worker') and a.backend_xmin is not null
  and age(a.backend_xmin) >= (select age(g.created_by::xid) from walcast.key_generation g order by g.generation desc limit 1)`;

/** No slot has to read again what was signed with them. */
const UNREAD = `
select generation::text as generation from walcast.key_generation
where retired < coalesce((select min(restart_lsn) from pg_replication_slots where database = current_database()), 'FFFFFFFF/FFFFFFFF')`;

/** From the end of this on all messages are signed with a new key. Daemons fetch it when the stream tells them. Returns its generation. */
export async function renewKey(session: SqlSession): Promise<number> {
  await quietly(session, 'select walcast.new_key()');
  const { rows } = await session.query('select max(generation)::text as generation from walcast.key_generation');
  return Number(rows[0]?.['generation'] ?? 0);
}

export interface RetiredKeys {
  /** Generations that are refused from now on. */
  readonly retired: readonly number[];
  /** Who may still use an older key; null: nobody. It goes on being accepted then, until the next `init`. */
  readonly holders: string | null;
}

/** Has older keys refused as soon as nobody can use them any more, and forgets those that nobody has to read. */
export async function retireOldKeys(
  session: SqlSession,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<RetiredKeys> {
  const old = (await session.query(UNRETIRED)).rows.map((row) => Number(row['generation']));
  const end = performance.now() + waitMs;
  while (old.length > 0) {
    const holders = (await session.query(HOLDERS)).rows[0]?.['holders'] ?? null;
    if (holders === null) break;
    if (performance.now() >= end) return { retired: [], holders };
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
  for (const generation of old) await quietly(session, `select walcast.retire_key(${generation})`);
  await forgetKeys(session);
  return { retired: old, holders: null };
}

async function forgetKeys(session: SqlSession): Promise<void> {
  for (const row of (await session.query(UNREAD)).rows) {
    const generation = Number(row['generation']);
    try {
      await quietly(
        session,
        `set local lock_timeout = ${LOCK_MS}; drop table if exists walcast.key_${generation};
         delete from walcast.key_generation where generation = ${generation}`,
      );
    } catch (error) {
      // An open transaction has read it; the next time will do.
      if (!(error instanceof PostgresError) || error.sqlstate !== LOCK_NOT_AVAILABLE) throw error;
    }
  }
}

/** Not as the DDL of a user. */
async function quietly(session: SqlSession, sql: string): Promise<void> {
  try {
    await session.execute(`begin; ${SETTINGS}${SILENCE}; ${sql}; ${SPEAK}; commit`);
  } catch (error) {
    await session.execute('rollback').catch(() => undefined);
    throw error;
  }
}
