import { readFileSync } from 'node:fs';
import { WalcastError } from '../errors/walcast-error.ts';
import { PostgresError } from '../postgres/postgres-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteLiteral } from '../sql/quote.ts';
import { withInstallLock, type LockOptions } from './lock.ts';
import { REVOKE_EVERYTHING } from './lock-down.ts';
import { label, type Migration, type MigrationResult, type MigrationSet } from './migration.ts';
import { pendingMigrations } from './plan.ts';
import { readMigrations } from './read-migrations.ts';
import { installedSets, migrationRecords } from './records.ts';
import { SILENCE, SPEAK } from './silence.ts';

export interface MigrateOptions extends LockOptions {
  readonly set: MigrationSet;
  /** Other migrations than the installed ones, for tests. */
  readonly folder?: string;
}

/** Settings under which the files mean what they say, whatever role and database have. Local to the transaction. */
const SETTINGS = `set local search_path = pg_catalog, pg_temp; set local client_min_messages = warning;
set local standard_conforming_strings = on; set local check_function_bodies = on; set local default_tablespace = '';
set local default_table_access_method = heap; set local transform_null_equals = off;
set local row_security = off;`;

/** Applies what is missing of a set, each migration in one transaction with its record. The session must not be in a transaction. */
export async function migrate(session: SqlSession, options: MigrateOptions): Promise<MigrationResult> {
  const migrations = await readMigrations(options.set, options.folder);
  return await withInstallLock(session, options, () => migrateLocked(session, migrations));
}

/** The same for a caller who holds the lock. */
export async function migrateLocked(session: SqlSession, migrations: readonly Migration[]): Promise<MigrationResult> {
  const set = migrations[0]?.set;
  if (set === undefined) throw new WalcastError('E_MIGRATION', 'there are no migrations to apply');
  const pending = pendingMigrations(migrations, await migrationRecords(session, set));
  for (const migration of pending) {
    await inOneTransaction(session, migration.file, `${migration.up}\n;${recordOf(migration)};${REVOKE_EVERYTHING}`);
  }
  return { set, applied: pending.map(label), skipped: migrations.length - pending.length };
}

/** Takes a set back, last one first. The bootstrap stays as long as another set needs it. */
export async function unmigrate(session: SqlSession, options: MigrateOptions): Promise<MigrationResult> {
  const migrations = await readMigrations(options.set, options.folder);
  return await withInstallLock(session, options, () => unmigrateLocked(session, migrations));
}

export async function unmigrateLocked(session: SqlSession, migrations: readonly Migration[]): Promise<MigrationResult> {
  const set = migrations[0]?.set;
  if (set === undefined) throw new WalcastError('E_MIGRATION', 'there are no migrations to take back');
  const records = await migrationRecords(session, set);
  pendingMigrations(migrations, records);
  const versions = new Set(records.map((record) => record.version));
  const applied = migrations.filter((migration) => versions.has(migration.version)).reverse();
  const last = (await installedSets(session)).every((name) => name === set);
  for (const migration of applied) {
    const forget = `delete from walcast.schema_migrations where set = ${quoteLiteral(set)} and version = ${migration.version};`;
    const down = migration.version > 0 || last ? migration.down : '';
    await inOneTransaction(session, migration.file.replace('.up.', '.down.'), `${forget}${down}`);
  }
  return { set, applied: applied.map(label), skipped: migrations.length - applied.length };
}

function recordOf({ set, version, name, checksum }: Migration): string {
  const values = [set, String(version), name, checksum].map(quoteLiteral).join(', ');
  return `insert into walcast.schema_migrations (set, version, name, checksum, duration, tool_version)
    values (${values}, clock_timestamp() - transaction_timestamp(), ${quoteLiteral(toolVersion())})`;
}

async function inOneTransaction(session: SqlSession, file: string, sql: string): Promise<void> {
  try {
    await session.execute(`begin; ${SETTINGS}${SILENCE}`);
    await session.execute(sql);
    await session.execute(`${SPEAK}; commit`);
  } catch (cause) {
    await session.execute('rollback').catch(() => undefined);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WalcastError('E_MIGRATION', `${file} could not be applied: ${reason}`, {
      cause,
      fields: { file, ...(cause instanceof PostgresError ? { sqlstate: cause.sqlstate } : {}) },
    });
  }
}

function toolVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
