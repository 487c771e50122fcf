/** Each set is numbered for itself; all sets of a database share one table of records. */
export const MIGRATION_SETS = ['core', 'injector', 'target'] as const;

export type MigrationSet = (typeof MIGRATION_SETS)[number];

/** A pair of files `NNNN_name.up.sql` and `NNNN_name.down.sql`; never edited once released. */
export interface Migration {
  readonly set: MigrationSet;
  readonly version: number;
  /** Without number and ending. */
  readonly name: string;
  /** Of the `.up.sql`, for messages: `core/0001_key.up.sql` */
  readonly file: string;
  readonly up: string;
  readonly down: string;
  /** What `.verify.sql` says, where there is one: the migration counts as finished when it succeeded. */
  readonly verify: string | null;
  /** A line `-- walcast: irreversible` stands at its head: `down` does not bring back what `up` removes. */
  readonly irreversible: boolean;
  /** sha256 over the `.up.sql` with plain line feeds: a checkout may have changed the line ends. */
  readonly checksum: string;
}

/** A row of walcast.schema_migrations. */
export interface MigrationRecord {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly toolVersion: string;
  /** False: made, but not verified. */
  readonly finished: boolean;
  /** Why the last wait for the verification was given up. */
  readonly failure: string | null;
}

export interface MigrationResult {
  readonly set: MigrationSet;
  /** `0001_key` and so on, in the order in which they ran. */
  readonly applied: readonly string[];
  readonly skipped: number;
}

/** Of one set, or of several together. */
export function describeResult(...results: readonly MigrationResult[]): string {
  const applied = results.reduce((sum, result) => sum + result.applied.length, 0);
  const skipped = results.reduce((sum, result) => sum + result.skipped, 0);
  return `applied ${applied}, skipped ${skipped}`;
}

export function label({ version, name }: Pick<MigrationRecord, 'version' | 'name'>): string {
  return `${String(version).padStart(4, '0')}_${name}`;
}

export function isMigrationSet(name: string): name is MigrationSet {
  return (MIGRATION_SETS as readonly string[]).includes(name);
}

/** Where in its set a migration stands. */
export function indexOf(migrations: readonly Migration[], name: string): number {
  return migrations.findIndex((migration) => migration.name === name);
}
