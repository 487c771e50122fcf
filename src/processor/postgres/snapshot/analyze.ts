import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import type { SectionProgress } from '../../../wal/snapshot.ts';

/**
 * Copied tables, and the roots of partitioned ones in place of their partitions: ANALYZE of a root reads its partitions too, and nobody else
 * ever does that.
 */
const TABLES = `
select distinct n.nspname as schema, c.relname as name
from walcast.snapshot_table t
  cross join lateral (select to_regclass(format('%I.%I', t.definition -> 'metadata' ->> 'schema', t.definition -> 'metadata' ->> 'name'))) as r (oid)
  join pg_class c on c.oid = case when (select relispartition from pg_class where oid = r.oid) then pg_partition_root(r.oid) else r.oid end
  join pg_namespace n on n.oid = c.relnamespace
where t.snapshot = $1 and t.state = 'copied' order by 1, 2`;

export async function analyzeTables(
  session: SqlSession,
  id: string,
  report: (progress: SectionProgress) => void,
): Promise<void> {
  const { rows } = await session.query(TABLES, [id]);
  let done = 0;
  for (const { schema, name } of rows) {
    report({ done, total: rows.length, current: `analyze ${schema}.${name}` });
    await session.execute(`analyze ${quoteQualified(schema ?? '', name ?? '')}`);
    done++;
  }
  report({ done, total: rows.length, current: '' });
}
