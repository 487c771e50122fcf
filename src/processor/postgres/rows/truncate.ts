import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import type { TargetTable } from './target-table.ts';

/**
 * What the source emptied along with the listed tables, though the WAL does not name it: unlogged tables whose foreign keys refer to one of
 * them, over any number of steps, and partitioned tables all of whose partitions are in the list. TRUNCATE refuses the others without them.
 */
const ALSO_EMPTIED = `
with recursive listed as (
  select to_regclass(name)::oid as oid from unnest($1::text[]) as name
), emptied as (
  select oid from listed
  union
  select c.oid
  from emptied e
    cross join lateral (
      select k.conrelid from pg_constraint k where k.contype = 'f' and k.confrelid = e.oid
      union all
      select i.inhparent from pg_inherits i where i.inhrelid = e.oid) as next(oid)
    join pg_class c on c.oid = next.oid
  where c.relpersistence = 'u' and c.relkind = 'r'
    or c.relkind = 'p' and not exists (
      select from pg_partition_tree(c.oid) t join pg_class leaf on leaf.oid = t.relid
      where leaf.relkind <> 'p' and leaf.relpersistence = 'p' and leaf.oid not in (select oid from listed))
)
select n.nspname as schema, c.relname as name, (c.relkind = 'p')::text as partitioned
from emptied e join pg_class c on c.oid = e.oid join pg_namespace n on n.oid = c.relnamespace
where e.oid not in (select oid from listed)`;

/** Exactly the listed tables and what is named above, without CASCADE. A partitioned table cannot be truncated ONLY. */
export async function truncateTables(
  session: SqlSession,
  tables: readonly TargetTable[],
  restartIdentity: boolean,
): Promise<void> {
  const listed = tables.map(({ schema, name }) => quoteQualified(schema, name));
  const { rows } = await session.query(ALSO_EMPTIED, [`{${listed.map(arrayElement).join(',')}}`]);
  const names = [
    ...tables.map(({ partitioned }, i) => `${partitioned ? '' : 'only '}${listed[i] ?? ''}`),
    ...rows.map(
      ({ schema, name, partitioned }) =>
        `${partitioned === 'true' ? '' : 'only '}${quoteQualified(schema ?? '', name ?? '')}`,
    ),
  ];
  await session.query(`truncate ${names.join(', ')}${restartIdentity ? ' restart identity' : ''}`);
}

function arrayElement(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
