import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../sql/quote.ts';
import type { CopyFormat, KeyRange, RangeKey, SnapshotTable } from '../../wal/snapshot.ts';
import { copyColumns } from './copy-format.ts';

/** `key` is null where the table is one range. */
export function copyStatement(table: SnapshotTable, key: RangeKey | null, range: KeyRange, format: CopyFormat): string {
  const { schema, name } = table.metadata;
  const columns = copyColumns(table.metadata).map(quoteIdentifier).join(', ');
  const condition = table.extensionCondition?.trim() ?? '';
  const bounds = key === null ? [] : boundsOf(key, range);
  const options = format === 'binary' ? ' with (format binary)' : '';
  const relation = quoteQualified(schema, name);
  if (bounds.length === 0 && condition === '') {
    return `copy ${relation}${columns === '' ? '' : ` (${columns})`} to stdout${options}`;
  }
  const where = bounds.length === 0 ? condition : `where ${bounds.join(' and ')}`;
  return `copy (select ${columns} from only ${relation} ${where}) to stdout${options}`;
}

/** Bare literals take the type of the column, so that its index serves. */
function boundsOf({ column }: RangeKey, { lower, upper }: KeyRange): string[] {
  const name = quoteIdentifier(column);
  return [
    ...(lower === null ? [] : [`${name} >= ${quoteLiteral(lower)}`]),
    ...(upper === null ? [] : [`${name} < ${quoteLiteral(upper)}`]),
  ];
}
