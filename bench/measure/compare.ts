import type pg from 'pg';
import { quoteIdentifier } from '../../src/sql/quote.ts';
import { rows, value } from '../database.ts';

const TABLES = `
select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' order by 1`;

const COLUMNS = `
select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) as columns
from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`;

/** Columns, number of rows and a sum over the hashes of all rows: equal for equal tables, whatever the order of their rows. */
export async function fingerprint(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  const prints = new Map<string, string>();
  for (const { name } of await rows(client, TABLES)) {
    const table = quoteIdentifier(name ?? '');
    const columns = await value(client, COLUMNS, [table]);
    const content = await value(
      client,
      `select count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from ${table} t`,
    );
    prints.set(name ?? '', `${columns}: ${content}`);
  }
  return prints;
}

/** Pure: what differs, one line a table; empty when nothing does. */
export function differences(source: ReadonlyMap<string, string>, target: ReadonlyMap<string, string>): string[] {
  const names = new Set([...source.keys(), ...target.keys()]);
  return [...names]
    .filter((name) => source.get(name) !== target.get(name))
    .map((name) => `${name}: source ${source.get(name) ?? 'has none'}, target ${target.get(name) ?? 'has none'}`);
}

export async function compareWith(expected: ReadonlyMap<string, string>, target: pg.Client): Promise<string[]> {
  return differences(expected, await fingerprint(target));
}
