import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteLiteral } from '../sql/quote.ts';
import { withInstallLock, type LockOptions } from './lock.ts';
import { REVOKE_EVERYTHING } from './lock-down.ts';
import { label, type Migration, type MigrationRecord, type MigrationResult, type MigrationSet } from './migration.ts';
import { whyBackUp } from './backup/backup-due.ts';
import { makeBackup, type MigrationBackup } from './backup/back-up.ts';
import { inOneTransaction } from './one-transaction.ts';
import { pendingMigrations } from './plan.ts';
import { readMigrations } from './read-migrations.ts';
import { refuseReadOnly } from './read-only.ts';
import { installedSets, migrationRecords, recordOf, refuseUnknownSets } from './records.ts';
import { TOOL_VERSION } from './tool-version.ts';
import { applyVerified, type VerifyOptions } from './verify.ts';

export interface ApplyOptions extends VerifyOptions {
  /** Where the tables are saved before what cannot be undone; without it, such migrations are refused. */
  readonly backup?: MigrationBackup | undefined;
}

export interface MigrateOptions extends LockOptions, ApplyOptions {
  readonly set: MigrationSet;
  /** Other migrations than the installed ones, for tests. */
  readonly folder?: string;
}

/** A set as it is to be brought up to date. */
export interface SetPlan {
  readonly set: MigrationSet;
  readonly records: readonly MigrationRecord[];
  readonly pending: readonly Migration[];
  readonly skipped: number;
}

/** Applies what is missing of a set, each migration in one transaction with its record. The session must not be in a transaction. */
export async function migrate(session: SqlSession, options: MigrateOptions): Promise<MigrationResult> {
  const migrations = await readMigrations(options.set, options.folder);
  const [result] = await withInstallLock(session, options, () => migrateLocked(session, [migrations], options));
  if (result === undefined) throw new WalcastError('E_INTERNAL', 'a set was migrated without a result');
  return result;
}

/** The same for sets in this order and a caller who holds the lock. Everything is looked at before anything is changed. */
export async function migrateLocked(
  session: SqlSession,
  sets: readonly (readonly Migration[])[],
  options: ApplyOptions = {},
): Promise<MigrationResult[]> {
  await refuseUnknownSets(session);
  const plans: SetPlan[] = [];
  for (const migrations of sets) plans.push(await planSet(session, migrations));
  if (plans.some(({ pending }) => pending.length > 0)) await refuseReadOnly(session);
  await makeBackup(session, whyBackUp(plans, TOOL_VERSION), options.backup);
  const results: MigrationResult[] = [];
  for (const plan of plans) results.push(await applySet(session, plan, options));
  return results;
}

async function planSet(session: SqlSession, migrations: readonly Migration[]): Promise<SetPlan> {
  const set = migrations[0]?.set;
  if (set === undefined) throw new WalcastError('E_MIGRATION', 'there are no migrations to apply');
  const records = await migrationRecords(session, set);
  const pending = pendingMigrations(migrations, records);
  return { set, records, pending, skipped: migrations.length - pending.length };
}

async function applySet(
  session: SqlSession,
  { set, pending, skipped }: SetPlan,
  options: VerifyOptions,
): Promise<MigrationResult> {
  for (const migration of pending) {
    await applyVerified(session, migration, options, (before) => {
      const sql = `${before}${migration.up}\n;${recordOf(migration)};${REVOKE_EVERYTHING}`;
      return inOneTransaction(session, migration, sql);
    });
  }
  return { set, applied: pending.map(label), skipped };
}

/** Takes a set back. */
export async function unmigrate(session: SqlSession, options: MigrateOptions): Promise<MigrationResult> {
  const migrations = await readMigrations(options.set, options.folder);
  return await withInstallLock(session, options, () => unmigrateLocked(session, migrations));
}

/**
 * The same for a caller who holds the lock, last one first, but for as many of the first as are to be kept. The bootstrap stays as long as
 * another set needs it.
 */
export async function unmigrateLocked(
  session: SqlSession,
  migrations: readonly Migration[],
  keep = 0,
): Promise<MigrationResult> {
  await refuseUnknownSets(session);
  const { set, records } = await planSet(session, migrations);
  const versions = new Set(records.map((record) => record.version));
  const applied = migrations
    .slice(keep)
    .filter((migration) => versions.has(migration.version))
    .reverse();
  const last = (await installedSets(session)).every((name) => name === set);
  for (const migration of applied) {
    const forget = `delete from walcast.schema_migrations where set = ${quoteLiteral(set)} and version = ${migration.version};`;
    const down = migration.version > 0 || last ? migration.down : '';
    await inOneTransaction(session, { set, file: migration.file.replace('.up.', '.down.') }, `${forget}${down}`);
  }
  return { set, applied: applied.map(label), skipped: migrations.length - applied.length };
}
