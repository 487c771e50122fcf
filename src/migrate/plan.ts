import { WalcastError } from '../errors/walcast-error.ts';
import { label, type Migration, type MigrationRecord } from './migration.ts';

/** A set as it is in a database, held against the files of this version. */
export interface SetState {
  /** Finished, in order; those of a later version of walcast as well. */
  readonly applied: readonly MigrationRecord[];
  /** Still to be run, those included that were made but not verified. */
  readonly pending: readonly Migration[];
  /** Not verified, changed since, or unknown to this version. */
  readonly failed: readonly MigrationRecord[];
  /** Why nothing may be applied. */
  readonly problem: WalcastError | null;
}

/** Pure. */
export function examine(migrations: readonly Migration[], records: readonly MigrationRecord[]): SetState {
  const files = new Map(migrations.map((migration) => [migration.version, migration]));
  const recorded = new Map(records.map((record) => [record.version, record]));
  const unknown = records.find(({ version }) => !files.has(version));
  const changed = records.filter(({ version, checksum }) => (files.get(version)?.checksum ?? checksum) !== checksum);
  const highest = Math.max(-1, ...recorded.keys());
  const gap = migrations.find(({ version }) => version < highest && !recorded.has(version));
  return {
    applied: records.filter(({ finished }) => finished),
    pending: migrations.filter(({ version }) => recorded.get(version)?.finished !== true),
    failed: records.filter((record) => !record.finished || !files.has(record.version) || changed.includes(record)),
    problem: problemOf(migrations, { unknown, changed: files.get(changed[0]?.version ?? -1), gap, highest }),
  };
}

/** What is still to be applied. Refuses a database that a newer version, or a changed file, has been at. */
export function pendingMigrations(
  migrations: readonly Migration[],
  records: readonly MigrationRecord[],
): readonly Migration[] {
  const { pending, problem } = examine(migrations, records);
  if (problem !== null) throw problem;
  return pending;
}

interface Oddities {
  readonly unknown: MigrationRecord | undefined;
  readonly changed: Migration | undefined;
  readonly gap: Migration | undefined;
  readonly highest: number;
}

function problemOf(
  migrations: readonly Migration[],
  { unknown, changed, gap, highest }: Oddities,
): WalcastError | null {
  if (unknown !== undefined) {
    const name = `${migrations[0]?.set ?? ''}/${label(unknown)}`;
    return new WalcastError('E_MIGRATION', `the database has ${name}, which this version does not know`, {
      hint: `A newer version of walcast (${unknown.toolVersion}) was here: use that one, or a later one.`,
    });
  }
  if (changed !== undefined) {
    return new WalcastError('E_MIGRATION', `${changed.file} is not the file that was applied to the database`, {
      hint: 'A released migration never changes: reinstall walcast in the version that was used, or a later one.',
      fields: { file: changed.file, checksum: changed.checksum },
    });
  }
  if (gap !== undefined) {
    return new WalcastError('E_MIGRATION', `${gap.file} is not recorded although later ones are`, {
      hint: `Somebody changed walcast.schema_migrations. If what they make is there, DELETE the records of the set ${gap.set} and record them anew: \`replicate migrations baseline --set ${gap.set} --upto ${highest}\`.`,
      fields: { file: gap.file },
    });
  }
  return null;
}
