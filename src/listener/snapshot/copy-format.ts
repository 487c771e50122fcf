import { BINARY_TYPES } from '../../wal/binary-types.ts';
import type { CopyFormat } from '../../wal/snapshot.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';

/** Between two PostgreSQL servers; for any other target it is text. */
export function copyFormat(table: TableMetadata): CopyFormat {
  const columns = (table.columns ?? []).filter(({ generated_kind: kind }) => kind === undefined);
  return columns.every(({ type_oid: type }) => BINARY_TYPES.has(type)) ? 'binary' : 'text';
}

/** The columns that COPY writes and reads, in their order: generated ones compute themselves. */
export function copyColumns(table: TableMetadata): string[] {
  return (table.columns ?? []).filter(({ generated_kind: kind }) => kind === undefined).map(({ name }) => name);
}
