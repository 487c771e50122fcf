import { sqlstateOf } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../sql/quote.ts';
import type { KeyRange, RangeKey, SnapshotTable } from '../../wal/snapshot.ts';
import { chooseKey, rangesBetween, WHOLE } from './range-key.ts';

export interface RangeOptions {
  /** About as much of the table on disk is one range. */
  readonly rangeBytes?: number;
  readonly maxRanges?: number;
  /** Connections that copy at once: of more ranges than that there is a multiple, so that none of them is the last alone. */
  readonly workers?: number;
  /** At most, where the rows do not lie in the order of the key: each range then reads nearly all pages of the table. */
  readonly scatteredRanges?: number;
}

export interface RangePlan {
  readonly key: RangeKey | null;
  readonly ranges: readonly KeyRange[];
}

const MEGABYTE = 1024 * 1024;
const RANGE_BYTES = 128 * MEGABYTE;
/** Smaller ones cost more than a worker that waits for another's last range. */
const LEAST_RANGE_BYTES = 16 * MEGABYTE;
const MAX_RANGES = 512;
const SCATTERED_RANGES = 8;
/** Pages that are looked at per range: their keys cut the table into equal parts within a few per cent of one range. */
const SAMPLE_PAGES = 40;
/** How well the rows have to follow the key for a range to read little more than itself. */
const ORDERED = 0.8;

/** Feature not supported (TABLESAMPLE on another access method), and what says that the table is not there any more. */
const NO_SAMPLE = new Set(['0A000', '42P01', '3F000', '42703']);

/**
 * Where to cut a table, by a sample of its pages: neither gaps nor heaps in the keys matter, nor when it was analyzed. Asked outside of the
 * snapshot, whose transaction would keep the table's lock; it need not be exact.
 */
export async function planRanges(
  catalogs: SqlSession,
  table: SnapshotTable,
  options: RangeOptions = {},
): Promise<RangePlan> {
  const { rangeBytes = RANGE_BYTES, maxRanges = MAX_RANGES, scatteredRanges = SCATTERED_RANGES, workers = 1 } = options;
  const key = (table.extensionCondition ?? '') === '' ? chooseKey(table.metadata) : null;
  const parts = Math.round(table.bytes / rangeBytes);
  const wanted = Math.min(maxRanges, parts > workers ? Math.ceil(parts / workers) * workers : parts);
  if (key === null || wanted < 2) return { key: null, ranges: WHOLE };
  const sample = await sampleKeys(catalogs, table, key, wanted);
  const count = sample.ordered ? wanted : Math.min(wanted, scatteredRanges);
  const bounds = pick(sample.bounds, count);
  return bounds.length === 0 ? { key: null, ranges: WHOLE } : { key, ranges: rangesBetween(bounds, key.kind) };
}

/** For tables of so many bytes in all: `most`, or less where the workers would not end at about the same time. */
export function evenRangeBytes(total: number, workers: number, most: number = RANGE_BYTES): number {
  return Math.min(most, Math.max(LEAST_RANGE_BYTES, total / (2 * workers)));
}

interface Sample {
  readonly bounds: readonly string[];
  /** The rows lie nearly in the order of their keys. */
  readonly ordered: boolean;
}

async function sampleKeys(catalogs: SqlSession, table: SnapshotTable, key: RangeKey, parts: number): Promise<Sample> {
  const relation = quoteQualified(table.metadata.schema, table.metadata.name);
  try {
    const { rows } = await catalogs.query(
      `select greatest(pg_relation_size($1::oid) / current_setting('block_size')::int, 1)::text as pages`,
      [String(table.oid)],
    );
    const percent = Math.min(100, (100 * SAMPLE_PAGES * parts) / Number(rows[0]?.['pages'] ?? 1));
    const answer = await catalogs.query(sampleStatement(relation, quoteIdentifier(key.column), percent, parts));
    const { bounds = null, correlation = null } = answer.rows[0] ?? {};
    return {
      bounds: bounds === null ? [] : (JSON.parse(bounds) as string[]),
      ordered: Math.abs(Number(correlation ?? 0)) >= ORDERED,
    };
  } catch (error) {
    if (NO_SAMPLE.has(sqlstateOf(error) ?? '')) return { bounds: [], ordered: false };
    throw error;
  }
}

/** Each page has the same chance: parts of equal size, and how the order of pages agrees with the order of keys. */
function sampleStatement(relation: string, column: string, percent: number, parts: number): string {
  const fractions = Array.from({ length: parts - 1 }, (_, at) => (at + 1) / parts);
  return `with sample as (
    select key, page, row_number() over (order by key) as place
    from (select ${column} as key, (ctid::text::point)[0] as page from only ${relation} tablesample system (${percent}) repeatable (0)) as pages)
  select (select json_agg(distinct bound::text) from unnest(cuts) as bound)::text as bounds, correlation::text
  from (select percentile_disc(array[${fractions.join(',')}]::float8[]) within group (order by key) as cuts,
               corr(page, place) as correlation from sample) as found`;
}

/** `count` parts, made of finer ones. */
function pick(bounds: readonly string[], count: number): string[] {
  const parts = bounds.length + 1;
  if (count >= parts) return [...bounds];
  return Array.from({ length: count - 1 }, (_, at) => bounds[Math.round(((at + 1) * parts) / count) - 1] ?? '');
}
