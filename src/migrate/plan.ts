import { WalcastError } from '../errors/walcast-error.ts';
import { label, type Migration, type MigrationRecord } from './migration.ts';

/** What is still to be applied. Refuses a database that a newer version, or a changed file, has been at. */
export function pendingMigrations(migrations: readonly Migration[], records: readonly MigrationRecord[]): Migration[] {
  const byVersion = new Map(migrations.map((migration) => [migration.version, migration]));
  const set = migrations[0]?.set ?? '';
  for (const record of records) {
    const migration = byVersion.get(record.version);
    if (migration === undefined) {
      throw new WalcastError(
        'E_MIGRATION',
        `the database has ${set}/${label(record)}, which this version does not know`,
        {
          hint: 'A newer version of walcast was here: use that one, or a later one.',
        },
      );
    }
    if (migration.checksum !== record.checksum) {
      throw new WalcastError('E_MIGRATION', `${migration.file} is not the file that was applied to the database`, {
        hint: 'A released migration never changes: reinstall walcast in the version that was used, or a later one.',
        fields: { file: migration.file, checksum: migration.checksum, applied: record.checksum },
      });
    }
  }
  const applied = new Set(records.map((record) => record.version));
  const pending = migrations.filter((migration) => !applied.has(migration.version));
  const highest = Math.max(-1, ...applied);
  const gap = pending.find((migration) => migration.version < highest);
  if (gap !== undefined) {
    throw new WalcastError('E_MIGRATION', `${gap.file} is not recorded although later ones are`, {
      hint: 'Somebody changed walcast.schema_migrations. `replicate destroy` and `replicate init` build it anew.',
      fields: { file: gap.file },
    });
  }
  return pending;
}
