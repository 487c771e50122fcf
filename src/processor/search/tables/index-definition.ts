import { tableMapping, type TableMapping } from '../mapping/table-mapping.ts';
import type { TableShape } from './table-shape.ts';

/** Where a document of a partitioned table came from: its partition's oid. A column never has this name: a field cannot begin so. */
export const PART = '_part';

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
    shared,
    routing: shape.routing !== undefined,
    gone,
  });
  if (!shape.partitioned) return mapping;
  const { properties } = mapping.mappings;
  return { ...mapping, mappings: { ...mapping.mappings, properties: { ...properties, [PART]: { type: 'keyword' } } } };
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
