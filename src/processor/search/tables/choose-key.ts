import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { primaryKeyColumns, uniqueIndexColumns } from './definition-columns.ts';

export interface Key {
  readonly columns: readonly number[];
  /** Oid of the constraint or index that makes them unique. */
  readonly from: number;
}

/**
 * The columns that tell the rows of a table apart, by number: the primary key, else a unique index over columns that are never null. Where
 * the replica identity is an index, that one: updates and deletes tell nothing else of the old row. Null: there is none.
 *
 * `current` stays as long as it serves: another key means other documents.
 */
export function chooseKey(metadata: TableMetadata, current: readonly number[] | null = null): Key | null {
  const columns = new Map((metadata.columns ?? []).map((column) => [column.name, column]));
  const candidates: Key[] = [];
  const add = (from: number, names: readonly string[] | null): void => {
    const found = names?.map((name) => columns.get(name)) ?? [];
    const numbers = found.flatMap((column) =>
      column === undefined || column.not_null !== true || column.generated !== undefined ? [] : [column.num],
    );
    if (numbers.length > 0 && numbers.length === found.length) candidates.push({ columns: numbers, from });
  };
  const indexes = (metadata.indexes ?? []).filter(({ unique, valid }) => unique === true && valid !== false);
  const chosen = indexes.find((index) => index.replica_identity === true);
  if (metadata.identity === 'i' && chosen !== undefined) {
    add(chosen.oid, uniqueIndexColumns(chosen.definition));
    return candidates[0] ?? null;
  }
  for (const { oid, type, definition } of metadata.constraints ?? [])
    if (type === 'p') add(oid, primaryKeyColumns(definition));
  // Under `default`, which means the primary key, nothing else comes with an update or a delete.
  if (metadata.identity !== 'd' || candidates.length === 0)
    for (const { oid, definition, primary } of indexes) if (primary !== true) add(oid, uniqueIndexColumns(definition));
  const same = candidates.find((candidate) => JSON.stringify(candidate.columns) === JSON.stringify(current));
  return same ?? candidates[0] ?? null;
}
