import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlResult } from '../../postgres/sql-session.ts';
import type { DdlCommand } from '../../wal/ddl-event.ts';
import type { SchemaSection } from '../../wal/snapshot.ts';

/** `pg_class/16384`: an object by its catalog and oid, or something of ours that hangs on one (`pg_class/16384#owned`). */
export type ObjectKey = string;

/**
 * What stands first where nothing else decides. In each section only; most of the order follows from dependencies. Grants come after
 * everything else of their section: a right that is taken away must not stop a later statement.
 */
const KINDS = [
  'schema',
  'access method',
  'extension',
  'collation',
  'conversion',
  'type',
  'language',
  'function',
  'aggregate',
  'operator family',
  'operator class',
  'operator',
  'cast',
  'transform',
  'text search',
  'foreign server',
  'sequence',
  'table',
  'default',
  'view',
  'partition',
  'owned sequence',
  'index',
  'index partition',
  'check',
  'foreign key',
  'statistics',
  'rule',
  'trigger',
  'policy',
  'grant',
  'refresh',
  'event trigger',
  'default privileges',
] as const;

export type ObjectKind = (typeof KINDS)[number];

const RANKS: ReadonlyMap<ObjectKind, number> = new Map(KINDS.map((kind, index) => [kind, index]));

export function rankOf(kind: ObjectKind): number {
  return RANKS.get(kind) ?? KINDS.length;
}

export interface Statement {
  readonly tag: string;
  readonly text: string;
  /** Settings that the statement needs, beside those fixed for all. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Who has to run it; else whoever restores. */
  readonly role?: string;
  readonly commands?: readonly DdlCommand[];
}

/** An incomplete form that others may refer to, and what completes it. */
export interface Stub {
  /** Enough for whatever refers to the object (a view, a function), or just for those that the object itself needs (a shell type). */
  readonly enoughFor: 'everything' | 'its own needs';
  readonly statements: readonly Statement[];
  readonly completion: readonly Statement[];
  readonly needs: readonly ObjectKey[];
}

export interface CatalogObject {
  readonly key: ObjectKey;
  readonly kind: ObjectKind;
  /** Schema and name, for an order that does not hang on oids. */
  readonly name: string;
  /** null: where the first of `requires` is. */
  readonly section: SchemaSection | null;
  readonly statements: readonly Statement[];
  /** What COMMENT ON and SECURITY LABEL ON call it. */
  readonly address?: string;
  /** Parts with a name of their own for comments. */
  readonly parts?: readonly (readonly [key: ObjectKey, address: string])[];
  /** The relation that it makes or belongs to. */
  readonly relation?: number;
  /** Beside what pg_depend says. */
  readonly requires?: readonly ObjectKey[];
  /** What needs this, beside what pg_depend says. */
  readonly precedes?: readonly ObjectKey[];
  /** What pg_depend says but does not hold for the order in which it is made. */
  readonly ignores?: readonly ObjectKey[];
  readonly stub?: Stub;
  /** Moves to post-data when something there is needed first. */
  readonly movable?: true;
}

export type Row = SqlResult['rows'][number];

export function keyOf(catalog: string, oid: string | number): ObjectKey {
  return `${catalog}/${oid}`;
}

/** A column that the query leaves null only if the object is gone by now: functions read the catalogs as they are. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (value === undefined || value === null)
    throw new WalcastError(
      'E_SNAPSHOT_SCHEMA',
      `${row['name'] ?? 'an object of the source'} was dropped while the schema was read (it has no ${column} any more)`,
    );
  return value;
}

export function isTrue(row: Row, column: string): boolean {
  return row[column] === 't';
}

/** Keys of one catalog from a list of oids that the server joined by blanks. */
export function keysOf(catalog: string, oids: string | null | undefined): ObjectKey[] {
  return (oids ?? '').split(' ').flatMap((oid) => (oid === '' ? [] : [keyOf(catalog, oid)]));
}

/** `before` + value + `after`; nothing where there is no value. */
export function part(before: string, value: string | null | undefined, after = ''): string {
  return value === undefined || value === null || value === '' ? '' : `${before}${value}${after}`;
}

/** Types share the spelling of ALTER … OWNER TO and its tag. */
export function ownerStatement(type: string, id: string, owner: string): Statement {
  return { tag: `ALTER ${type}`, text: `ALTER ${type} ${id} OWNER TO ${owner}` };
}

export function groupedBy(rows: readonly Row[], column: string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = text(row, column);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}

/** The columns that have something, as one list. */
export function listed(row: Row, ...columns: readonly string[]): string {
  return columns.flatMap((column) => row[column] ?? []).join(', ');
}
