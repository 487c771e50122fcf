/** Each set is numbered for itself; all sets of a database share one table of records. */
export const MIGRATION_SETS = ['core', 'target'] as const;

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
  /** sha256 over the `.up.sql` with plain line feeds: a checkout may have changed the line ends. */
  readonly checksum: string;
}

/** A row of walcast.schema_migrations. */
export interface MigrationRecord {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

export interface MigrationResult {
  readonly set: MigrationSet;
  /** `0001_key` and so on, in the order in which they ran. */
  readonly applied: readonly string[];
  readonly skipped: number;
}

export function describeResult({ applied, skipped }: MigrationResult): string {
  return `applied ${applied.length}, skipped ${skipped}`;
}

export function label({ version, name }: MigrationRecord): string {
  return `${String(version).padStart(4, '0')}_${name}`;
}
