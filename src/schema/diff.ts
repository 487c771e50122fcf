import type { DroppedObject } from '../wal/ddl-event.ts';
import type { ColumnMetadata, ConstraintMetadata, IndexMetadata, TableMetadata } from '../wal/table-metadata.ts';

/** One step from a table as it was to the table as it is. Object ids and column numbers are the identity: a rename is never drop and add. */
export type TableChange =
  | { readonly kind: 'create table'; readonly table: TableMetadata }
  | { readonly kind: 'drop table'; readonly oid: number; readonly identity: string }
  | { readonly kind: 'move table'; readonly oid: number; readonly from: TableName; readonly to: TableName }
  | { readonly kind: 'drop constraint'; readonly oid: number; readonly constraint: ConstraintMetadata }
  | { readonly kind: 'drop index'; readonly oid: number; readonly index: IndexMetadata }
  | { readonly kind: 'drop column'; readonly oid: number; readonly column: ColumnMetadata }
  | {
      readonly kind: 'rename column';
      readonly oid: number;
      readonly num: number;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'add column'; readonly oid: number; readonly column: ColumnMetadata }
  | {
      readonly kind: 'alter column';
      readonly oid: number;
      readonly aspect: ColumnAspect;
      readonly before: ColumnMetadata;
      readonly after: ColumnMetadata;
    }
  | { readonly kind: 'add constraint'; readonly oid: number; readonly constraint: ConstraintMetadata }
  | {
      readonly kind: 'rename constraint';
      readonly oid: number;
      readonly constraint: number;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'add index'; readonly oid: number; readonly index: IndexMetadata }
  | {
      readonly kind: 'rename index';
      readonly oid: number;
      readonly index: number;
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly kind: 'alter table';
      readonly oid: number;
      readonly aspect: TableAspect;
      readonly before: TableMetadata;
      readonly after: TableMetadata;
    };

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export type ColumnAspect = 'type' | 'collation' | 'default' | 'generated' | 'identity' | 'not null';
export type TableAspect =
  | 'owner'
  | 'replica identity'
  | 'persistence'
  | 'options'
  | 'row security'
  | 'parents'
  | 'definition';

const COLUMN_ASPECTS: readonly (readonly [ColumnAspect, (column: ColumnMetadata) => unknown])[] = [
  ['type', (column) => column.type],
  ['collation', (column) => column.collation],
  ['default', (column) => column.default],
  ['generated', (column) => column.generated],
  ['identity', (column) => column.identity],
  ['not null', (column) => column.not_null === true],
];

const TABLE_ASPECTS: readonly (readonly [TableAspect, (table: TableMetadata) => unknown])[] = [
  ['persistence', (table) => table.persistence],
  ['options', (table) => table.options],
  ['row security', (table) => [table.rls === true, table.force_rls === true]],
  ['parents', (table) => [table.parents, table.partition_bound]],
  ['definition', (table) => table.definition],
  ['replica identity', (table) => table.identity],
  ['owner', (table) => table.owner],
];

/**
 * The changes in an order in which they can be made: names get free before they are taken, columns exist before what is built on them.
 * `before` null: the table is new.
 */
export function diffTable(before: TableMetadata | null, after: TableMetadata): TableChange[] {
  if (before === null) return [{ kind: 'create table', table: after }];
  const { oid } = after;
  const columns = match(before.columns, after.columns, ({ num }) => num);
  const constraints = match(before.constraints, after.constraints, (constraint) => constraint.oid);
  const indexes = match(before.indexes, after.indexes, (index) => index.oid);
  const changes: TableChange[] = [];

  if (before.schema !== after.schema || before.name !== after.name) {
    const from = { schema: before.schema, name: before.name };
    changes.push({ kind: 'move table', oid, from, to: { schema: after.schema, name: after.name } });
  }
  for (const constraint of constraints.gone) changes.push({ kind: 'drop constraint', oid, constraint });
  for (const index of indexes.gone) changes.push({ kind: 'drop index', oid, index });
  for (const column of columns.gone) changes.push({ kind: 'drop column', oid, column });
  for (const [was, is] of columns.kept) {
    if (was.name !== is.name) changes.push({ kind: 'rename column', oid, num: is.num, from: was.name, to: is.name });
  }
  for (const column of columns.added) changes.push({ kind: 'add column', oid, column });
  for (const [was, is] of columns.kept) {
    for (const [aspect, of] of COLUMN_ASPECTS) {
      if (!same(of(was), of(is))) changes.push({ kind: 'alter column', oid, aspect, before: was, after: is });
    }
  }
  for (const [was, is] of constraints.kept) {
    if (was.name !== is.name)
      changes.push({ kind: 'rename constraint', oid, constraint: is.oid, from: was.name, to: is.name });
  }
  for (const [was, is] of indexes.kept) {
    if (was.name !== is.name) changes.push({ kind: 'rename index', oid, index: is.oid, from: was.name, to: is.name });
  }
  for (const index of indexes.added) changes.push({ kind: 'add index', oid, index });
  for (const constraint of constraints.added) changes.push({ kind: 'add constraint', oid, constraint });
  for (const [aspect, of] of TABLE_ASPECTS) {
    if (!same(of(before), of(after))) changes.push({ kind: 'alter table', oid, aspect, before, after });
  }
  return changes;
}

/** Tables among the dropped objects; what else went is a change of a table that stays. */
export function diffDropped(dropped: readonly DroppedObject[]): TableChange[] {
  return dropped
    .filter((object) => object.class === 'pg_class' && object.sub === undefined && TABLE_TYPES.has(object.type))
    .map(({ oid, identity }) => ({ kind: 'drop table', oid, identity }));
}

const TABLE_TYPES: ReadonlySet<string> = new Set(['table', 'view', 'materialized view', 'foreign table']);

interface Matched<T> {
  readonly gone: readonly T[];
  readonly kept: readonly (readonly [before: T, after: T])[];
  readonly added: readonly T[];
}

function match<T>(before: readonly T[] = [], after: readonly T[] = [], key: (item: T) => number): Matched<T> {
  const old = new Map(before.map((item) => [key(item), item]));
  const now = new Set(after.map(key));
  const kept: (readonly [T, T])[] = [];
  const added: T[] = [];
  for (const item of after) {
    const was = old.get(key(item));
    if (was === undefined) added.push(item);
    else kept.push([was, item]);
  }
  return { gone: before.filter((item) => !now.has(key(item))), kept, added };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
