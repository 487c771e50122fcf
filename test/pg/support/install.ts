import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientSession } from '../../../src/app/init/client-session.ts';
import { migrate, unmigrate } from '../../../src/migrate/migrate.ts';
import { MIGRATION_SETS, type MigrationSet } from '../../../src/migrate/migration.ts';
import { MIGRATIONS_FOLDER, readMigrations } from '../../../src/migrate/read-migrations.ts';
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

/** A copy of the migrations as a newer version of walcast has them; whoever asks removes the folder. */
export async function newerMigrations(
  additions: Partial<Record<MigrationSet, Readonly<Record<string, { readonly up: string; readonly down: string }>>>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'walcast-newer-'));
  await cp(MIGRATIONS_FOLDER, folder, { recursive: true });
  for (const set of MIGRATION_SETS) {
    let version = (await readMigrations(set)).length;
    for (const [name, { up, down }] of Object.entries(additions[set] ?? {})) {
      const file = join(folder, set, `${String(version++).padStart(4, '0')}_${name}`);
      await writeFile(`${file}.up.sql`, up);
      await writeFile(`${file}.down.sql`, down);
    }
  }
  return folder;
}

/** The migration that makes a function, to be changed and made once more. */
export async function functionText(set: MigrationSet, name: string): Promise<string> {
  const found = (await readMigrations(set)).find((migration) => migration.name === name);
  if (found === undefined) throw new Error(`there is no migration ${set}/${name}`);
  return found.up.replace('create function', 'create or replace function');
}
