import type pg from 'pg';
import { rows } from './database.ts';

export interface TableRows {
  readonly count: number;
  /** Over the hashes of all rows' texts; the order does not matter. */
  readonly sum: string;
}

/** Tables, partitions and filled materialized views: whatever holds rows itself. */
const TABLES = `select format('%I.%I', n.nspname, c.relname) as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relispopulated and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema', 'walcast') and n.nspname !~ '^pg_(toast|temp)'
order by 1`;

export async function readRows(client: pg.Client): Promise<Map<string, TableRows>> {
  const tables = new Map<string, TableRows>();
  for (const { name } of await rows(client, TABLES)) {
    const [row] = await rows(
      client,
      // both halves of each hash: two rows that were exchanged for two others would have to collide in both sums
      `select count(*) as count, concat_ws('/', sum(('x' || left(hash, 16))::bit(64)::bigint::numeric),
         sum(('x' || right(hash, 16))::bit(64)::bigint::numeric)) as sum
       from (select md5(format('%s', t)) as hash from only ${name} as t) as hashes`,
    );
    tables.set(name ?? '', { count: Number(row?.['count']), sum: row?.['sum'] ?? '' });
  }
  return tables;
}

export function compareRows(source: ReadonlyMap<string, TableRows>, target: ReadonlyMap<string, TableRows>): string[] {
  const differences: string[] = [];
  for (const name of [...new Set([...source.keys(), ...target.keys()])].sort()) {
    const [left, right] = [source.get(name), target.get(name)];
    if (left?.count === right?.count && left?.sum === right?.sum) continue;
    const text = (side: TableRows | undefined): string => (side === undefined ? 'no such table' : `${side.count} rows`);
    const hint = left?.count === right?.count ? ', but not the same' : '';
    differences.push(`${name}: ${text(left)} on the source, ${text(right)} on the target${hint}`);
  }
  return differences;
}
