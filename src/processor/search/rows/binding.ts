import { IdentityCodec } from '../../../documents/identity/identity-codec.ts';
import { DocumentCodec } from '../../../documents/rows/document-codec.ts';
import type { DocumentColumn } from '../../../documents/rows/document-column.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import { FIELD_NULL } from '../../../wal/event-batch.ts';
import type { BulkTarget } from '../bulk/index.ts';
import { definitionOf, PART, TABLE, type DefinitionOptions } from '../tables/index-definition.ts';
import { tableName, type TableShape } from '../tables/table-shape.ts';

/** A column as the rows at hand have it. */
export interface RowColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Updates and deletes tell it of the old row. */
  readonly key: boolean;
}

/** How rows that come under one oid, with columns in one order, become documents. */
export interface Binding {
  readonly table: string;
  readonly oid: number;
  readonly target: BulkTarget;
  readonly codec: DocumentCodec;
  readonly identity: IdentityCodec;
  /** Of the routing column; −1: documents go by their id. */
  readonly routingAt: number;
  /** What routes the row's document, in a buffer that the next call reuses. */
  readonly route: (bytes: Buffer, fields: Int32Array, at: number) => GrowingBuffer | undefined;
  /** Updates and deletes tell the whole key. */
  readonly identified: boolean;
  readonly columns: readonly RowColumn[];
  readonly keyColumns: readonly number[];
}

/** Null: the rows are not those of the shape. */
export function bind(
  shape: TableShape,
  rows: { readonly oid: number; readonly columns: readonly RowColumn[] },
  target: BulkTarget,
  options: Omit<DefinitionOptions, 'gone'>,
): Binding | null {
  const { oid, columns } = rows;
  const places = new Map(columns.map((column, place) => [column.name, place]));
  const generated = new Set(shape.generated);
  const byName = new Map(shape.columns.map((column, i) => [column.name, i]));
  for (const { name, typeOid } of columns) {
    const column = shape.columns[byName.get(name) ?? -1];
    if (column === undefined ? !generated.has(name) : column.typeOid !== typeOid) return null;
  }
  if (shape.columns.some(({ name }) => !places.has(name))) return null;
  const { columns: written } = definitionOf(shape, { ...options, gone: [] });
  const placeOf = (num: number): number =>
    places.get(shape.columns.find((column) => column.num === num)?.name ?? '') ?? -1;
  const keyColumns = (shape.key ?? []).map(placeOf);
  const routingAt = shape.routing === undefined ? -1 : placeOf(shape.routing);
  return {
    table: tableName(shape),
    oid,
    target,
    codec: new DocumentCodec(
      columns.map(({ name }): DocumentColumn | null => written[byName.get(name) ?? -1] ?? null),
      {
        ...(options.shared ? { [TABLE]: tableName(shape) } : {}),
        ...(shape.partitioned ? { [PART]: String(oid) } : {}),
      },
    ),
    identity: new IdentityCodec(keyColumns),
    routingAt,
    route: routingAt < 0 ? () => undefined : routeBy(routingAt),
    identified: [...keyColumns, ...(routingAt < 0 ? [] : [routingAt])].every((place) => columns[place]?.key === true),
    columns,
    keyColumns,
  };
}

function routeBy(place: number): Binding['route'] {
  const routing = new GrowingBuffer(256);
  return (bytes, fields, at) => {
    routing.clear();
    const length = fields[at + place * 2 + 1] as number;
    if (length === FIELD_NULL) routing.text('null');
    else if (length > 0) {
      const from = fields[at + place * 2] as number;
      routing.reserve(length);
      routing.length += bytes.copy(routing.bytes, 0, from, from + length);
    }
    return routing;
  };
}
