import type pg from 'pg';
import { rowsOf } from './text-client.ts';

/** Rows of one relation: their number, and a sum over the hashes of their texts, which knows no order. */
export interface RowChecksum {
  /** False for a materialized view that was never filled. */
  readonly populated: boolean;
  readonly count: string;
  readonly sum: string;
}

/** Tables are asked for in one statement, up to this many. */
const BATCH = 100;
/** Tables with more rows are reported without examples. */
const SAMPLED_ROWS = 20_000;

/**
 * Everything that holds rows itself: tables, partitions and materialized views, not the partitioned parents.
 */
const RELATIONS = `select format('%I.%I', n.nspname, c.relname) as name, c.relispopulated as populated
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'walcast') and n.nspname !~ '^pg_(toast_)?temp_'
  order by 1`;

/** The keys are quoted SQL names. */
export async function rowChecksums(client: pg.Client): Promise<Map<string, RowChecksum>> {
  const relations = rowsOf(await client.query(RELATIONS));
  const checksums = new Map<string, RowChecksum>();
  for (const { name, populated } of relations) {
    if (populated === 'f') checksums.set(String(name), { populated: false, count: '0', sum: '' });
  }
  const names = relations.filter(({ populated }) => populated !== 'f').map(({ name }) => String(name));
  for (let start = 0; start < names.length; start += BATCH) {
    const batch = names.slice(start, start + BATCH);
    const sql = batch.map((name, index) => checksumQuery(name, index)).join(' union all ');
    for (const row of rowsOf(await client.query(sql))) {
      checksums.set(batch[Number(row['i'])] ?? '', {
        populated: true,
        count: row['count'] ?? '',
        sum: row['sum'] ?? '',
      });
    }
  }
  return checksums;
}

// format() uses the types' own output functions, while a cast to text is something that a user can define.
const rowTexts = (name: string): string =>
  `select pg_catalog.format('%s', "the row") as line from only ${name} as "the row"`;

function checksumQuery(name: string, index: number): string {
  return `select ${index} as i, count(*) as count,
    coalesce(sum(('x' || left(md5(line), 16))::bit(64)::bigint::numeric), 0) || '/'
      || coalesce(sum(('x' || right(md5(line), 16))::bit(64)::bigint::numeric), 0) as sum
    from (${rowTexts(name)}) as lines`;
}

/** A few of the rows that only one side has; both clients are still in the snapshot of the checksums. */
export async function differingRows(source: pg.Client, target: pg.Client, name: string, limit = 5): Promise<string[]> {
  const [left, right] = await Promise.all([source, target].map((client) => lines(client, name)));
  if (left === undefined || right === undefined) return [];
  return [
    ...surplus(left, right, limit).map((line) => `  - ${line}`),
    ...surplus(right, left, limit).map((line) => `  + ${line}`),
  ];
}

async function lines(client: pg.Client, name: string): Promise<string[] | undefined> {
  const rows = rowsOf(await client.query(`${rowTexts(name)} limit ${SAMPLED_ROWS + 1}`));
  return rows.length > SAMPLED_ROWS ? undefined : rows.map(({ line }) => String(line));
}

/** What of `from` is left when each line of `minus` takes one away. */
function surplus(from: readonly string[], minus: readonly string[], limit: number): string[] {
  const counts = new Map<string, number>();
  for (const line of minus) counts.set(line, (counts.get(line) ?? 0) + 1);
  const left: string[] = [];
  for (const line of from) {
    const count = counts.get(line) ?? 0;
    if (count > 0) counts.set(line, count - 1);
    else if (left.push(line.length > 300 ? `${line.slice(0, 300)}…` : line) === limit) break;
  }
  return left;
}
