import { WalcastError } from '../../errors/walcast-error.ts';
import { isMigrationSet, label, type MigrationRecord, type MigrationSet } from '../../migrate/migration.ts';
import { examine } from '../../migrate/plan.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { installedSets, migrationRecords, unknownSets } from '../../migrate/records.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { errorStatus } from './error-status.ts';
import type { MigrationSetReport } from './status-report.ts';

/** The set that belongs into a database, and after it all others that are installed there. */
export async function readMigrationSets(
  session: SqlSession,
  own: MigrationSet,
  database: string,
): Promise<MigrationSetReport[]> {
  try {
    const others = (await installedSets(session)).filter((set) => set !== own);
    const reports: MigrationSetReport[] = [];
    for (const set of [own, ...others]) reports.push(await readMigrationSet(session, set, database));
    return reports;
  } catch (error) {
    return [{ set: own, database, version: null, applied: [], pending: [], failed: [], error: errorStatus(error) }];
  }
}

/** What of a set is applied in a database, and what this version would still apply. */
async function readMigrationSet(session: SqlSession, set: string, database: string): Promise<MigrationSetReport> {
  const records = await migrationRecords(session, set);
  const { applied, pending, failed, problem } = isMigrationSet(set)
    ? examine(await readMigrations(set), records)
    : { applied: records, pending: [], failed: records, problem: unknownSets([set]) };
  const unfinished = records.find(({ finished }) => !finished);
  const error = problem ?? (unfinished === undefined ? null : notVerified(set, unfinished));
  return {
    set,
    database,
    version: applied.at(-1)?.version ?? null,
    applied: applied.map(label),
    pending: pending.map(label),
    failed: failed.map(label),
    error: error === null ? null : errorStatus(error),
  };
}

function notVerified(set: string, record: MigrationRecord): WalcastError {
  const why = record.failure ?? 'it was cut off before it was looked at';
  return new WalcastError('E_MIGRATION_UNFINISHED', `${set}/${label(record)} is not known to be finished: ${why}`);
}
