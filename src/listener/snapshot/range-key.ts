import type { KeyRange, RangeKey } from '../../wal/snapshot.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';

const KINDS: ReadonlyMap<number, RangeKey['kind']> = new Map([
  [20, 'integer'],
  [21, 'integer'],
  [23, 'integer'],
  [2950, 'uuid'],
]);

/** What pg_get_constraintdef prints of a primary key, up to the end of its first column. */
const FIRST_COLUMN = /^PRIMARY KEY \((?:"((?:[^"]|"")+)"|([^",\s)]+))/;

/** Null: the table is copied as a whole. */
export function chooseKey(table: TableMetadata): RangeKey | null {
  const primary = table.constraints?.find(({ type }) => type === 'p');
  const match = FIRST_COLUMN.exec(primary?.definition ?? '');
  const name = match?.[1]?.replaceAll('""', '"') ?? match?.[2];
  const column = table.columns?.find((each) => each.name === name);
  const kind = KINDS.get(column?.type_oid ?? 0);
  return column === undefined || kind === undefined ? null : { column: column.name, kind };
}

/** Ranges that follow one another and hold every key once; `bounds` in any order, with duplicates, as PostgreSQL prints them. */
export function rangesBetween(bounds: readonly string[], kind: RangeKey['kind']): KeyRange[] {
  const sorted = [...new Set(bounds)].sort((a, b) => compareKeys(a, b, kind));
  return [null, ...sorted].map((lower, at) => ({ lower, upper: sorted[at] ?? null }));
}

export const WHOLE: readonly KeyRange[] = [{ lower: null, upper: null }];

/** As the server orders them: a uuid by its bytes, which its lower-case hexadecimal text does as well. */
export function compareKeys(a: string, b: string, kind: RangeKey['kind']): number {
  if (kind === 'uuid') return a < b ? -1 : Number(a > b);
  const [left, right] = [BigInt(a), BigInt(b)];
  return left < right ? -1 : Number(left > right);
}

export function inRange(key: string, { lower, upper }: KeyRange, kind: RangeKey['kind']): boolean {
  return (
    (lower === null || compareKeys(lower, key, kind) <= 0) && (upper === null || compareKeys(key, upper, kind) < 0)
  );
}
