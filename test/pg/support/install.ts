import { ClientSession } from '../../../src/app/init/client-session.ts';
import { migrate, unmigrate } from '../../../src/migrate/migrate.ts';
import type { MigrationSet } from '../../../src/migrate/migration.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Step = { readonly set: MigrationSet; readonly folder?: string; readonly remove?: boolean };

/** Installs, upgrades or removes sets one after the other, as `init` and `destroy` do. */
export async function install(database: TestDatabase, ...steps: readonly (MigrationSet | Step)[]): Promise<void> {
  const session = await ClientSession.connect(database.url(), 'source');
  try {
    for (const step of steps) {
      const { remove = false, ...options }: Step = typeof step === 'string' ? { set: step } : step;
      await (remove ? unmigrate(session, options) : migrate(session, options));
    }
  } finally {
    await session.close();
  }
}
