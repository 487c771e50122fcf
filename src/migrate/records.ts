import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteLiteral } from '../sql/quote.ts';
import { isMigrationSet, type Migration, type MigrationRecord } from './migration.ts';
import { schemaState } from './ownership.ts';
import { TOOL_VERSION } from './tool-version.ts';

/** What is recorded of a set; nothing when walcast was never installed. */
export async function migrationRecords(session: SqlSession, set: string): Promise<MigrationRecord[]> {
  if ((await schemaState(session)) !== 'ours') return [];
  const { rows } = await session.query(
    `select version, name, checksum, tool_version, (verified_at is not null)::text as finished, failure
     from walcast.schema_migrations where set = $1 order by version`,
    [set],
  );
  return rows.map((row) => ({
    version: Number(row['version']),
    name: row['name'] ?? '',
    checksum: row['checksum'] ?? '',
    toolVersion: row['tool_version'] ?? '',
    finished: row['finished'] === 'true',
    failure: row['failure'] ?? null,
  }));
}

/** The sets that have something applied, also those of a later version of walcast. */
export async function installedSets(session: SqlSession): Promise<string[]> {
  if ((await schemaState(session)) !== 'ours') return [];
  const { rows } = await session.query('select distinct set from walcast.schema_migrations order by set');
  return rows.map((row) => row['set'] ?? '');
}

/** Whoever installs or removes has to know all that is there: sets may build upon one another. */
export async function refuseUnknownSets(session: SqlSession): Promise<void> {
  const unknown = (await installedSets(session)).filter((set) => !isMigrationSet(set));
  if (unknown.length > 0) throw unknownSets(unknown);
}

export function unknownSets(sets: readonly string[]): WalcastError {
  const names = sets.join(', ');
  return new WalcastError(
    'E_MIGRATION',
    `the database has migrations of the set ${names}, which this version does not know`,
    { hint: 'A newer version of walcast was here: use that one, or a later one.' },
  );
}

/** The statement that records a migration. One that has to be verified is not finished with it; the whole of it runs again until it is. */
export function recordOf({ set, version, name, checksum, verify }: Migration): string {
  const values = [set, String(version), name, checksum, TOOL_VERSION].map(quoteLiteral).join(', ');
  return `insert into walcast.schema_migrations (set, version, name, checksum, tool_version, duration, verified_at)
    values (${values}, clock_timestamp() - transaction_timestamp(), ${verify === null ? 'clock_timestamp()' : 'null'})
    on conflict (set, version) do update set applied_at = default, tool_version = excluded.tool_version,
      duration = excluded.duration`;
}
