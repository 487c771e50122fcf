import { withInstallLock, type LockOptions } from '../../migrate/lock.ts';
import { unmigrateLocked } from '../../migrate/migrate.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { migrationRecords } from '../../migrate/records.ts';
import { indexOf } from '../../migrate/migration.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { untilUnused, type WaitForUsers } from './until-unused.ts';

/** Takes the ids of the tables away; everything else of walcast stays. */
export async function destroyInjector(
  session: SqlSession,
  waiting: LockOptions & WaitForUsers,
  step: (line: string) => void,
): Promise<void> {
  await withInstallLock(session, waiting, () => removeInjector(session, waiting, step));
}

/** The same for a caller who holds the lock. */
export async function removeInjector(
  session: SqlSession,
  waiting: WaitForUsers,
  step: (line: string) => void,
): Promise<void> {
  if ((await migrationRecords(session, 'injector')).length === 0) return step('injector: not installed');
  const injector = await readMigrations('injector');
  await unmigrateLocked(session, injector, indexOf(injector, 'keep_table_ids_on_drop'));
  await untilUnused(session, 'table_ids', waiting);
  await unmigrateLocked(session, injector);
  step('injector: its triggers and the ids of the tables are gone');
}
