import { withInstallLock, type LockOptions } from '../../migrate/lock.ts';
import { unmigrateLocked } from '../../migrate/migrate.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { migrationRecords } from '../../migrate/records.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';

/** Takes the ids of the tables away; everything else of walcast stays. */
export async function destroyInjector(
  session: SqlSession,
  waiting: LockOptions,
  step: (line: string) => void,
): Promise<void> {
  await withInstallLock(session, waiting, () => removeInjector(session, step));
}

/** The same for a caller who holds the lock. */
export async function removeInjector(session: SqlSession, step: (line: string) => void): Promise<void> {
  if ((await migrationRecords(session, 'injector')).length === 0) return step('injector: not installed');
  await unmigrateLocked(session, await readMigrations('injector'));
  step('injector: its triggers and the ids of the tables are gone');
}
