import type { FieldOptions } from '../mapping/field-types.ts';
import { OTHER, type ValueType } from '../../../documents/types/value-type.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { chooseKey } from './choose-key.ts';

/** A column as the rows of a table have it; generated ones are in no stream and in no document. */
export interface ShapeColumn {
  /** pg_attribute.attnum: its identity over renames. Of a partition's column: that of the partitioned table at the top. */
  readonly num: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly type: ValueType;
  /** Of the user, as they were when the index was made: they stay with the column when it is renamed. */
  readonly options?: FieldOptions;
}

/** What an index has to know of its table. Plain JSON: it is kept in the `_meta` of the index. */
export interface TableShape {
  /** Of the injector; stays over renames and moves. */
  readonly tableId: string;
  /** Of the table, or of the partitioned table at the top. */
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ShapeColumn[];
  /** Numbers of the columns that tell its rows apart; null: none do, and it is not followed. */
  readonly key: readonly number[] | null;
  /** Oid of the constraint or index behind the key. */
  readonly keyFrom?: number;
  /** Names of generated columns, which some streams bring. */
  readonly generated: readonly string[];
  /** Number of the column by which documents are routed to shards. */
  readonly routing?: number;
  /** It is partitioned: rows come under the oids of these. */
  readonly partitioned: boolean;
  readonly members: readonly number[];
}

/** The columns of a catalog's table that its rows bring. */
export function rowColumns(metadata: TableMetadata): NonNullable<TableMetadata['columns']> {
  return (metadata.columns ?? []).filter(({ generated }) => generated === undefined);
}

export function tableName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

/**
 * Are rows of the table, as the source's catalog has it now, what the shape says? Names, types and their order of a partition are its own;
 * that the columns are the same is what counts.
 */
export function fits(shape: TableShape, metadata: TableMetadata): boolean {
  const columns = rowColumns(metadata);
  if (columns.length !== shape.columns.length) return false;
  const known = new Map(shape.columns.map((column) => [column.name, column]));
  return columns.every(({ name, num, type_oid: type, typmod = -1 }) => {
    const column = known.get(name);
    if (column === undefined || column.typeOid !== type || column.typmod !== typmod) return false;
    return shape.partitioned || column.num === num;
  });
}

/** What the user says of the columns of a table, by their names when its index is made. */
export interface ColumnChoices {
  readonly fields: Readonly<Record<string, FieldOptions>>;
  readonly routing?: string;
}

/** The shape of a table of the catalog. `before`: what was known of it, whose members, options and key it keeps. */
export function shapeOf(
  metadata: TableMetadata,
  tableId: string,
  types: ReadonlyMap<number, ValueType>,
  chosen: ColumnChoices,
  before: TableShape | null,
): TableShape {
  const known = new Map((before?.columns ?? []).map((column) => [column.num, column]));
  const key = chooseKey(metadata, before?.key ?? null);
  const routing = before === null ? metadata.columns?.find(({ name }) => name === chosen.routing)?.num : before.routing;
  return {
    tableId,
    oid: metadata.oid,
    schema: metadata.schema,
    name: metadata.name,
    columns: rowColumns(metadata).map(({ num, name, type_oid: typeOid, typmod = -1 }) => {
      const was = known.get(num);
      const options = was === undefined ? chosen.fields[name] : was.options;
      return {
        num,
        name,
        typeOid,
        typmod,
        type: types.get(typeOid) ?? OTHER,
        ...(options === undefined ? {} : { options }),
      };
    }),
    key: key?.columns ?? null,
    ...(key === null ? {} : { keyFrom: key.from }),
    generated: (metadata.columns ?? []).filter((column) => column.generated !== undefined).map(({ name }) => name),
    ...(routing === undefined ? {} : { routing }),
    partitioned: metadata.kind === 'p',
    members: before?.members ?? [],
  };
}
