import type { SqlSession } from '../postgres/sql-session.ts';
import { MIGRATION_SETS, type MigrationRecord, type MigrationSet } from './migration.ts';
import { schemaState } from './ownership.ts';

/** What is applied of a set; nothing when walcast was never installed. */
export async function migrationRecords(session: SqlSession, set: MigrationSet): Promise<MigrationRecord[]> {
  if ((await schemaState(session)) !== 'ours') return [];
  const { rows } = await session.query(
    'select version, name, checksum from walcast.schema_migrations where set = $1 order by version',
    [set],
  );
  return rows.map((row) => ({
    version: Number(row['version']),
    name: row['name'] ?? '',
    checksum: row['checksum'] ?? '',
  }));
}

/** The sets that have something applied, also those of a later version of walcast. */
export async function installedSets(session: SqlSession): Promise<string[]> {
  if ((await schemaState(session)) !== 'ours') return [];
  const { rows } = await session.query('select distinct set from walcast.schema_migrations order by set');
  return rows.map((row) => row['set'] ?? '');
}

export function isMigrationSet(name: string): name is MigrationSet {
  return (MIGRATION_SETS as readonly string[]).includes(name);
}
