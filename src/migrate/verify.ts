import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../errors/walcast-error.ts';
import { PostgresError } from '../postgres/postgres-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import type { Migration } from './migration.ts';
import { SETTINGS } from './settings.ts';

const LIMIT_MS = 600_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export interface VerifyOptions {
  /** How long a change may take to be finished, somebody else's work on the same object included; ten minutes when absent. */
  readonly verifyMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Waits for a lock less than `deadlock_timeout`; the migration is then tried again. CREATE INDEX CONCURRENTLY of another session waits for
 * us while we wait for its lock: the server would end that build as the victim.
 */
const BRIEF_LOCKS = `do $$ begin
  perform pg_catalog.set_config('lock_timeout', greatest(1, least(500, s.setting::pg_catalog.int4 / 2))::pg_catalog.text, true)
    from pg_catalog.pg_settings s where s.name = 'deadlock_timeout';
end $$;`;

/**
 * Applies a migration, its transaction beginning with the text given to `apply`. A change may go on after its transaction, or may have been
 * skipped by IF NOT EXISTS because of somebody's half of it: where there is a verify file, waits until it says that the change is finished.
 * The record does not stand as applied before: killed or given up in between, the next run begins with the whole migration again, which the
 * lint of the files keeps repeatable. Between two looks no transaction is open: it would hold up the build that it waits for.
 */
export async function applyVerified(
  session: SqlSession,
  migration: Migration,
  options: VerifyOptions,
  apply: (before: string) => Promise<void>,
): Promise<void> {
  const { verify } = migration;
  if (verify === null) return await apply('');
  await untilFinished(session, { ...migration, verify }, options, () => apply(BRIEF_LOCKS));
}

type VerifiedMigration = Migration & { readonly verify: string };

async function untilFinished(
  session: SqlSession,
  migration: VerifiedMigration,
  { verifyMs = LIMIT_MS, signal }: VerifyOptions,
  apply: () => Promise<void>,
): Promise<void> {
  const end = performance.now() + verifyMs;
  let applied = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      if (!applied) await apply();
      applied = true;
    } catch (error) {
      if (!lockIsTaken(error)) throw error;
      if (performance.now() >= end) throw lockedOut(migration, verifyMs, error);
    }
    const state = applied ? await look(session, migration) : undefined;
    if (state?.finished === true) return;
    if (state !== undefined && performance.now() >= end) throw await givenUp(session, migration, state, verifyMs);
    await delay(
      Math.max(0, Math.min(pause, end - performance.now())),
      undefined,
      signal === undefined ? {} : { signal },
    );
  }
}

interface State {
  readonly finished: boolean;
  readonly reason: string;
  readonly cure: string;
}

async function look(session: SqlSession, migration: VerifiedMigration): Promise<State> {
  const file = verifyFile(migration);
  try {
    await session.execute(`begin; ${SETTINGS}`);
    const { rows } = await session.query(migration.verify);
    const finished = rows[0]?.['finished'];
    if (rows.length !== 1 || (finished !== 't' && finished !== 'f')) {
      throw new WalcastError('E_MIGRATION', `${file} does not answer with one row that says whether it is finished`);
    }
    if (finished === 't') {
      await session.query(
        `update walcast.schema_migrations set verified_at = clock_timestamp(), failure = null where set = $1 and version = $2`,
        [migration.set, String(migration.version)],
      );
    }
    await session.execute('commit');
    return {
      finished: finished === 't',
      reason: rows[0]?.['reason'] ?? 'no reason given',
      cure: rows[0]?.['cure'] ?? '',
    };
  } catch (cause) {
    await session.execute('rollback').catch(() => undefined);
    if (cause instanceof WalcastError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WalcastError('E_MIGRATION', `${file} failed: ${reason}`, { cause, fields: { file } });
  }
}

async function givenUp(
  session: SqlSession,
  migration: VerifiedMigration,
  { reason, cure }: State,
  verifyMs: number,
): Promise<WalcastError> {
  await session.query('update walcast.schema_migrations set failure = $3 where set = $1 and version = $2', [
    migration.set,
    String(migration.version),
    reason,
  ]);
  const hint = `${cure}${cure === '' ? '' : ' '}Then run the command again: it repeats this migration.`;
  return new WalcastError(
    'E_MIGRATION_UNFINISHED',
    `${migration.file} is not finished after ${Math.round(verifyMs / 1000)} s: ${reason}`,
    { hint, fields: { file: migration.file } },
  );
}

function lockedOut({ file }: Migration, verifyMs: number, cause: unknown): WalcastError {
  return new WalcastError(
    'E_MIGRATION_UNFINISHED',
    `${file} got no lock for its change within ${Math.round(verifyMs / 1000)} s: another session is at work on the same table`,
    {
      cause,
      hint: 'pg_locks and pg_stat_progress_create_index show which. When it is through, run the command again.',
      fields: { file },
    },
  );
}

function lockIsTaken(error: unknown): boolean {
  const cause = error instanceof WalcastError ? error.cause : error;
  return cause instanceof PostgresError && ['55P03', '40P01'].includes(cause.sqlstate);
}

function verifyFile({ file }: Migration): string {
  return file.replace('.up.sql', '.verify.sql');
}
