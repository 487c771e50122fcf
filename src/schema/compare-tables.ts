import type { ConstraintMetadata, TableMetadata } from '../wal/table-metadata.ts';

export interface Difference {
  /** e.g. `columns.note.type` */
  readonly path: string;
  readonly source: unknown;
  readonly target: unknown;
}

export interface Versions {
  /** Major version of each side. */
  readonly source: number;
  readonly target: number;
}

/** Object ids and what follows from a table's past, not from its definition. */
const LOCAL_FIELDS: ReadonlySet<string> = new Set(['oid', 'type_oid', 'parents', 'missing', 'populated', 'num']);

/** NOT NULL became a constraint with a name in 18. */
const FIRST_WITH_NOT_NULL_CONSTRAINTS = 18;

/** What differs between a table's definition on both sides; nothing: they are the same table. */
export function tableDifferences(
  source: TableMetadata,
  target: TableMetadata | undefined,
  versions: Versions,
): Difference[] {
  if (target === undefined) return [{ path: '', source: `${source.schema}.${source.name}`, target: 'missing' }];
  const found: Difference[] = [];
  collect('', comparable(withoutFailedIndexes(source, target), versions), comparable(target, versions), found);
  return found;
}

/**
 * What a failed CREATE INDEX CONCURRENTLY left is used by no query, and no event told of it. Below a partitioned table, where an index is
 * invalid until all its parts are there, none fails that way.
 */
function withoutFailedIndexes(source: TableMetadata, target: TableMetadata): TableMetadata {
  if (source.indexes === undefined || source.kind === 'p') return source;
  const there = new Set(target.indexes?.map(({ name }) => name));
  return { ...source, indexes: source.indexes.filter(({ name, valid }) => valid !== false || there.has(name)) };
}

/** One line a difference, as a person reads it. */
export function describeDifferences(table: string, differences: readonly Difference[]): string {
  return differences
    .slice(0, 10)
    .map(
      ({ path, source, target }) =>
        `${table}${path === '' ? '' : ` ${path}`}: source ${print(source)}, target ${print(target)}`,
    )
    .concat(differences.length > 10 ? [`… and ${differences.length - 10} more`] : [])
    .join('\n');
}

function print(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing');
}

/** Lists become objects by name, so that a difference names the column or constraint. */
function comparable(table: TableMetadata, versions: Versions): Record<string, unknown> {
  const { columns = [], constraints = [], indexes = [], definition, ...rest } = table;
  const sameMajor = versions.source === versions.target;
  const notNulls = Math.min(versions.source, versions.target) >= FIRST_WITH_NOT_NULL_CONSTRAINTS;
  return {
    ...rest,
    // views are printed with other qualifications and parentheses by another version
    ...(definition !== undefined && sameMajor ? { definition } : {}),
    order: columns.map(({ name }) => name),
    columns: byName(columns),
    constraints: byName(
      unnumbered(
        constraints.filter(({ type }) => notNulls || type !== 'n'),
        sameMajor,
      ),
    ),
    indexes: byName(indexes),
  };
}

/**
 * Foreign keys from and to partitions have names that PostgreSQL makes, and 18 makes others (`_fkey_1`) than 17 (`_fkey1`): between versions
 * those with a number at the end are called after what they say.
 */
function unnumbered(constraints: readonly ConstraintMetadata[], sameMajor: boolean): readonly ConstraintMetadata[] {
  if (sameMajor) return constraints;
  const seen = new Map<string, number>();
  return constraints.map((constraint) => {
    const { name, type, definition } = constraint;
    if (type !== 'f' || !/\d$/.test(name)) return constraint;
    const count = (seen.get(definition) ?? 0) + 1;
    seen.set(definition, count);
    return { ...constraint, name: `${definition}${count === 1 ? '' : ` (${count})`}` };
  });
}

function byName<T extends { readonly name: string }>(list: readonly T[]): Record<string, T> {
  return Object.fromEntries(list.map((entry) => [entry.name, entry]));
}

function collect(path: string, source: unknown, target: unknown, found: Difference[]): void {
  if (isObject(source) && isObject(target)) {
    for (const field of new Set([...Object.keys(source), ...Object.keys(target)])) {
      if (!LOCAL_FIELDS.has(field))
        collect(path === '' ? field : `${path}.${field}`, source[field], target[field], found);
    }
  } else if (JSON.stringify(source) !== JSON.stringify(target)) {
    found.push({ path, source, target });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
