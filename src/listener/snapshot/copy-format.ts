import type { CopyFormat } from '../../wal/snapshot.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';

/**
 * Built-in types whose binary form is the same from PostgreSQL 14 on and says all of the value, whatever the settings of either side. Left
 * out, and so text: types of users and everything made of types (arrays, ranges, enums, composites, domains: their binary form holds oids,
 * which differ between two databases, or is unknown to us), oid and its aliases (numbers of one database), money (its meaning hangs on the
 * locale), xml (its binary form declares an encoding), geometric and text search types, pg_lsn and transaction ids (rare, nothing to win).
 */
const BINARY_TYPES: ReadonlySet<number> = new Set([
  16, // bool
  17, // bytea
  18, // "char"
  19, // name
  20, // int8
  21, // int2
  23, // int4
  25, // text
  114, // json: its text
  650, // cidr
  700, // float4
  701, // float8
  774, // macaddr8
  829, // macaddr
  869, // inet
  1042, // bpchar
  1043, // varchar
  1082, // date
  1083, // time
  1114, // timestamp: microseconds since 10, on every server
  1184, // timestamptz
  1186, // interval
  1266, // timetz
  1560, // bit
  1562, // varbit
  1700, // numeric
  2950, // uuid
  3802, // jsonb: a version and its text
]);

/** Between two PostgreSQL servers; for any other target it is text. */
export function copyFormat(table: TableMetadata): CopyFormat {
  const columns = (table.columns ?? []).filter(({ generated_kind: kind }) => kind === undefined);
  return columns.every(({ type_oid: type }) => BINARY_TYPES.has(type)) ? 'binary' : 'text';
}

/** The columns that COPY writes and reads, in their order: generated ones compute themselves. */
export function copyColumns(table: TableMetadata): string[] {
  return (table.columns ?? []).filter(({ generated_kind: kind }) => kind === undefined).map(({ name }) => name);
}
