/** Names that OpenSearch keeps for itself, of all versions that we know, and those that we put into documents. */
const RESERVED: ReadonlySet<string> = new Set([
  '_id',
  '_index',
  '_source',
  '_type',
  '_routing',
  '_field_names',
  '_ignored',
  '_seq_no',
  '_primary_term',
  '_version',
  '_nested_path',
  '_doc_count',
  '_feature',
  '_data_stream_timestamp',
  '_size',
  '_tier',
  '_score',
  '_doc',
  '_shard_doc',
  '_all',
  '_parent',
  '_recovery_source',
  '_table',
  'walcast_none',
  'walcast_part',
]);

/** Never filled: names that no column has any more point to it. */
export const NO_FIELD = 'walcast_none';

// A dot makes an object of what stands before it; a star in a name is a pattern of names; the rest is not seen or not kept.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const REFUSED = /[.*%\u0000-\u001f\u007f]/g;

/**
 * The name under which a column is found: its own, but for what OpenSearch does not take, which is written as `%` and the hex of its bytes,
 * as in a URL (`a.b` → `a%2Eb`). Another name for every other column.
 */
export function fieldName(column: string): string {
  const name = column.replaceAll(REFUSED, percent);
  if (RESERVED.has(name)) return `%5F${name.slice(1)}`;
  return name.trim() === '' ? name.replaceAll(/\s/gu, percent) : name;
}

function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** The field of a column by what never changes: the table's id and the column's number. */
export function columnField(tableId: string, num: number): string {
  return `${tableId}-${num}`;
}
