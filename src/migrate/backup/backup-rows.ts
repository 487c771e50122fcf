import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../sql/quote.ts';

/** Rows whose lengths are asked for at once, and bytes that are fetched at once if a single row has not more. */
const LENGTHS = 1_000;
const FETCH_BYTES = 1024 * 1024;
/** A function takes 100 arguments. */
const GROUP = 90;

/**
 * The rows of a table as INSERT statements, in a transaction with one snapshot. The server makes the text, by the output functions of the types
 * (`%L`, never a cast, which users may define). A second cursor tells the lengths first, so that no fetch is larger than it has to be.
 */
export async function* insertStatements(
  session: SqlSession,
  table: string,
  columns: readonly string[],
): AsyncGenerator<string> {
  const query = (expression: string): string => `select ${expression} from only ${table} t`;
  const values = rowExpression(columns);
  const head =
    columns.length === 0
      ? `insert into ${table} default values`
      : `insert into ${table} (${columns.map(quoteIdentifier).join(', ')}) overriding system value values (`;
  await session.execute(`declare walcast_lengths no scroll cursor for ${query(`octet_length(${values})::text as length`)};
    declare walcast_rows no scroll cursor for ${query(`${values} as line`)}`);
  for (;;) {
    const lengths = (await session.query(`fetch forward ${LENGTHS} from walcast_lengths`)).rows;
    if (lengths.length === 0) break;
    for (const count of fetches(lengths.map((row) => Number(row['length'])))) {
      for (const { line } of (await session.query(`fetch forward ${count} from walcast_rows`)).rows) {
        yield columns.length === 0 ? `${head};` : `${head}${line ?? ''});`;
      }
    }
  }
  await session.execute('close walcast_lengths; close walcast_rows');
}

/** How many rows each, so that together they stay below the limit. Pure. */
export function fetches(lengths: readonly number[]): number[] {
  const counts: number[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const length of lengths) {
    bytes += length;
    if (bytes > FETCH_BYTES) {
      counts.push(0);
      bytes = length;
    }
    counts.push((counts.pop() ?? 0) + 1);
  }
  return counts;
}

function rowExpression(columns: readonly string[]): string {
  const literals = columns.map((column) => `format('%L', t.${quoteIdentifier(column)})`);
  const groups: string[] = [];
  for (let at = 0; at < literals.length; at += GROUP)
    groups.push(`concat_ws(', ', ${literals.slice(at, at + GROUP).join(', ')})`);
  return groups.length === 0 ? `''` : `concat_ws(', ', ${groups.join(', ')})`;
}
