import { sameDocuments } from '../../../documents/types/same-documents.ts';
import type { ValueType } from '../../../documents/types/value-type.ts';
import type { FieldOptions } from '../mapping/field-types.ts';
import { tableMapping, type TableMapping } from '../mapping/table-mapping.ts';
import type { TableShape } from './table-shape.ts';

/** Where a document of a partitioned table came from: its partition's oid. No column has such a name: a field cannot begin so. */
export const PART = '_part';
/** Which table a document is of, where several share a name. */
export const TABLE = '_table';

export interface DefinitionOptions {
  readonly fields: 'ids' | 'names';
  readonly shared: boolean;
  readonly gone: readonly string[];
}

/** The mapping of a table's index, by its shape alone. */
export function definitionOf(shape: TableShape, { fields, shared, gone }: DefinitionOptions): TableMapping {
  const mapping = tableMapping({
    tableId: shape.tableId,
    columns: shape.columns.map(({ num, name, type, options }) => ({
      num,
      name,
      type,
      ...(options === undefined ? {} : { options }),
    })),
    fields,
    gone,
  });
  const more = {
    ...(shape.partitioned ? { [PART]: { type: 'keyword' } } : {}),
    ...(shared ? { [TABLE]: { type: 'keyword' } } : {}),
  };
  const { dynamic, properties } = mapping.mappings;
  const routing = shape.routing === undefined ? {} : { _routing: { required: true } };
  return { ...mapping, mappings: { dynamic, ...routing, properties: { ...properties, ...more } } };
}

/** Pure: what of a mapping is not there yet, or leads elsewhere. */
export function newProperties(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(after).filter(([name, property]) => JSON.stringify(before[name]) !== JSON.stringify(property)),
  );
}

/** Pure: documents with a value of the one type are right with the other, and the field takes both. */
export function sameField(
  before: ValueType,
  beforeOptions: FieldOptions | undefined,
  after: ValueType,
  afterOptions: FieldOptions | undefined,
): boolean {
  return sameDocuments(before, after) && fieldsOf(before, beforeOptions) === fieldsOf(after, afterOptions);
}

function fieldsOf(type: ValueType, options: FieldOptions | undefined): string {
  const column = { num: 1, name: 'c', type, ...(options === undefined ? {} : { options }) };
  return JSON.stringify(tableMapping({ tableId: 't', columns: [column], fields: 'ids' }).mappings.properties);
}
