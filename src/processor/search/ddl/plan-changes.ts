import type { DdlCommandEvent, DroppedObject } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { TableShape } from '../tables/table-shape.ts';

/** What a schema change of the source means for the indexes. */
export type Change =
  /** The table is, or has become, this. `filled`: it has rows that no event of the stream brings. */
  | { readonly kind: 'shape'; readonly tableId: string; readonly metadata: TableMetadata; readonly filled: boolean }
  /** The partition's rows belong to the table from here on. */
  | { readonly kind: 'join'; readonly tableId: string; readonly member: TableMetadata; readonly filled: boolean }
  /** The partition and its rows are no part of the table any more. */
  | { readonly kind: 'leave'; readonly tableId: string; readonly oid: number }
  /** `kept`: its rows go on under another id, so that it cannot stay as it is by policy. */
  | { readonly kind: 'drop'; readonly tableId: string; readonly absorbed: boolean }
  | { readonly kind: 'drop columns'; readonly tableId: string; readonly numbers: readonly number[] }
  /** Rows got values that the WAL does not carry. */
  | { readonly kind: 'rewrite'; readonly tableId: string }
  /** Types are other types, or are called otherwise: every table that uses some is looked at. */
  | { readonly kind: 'types' }
  /** Not told: only the source's catalog knows what these are now. */
  | { readonly kind: 'ask'; readonly oids: readonly number[] }
  /** Not told which: all, or all that are known. */
  | { readonly kind: 'ask all'; readonly known: boolean };

export interface KnownTables {
  /** The table that rows of this oid go to: its own, or that of the root. */
  byOid(oid: number): TableShape | null;
  all(): Iterable<TableShape>;
}

/** AT_REWRITE_ALTER_PERSISTENCE, _DEFAULT_VAL, _COLUMN_REWRITE of commands/event_trigger.h; another access method leaves rows as they are. */
const NEW_VALUES = 1 | 2 | 4;
const TABLE_KINDS = new Set(['r', 'p']);

/** Pure: from an event and what is known to what is to be done, in order. */
export function planChanges(event: DdlCommandEvent, known: KnownTables): Change[] {
  if (event.kind === 'degraded') return [{ kind: 'ask all', known: false }];
  switch (event.phase) {
    case 'rewrite':
      return rewritten(event, known);
    case 'drop':
      return dropped(event.details?.dropped ?? [], known);
    case 'end':
      return ended(event, known);
  }
}

function rewritten({ details }: DdlCommandEvent, known: KnownTables): Change[] {
  const table = details?.oid === undefined ? null : known.byOid(details.oid);
  if (table === null || ((details?.reason ?? NEW_VALUES) & NEW_VALUES) === 0) return [];
  return [{ kind: 'rewrite', tableId: table.tableId }];
}

function dropped(objects: readonly DroppedObject[], known: KnownTables): Change[] {
  const changes: Change[] = [];
  const gone = new Set<number>();
  const columns = new Map<string, number[]>();
  const keys = new Set<number>();
  for (const { class: catalog, oid, sub } of objects) {
    if (catalog === 'pg_constraint' || catalog === 'pg_class') keys.add(oid);
    if (catalog !== 'pg_class') continue;
    const table = known.byOid(oid);
    if (table === null) continue;
    if (sub === undefined) gone.add(oid);
    else if (table.oid === oid) columns.set(table.tableId, [...(columns.get(table.tableId) ?? []), sub]);
  }
  for (const oid of gone) {
    const table = known.byOid(oid);
    if (table === null) continue;
    if (table.oid === oid) changes.push({ kind: 'drop', tableId: table.tableId, absorbed: false });
    else if (!gone.has(table.oid)) changes.push({ kind: 'leave', tableId: table.tableId, oid });
  }
  for (const [tableId, numbers] of columns) changes.push({ kind: 'drop columns', tableId, numbers });
  for (const table of known.all()) {
    if (table.keyFrom !== undefined && keys.has(table.keyFrom) && !gone.has(table.oid))
      changes.push({ kind: 'ask', oids: [table.oid] });
  }
  return changes;
}

function ended(event: DdlCommandEvent, known: KnownTables): Change[] {
  const changes: Change[] = [];
  const relations = (event.details?.relations ?? []).filter(
    ({ kind, persistence }) => TABLE_KINDS.has(kind) && persistence === 'p',
  );
  const told = new Set(relations.map(({ oid }) => oid));
  const unknown: number[] = [];
  // Members are told apart from their root, which is dealt with first: what joins needs a table.
  for (const metadata of relations.toSorted((a, b) => Number(isPartition(a)) - Number(isPartition(b)))) {
    const owner = known.byOid(metadata.oid);
    const tableId = event.table_ids?.[String(metadata.oid)] ?? (isPartition(metadata) ? undefined : owner?.tableId);
    if (tableId === undefined) {
      if (owner === null) unknown.push(metadata.oid);
    } else if (isPartition(metadata)) {
      changes.push(...partition(event, metadata, tableId, owner));
    } else {
      if (owner !== null && owner.tableId !== tableId) changes.push(parting(owner, metadata.oid));
      const filled = owner?.tableId !== tableId && !isMade(event, metadata.oid);
      changes.push({ kind: 'shape', tableId, metadata, filled });
    }
  }
  for (const [oid, tableId] of Object.entries(event.table_ids ?? {})) {
    if (!told.has(Number(oid)) && known.byOid(Number(oid))?.tableId !== tableId) unknown.push(Number(oid));
  }
  if (unknown.length > 0) changes.push({ kind: 'ask', oids: unknown });
  if (event.tag === 'ALTER TYPE') changes.push({ kind: 'types' });
  if (event.tag === 'ALTER SCHEMA') changes.push({ kind: 'ask all', known: true });
  return changes;
}

function partition(
  event: DdlCommandEvent,
  metadata: TableMetadata,
  tableId: string,
  owner: TableShape | null,
): Change[] {
  if (owner?.tableId === tableId) return [];
  const changes: Change[] = [];
  if (owner !== null) changes.push(parting(owner, metadata.oid));
  changes.push({ kind: 'join', tableId, member: metadata, filled: !isMade(event, metadata.oid) });
  return changes;
}

/** Its rows go to another index from here on. */
function parting(owner: TableShape, oid: number): Change {
  return owner.oid === oid
    ? { kind: 'drop', tableId: owner.tableId, absorbed: true }
    : { kind: 'leave', tableId: owner.tableId, oid };
}

function isPartition({ partition_bound: bound }: TableMetadata): boolean {
  return bound !== undefined;
}

/** Empty, with all of its rows to come; those of CREATE TABLE AS come before the event. */
function isMade({ details }: DdlCommandEvent, oid: number): boolean {
  return (details?.commands ?? []).some((command) => command.oid === oid && command.tag === 'CREATE TABLE');
}
