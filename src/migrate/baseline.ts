import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../errors/walcast-error.ts';
import { PostgresError } from '../postgres/postgres-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { withInstallLock, type LockOptions } from './lock.ts';
import { label, type Migration, type MigrationSet } from './migration.ts';
import { inOneTransaction } from './one-transaction.ts';
import { schemaState } from './ownership.ts';
import { examine } from './plan.ts';
import { readMigrations } from './read-migrations.ts';
import { refuseReadOnly } from './read-only.ts';
import { migrationRecords, recordOf, refuseUnknownSets } from './records.ts';
import { SETTINGS } from './settings.ts';
import { SILENCE } from './silence.ts';

export interface BaselineOptions extends LockOptions {
  readonly set: MigrationSet;
  /** The last migration that is there already. */
  readonly upTo: number;
}

export interface BaselineResult {
  readonly set: MigrationSet;
  readonly recorded: readonly string[];
  readonly skipped: number;
}

/** dependent_objects_still_exist: it is there, and something else needs it. */
const NEEDED_BY_OTHERS = '2BP01';
/** lock_not_available, deadlock_detected */
const LOCKED: readonly string[] = ['55P03', '40P01'];
const TRY_MS = 200;
const PAUSE_MS = 300;

/**
 * Records migrations as applied without running them, for a database where somebody did by hand what they do. That it was done is tried: the
 * way back of each is run in a transaction that is taken back, and fails where something is missing.
 */
export async function baseline(session: SqlSession, options: BaselineOptions): Promise<BaselineResult> {
  const { set, upTo } = options;
  const migrations = await readMigrations(set);
  const last = migrations.at(-1);
  const claimed = migrations.slice(0, upTo + 1);
  if (!Number.isInteger(upTo) || upTo < 0 || last === undefined || upTo > last.version) {
    const known = last === undefined ? 'no migration' : `0 to ${last.version}`;
    throw new WalcastError('E_CONFIG', `the set ${set} has ${known}, not ${upTo}`, {
      hint: `--upto names the last migration that was done by hand, such as ${last?.version ?? 0}.`,
    });
  }
  return await withInstallLock(session, options, () => record(session, options, migrations, claimed));
}

async function record(
  session: SqlSession,
  options: BaselineOptions,
  migrations: readonly Migration[],
  claimed: readonly Migration[],
): Promise<BaselineResult> {
  const { set } = options;
  const state = await schemaState(session, { unrecorded: true });
  if (state === 'absent') {
    throw new WalcastError(
      'E_MIGRATION',
      'there is no schema walcast, so nothing was done by hand that could be recorded',
      {
        hint: 'Run `replicate init` on a source, `replicate run` for a target: they install everything.',
      },
    );
  }
  await refuseReadOnly(session);
  if (state === 'ours') await refuseUnknownSets(session);
  const records = state === 'ours' ? await migrationRecords(session, set) : [];
  const { problem } = examine(migrations, records);
  if (problem !== null) throw problem;
  const beyond = records.find(({ version }) => version >= claimed.length);
  if (beyond !== undefined) {
    throw new WalcastError('E_MIGRATION', `${set}/${label(beyond)} is recorded, which comes after what you name`, {
      hint: 'Nothing has to be recorded before it. `replicate migrations status` shows what is.',
    });
  }
  const known = new Set(records.map(({ version }) => version));
  const missing = claimed.filter(({ version }) => !known.has(version));
  await tryPatiently(session, claimed, options);
  const [bootstrap] = claimed;
  if (missing.length > 0 && bootstrap !== undefined) {
    // the table of records may be what is missing; its migration is the one that may run on what is there
    const records = missing.map((migration) => `${recordOf({ ...migration, verify: null })};`);
    await inOneTransaction(session, { set, file: bootstrap.file }, `${bootstrap.up}\n;${records.join('\n')}`);
  }
  return { set, recorded: missing.map(label), skipped: claimed.length - missing.length };
}

/** While we wait for a table, the DDL of everybody waits behind us, for as long as somebody's open transaction has used it: tries are short. */
async function tryPatiently(
  session: SqlSession,
  claimed: readonly Migration[],
  { waitMs = 60_000, signal }: LockOptions,
): Promise<void> {
  const end = performance.now() + waitMs;
  for (;;) {
    const locked = await tryToTakeBack(session, claimed);
    if (locked === null) return;
    if (performance.now() > end) {
      throw new WalcastError(
        'E_TABLE_LOCKED',
        `the tables of walcast were in use for ${Math.round(waitMs / 1000)} s, nothing was recorded: open transactions have changed the schema`,
        { cause: locked },
      );
    }
    await delay(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Returns the error where somebody else is at work on what would be taken back. */
async function tryToTakeBack(session: SqlSession, claimed: readonly Migration[]): Promise<PostgresError | null> {
  await session.execute(`begin; ${SETTINGS}${SILENCE}; set local lock_timeout = ${TRY_MS}`);
  try {
    // the bootstrap is not looked for: what is missing of it is made
    for (const migration of claimed.slice(1).reverse()) {
      try {
        await session.execute(`savepoint walcast_baseline; ${migration.down}`);
      } catch (cause) {
        if (!(cause instanceof PostgresError)) throw cause;
        if (LOCKED.includes(cause.sqlstate)) return cause;
        if (cause.sqlstate !== NEEDED_BY_OTHERS) throw notThere(migration, cause);
        await session.execute('rollback to walcast_baseline');
      }
    }
    return null;
  } finally {
    await session.execute('rollback').catch(() => undefined);
  }
}

function notThere({ set, version, name, file }: Migration, cause: PostgresError): WalcastError {
  return new WalcastError('E_MIGRATION', `${file} is not done here, nothing was recorded: ${cause.message}`, {
    cause,
    hint: `Do what migrations/${file} says, or name the one before ${label({ version, name })}: \`--set ${set} --upto ${Math.max(0, version - 1)}\`.`,
    fields: { file, sqlstate: cause.sqlstate },
  });
}
