import type { SqlSession } from '../../postgres/sql-session.ts';
import type { ExceptionReport } from './status-report.ts';

const SHOWN = 10;

const MEANING: Readonly<Record<ExceptionReport['kind'], string>> = {
  'unlogged-table': 'the table is made on the targets, its rows are not in the WAL and do not arrive',
  sequence: 'its value is not in the stream: it follows on the targets every 10 s',
  'materialized-view':
    'each target computes it by itself, in commit order: what others wrote meanwhile, or a volatile function, shows there otherwise',
  'always-trigger':
    'ENABLE ALWAYS and REPLICA triggers stay ENABLE on the targets: their effects already arrive as rows',
  'always-rule': 'ENABLE ALWAYS and REPLICA rules stay ENABLE on the targets: their effects already arrive as rows',
  'large-object': 'large objects are not in the stream of changes and do not arrive',
};

const USER_SCHEMA = `n.nspname not in ('pg_catalog', 'information_schema', 'walcast') and n.nspname !~ '^pg_(toast|temp)'`;

/** Each row one object. */
const EXCEPTIONS = `
select 'unlogged-table' as kind, format('%I.%I', n.nspname, c.relname) as object
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'u' and ${USER_SCHEMA}
union all
select 'sequence', format('%I.%I', n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and c.relpersistence <> 't' and ${USER_SCHEMA}
union all
select 'materialized-view', format('%I.%I', n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and ${USER_SCHEMA}
union all
select 'always-trigger', format('%I on %I.%I', t.tgname, n.nspname, c.relname)
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where t.tgenabled in ('A', 'R') and not t.tgisinternal and ${USER_SCHEMA}
union all
select 'always-rule', format('%I on %I.%I', r.rulename, n.nspname, c.relname)
from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
where r.ev_enabled in ('A', 'R') and ${USER_SCHEMA}
union all
select 'large-object', oid::text from pg_largeobject_metadata
order by 1, 2`;

export async function readExceptions(session: SqlSession): Promise<ExceptionReport[]> {
  const found = new Map<ExceptionReport['kind'], { count: number; objects: string[] }>();
  for (const row of (await session.query(EXCEPTIONS)).rows) {
    const kind = row['kind'] as ExceptionReport['kind'];
    const group = found.get(kind) ?? { count: 0, objects: [] };
    found.set(kind, group);
    if (++group.count <= SHOWN) group.objects.push(row['object'] ?? '');
  }
  return [...found].map(([kind, group]) => ({ kind, ...group, meaning: MEANING[kind] }));
}
