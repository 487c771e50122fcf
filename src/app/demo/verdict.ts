import type pg from 'pg';
import { compareCatalogs, readCatalog } from './compare-catalogs.ts';
import { compareDumps, usablePgDump } from './compare-dumps.ts';
import { compareRows, readRows } from './compare-rows.ts';
import { withConnection } from './database.ts';

/** What two databases say of themselves when nobody writes any more. */
export interface Comparison {
  readonly objects: number;
  readonly schemaDifferences: readonly string[];
  readonly tables: number;
  readonly rows: number;
  readonly rowDifferences: readonly string[];
  /** Version of the pg_dump that was asked as well; null: none on this machine reads these servers. */
  readonly pgDump: string | null;
  readonly dumpDifferences: readonly string[];
}

export interface Lag {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly count: number;
  /** The worst of all, the kills included. */
  readonly worst: number;
}

export interface Verdict {
  /** Nothing is wrong: schema and rows are equal, everything ran that should have. */
  readonly equal: boolean;
  /** Null: the target never had everything, so there was nothing to compare. */
  readonly comparison: Comparison | null;
  readonly lag: Lag;
  readonly transactions: number;
  readonly rows: number;
  readonly repeated: number;
  readonly migrations: { readonly ran: number; readonly of: number };
  readonly daemonKills: number;
  readonly targetKills: number;
  /** Why it is not equal, where the comparison does not say so. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

const PINNED = `begin isolation level repeatable read, read only;
set local search_path = pg_catalog; set local DateStyle = 'ISO'; set local IntervalStyle = 'postgres'; set local TimeZone = 'UTC';
set local extra_float_digits = 3; set local bytea_output = 'hex'; set local statement_timeout = '60s'`;

/** Both as superusers, each side in one snapshot. */
export async function compareServers(sourceUrl: string, targetUrl: string, major: number): Promise<Comparison> {
  const read = (url: string) =>
    withConnection(url, 'demo verdict', async (client: pg.Client) => {
      await client.query(PINNED);
      return { catalog: await readCatalog(client), rows: await readRows(client) };
    });
  const [source, target] = await Promise.all([read(sourceUrl), read(targetUrl)]);
  const pgDump = await usablePgDump(major);
  return {
    objects: source.catalog.size,
    schemaDifferences: compareCatalogs(source.catalog, target.catalog),
    tables: source.rows.size,
    rows: [...source.rows.values()].reduce((sum, { count }) => sum + count, 0),
    rowDifferences: compareRows(source.rows, target.rows),
    pgDump,
    dumpDifferences: pgDump === null ? [] : await compareDumps(sourceUrl, targetUrl),
  };
}

export function isEqual(comparison: Comparison): boolean {
  const { schemaDifferences, rowDifferences, dumpDifferences } = comparison;
  return schemaDifferences.length + rowDifferences.length + dumpDifferences.length === 0;
}
