import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import type { SectionProgress } from '../../../wal/snapshot.ts';
import { eachAtOnce } from './each-at-once.ts';
import type { RelationName } from './statement-plan.ts';

/**
 * Copied tables, and the roots of partitioned ones in place of their partitions: ANALYZE of a root reads its partitions too, and nobody else
 * ever does that. Largest first, so that no session is left alone with one at the end.
 */
const TABLES = `
select n.nspname as schema, c.relname as name
from walcast.snapshot_table t
  cross join lateral (select to_regclass(format('%I.%I', t.definition -> 'metadata' ->> 'schema', t.definition -> 'metadata' ->> 'name'))) as r (oid)
  join pg_class c on c.oid = case when (select relispartition from pg_class where oid = r.oid) then pg_partition_root(r.oid) else r.oid end
  join pg_namespace n on n.oid = c.relnamespace
where t.snapshot = $1 and t.state = 'copied' group by 1, 2 order by sum((t.definition ->> 'bytes')::numeric) desc nulls last, 1, 2`;

export async function analyzeTables(
  sessions: readonly SqlSession[],
  tables: readonly RelationName[],
  report: (progress: SectionProgress) => void,
): Promise<void> {
  const total = tables.length;
  let done = 0;
  await eachAtOnce(sessions, tables, async (session, { schema, name }) => {
    report({ done, total, current: `analyze ${schema}.${name}` });
    await session.execute(`analyze ${quoteQualified(schema, name)}`);
    done++;
  });
  report({ done, total, current: '' });
}

export async function tablesToAnalyze(session: SqlSession, id: string): Promise<RelationName[]> {
  const { rows } = await session.query(TABLES, [id]);
  return rows.map(({ schema, name }) => ({ schema: schema ?? '', name: name ?? '' }));
}
