import { label, type MigrationSet } from '../../migrate/migration.ts';
import { pendingMigrations } from '../../migrate/plan.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { migrationRecords } from '../../migrate/records.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { errorStatus } from './error-status.ts';
import type { MigrationSetReport } from './status-report.ts';

/** What of a set is applied in a database, and what this version would still apply. */
export async function readMigrationSet(
  session: SqlSession,
  set: MigrationSet,
  database: string,
): Promise<MigrationSetReport> {
  try {
    const records = await migrationRecords(session, set);
    const pending = pendingMigrations(await readMigrations(set), records);
    return { set, database, applied: records.map(label), pending: pending.map(label), error: null };
  } catch (error) {
    return { set, database, applied: [], pending: [], error: errorStatus(error) };
  }
}
