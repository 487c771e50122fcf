import type { SqlSession } from '../../../postgres/sql-session.ts';

const SHOWN = 5;
const USERS = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')`;
const member = (catalog: string, oid: string): string =>
  `exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

/** Whatever users have made here, apart from extensions and what belongs to them. */
const FOUND = `
select what, count(*) over ()::text as total from (
  select format('schema %I', n.nspname) as what, 0 as rank from pg_namespace n
    where ${USERS} and n.nspname <> 'public' and not ${member('pg_namespace', 'n.oid')}
  union all
  select format('%s %I.%I', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
      when 'f' then 'foreign table' when 'c' then 'type' else 'table' end, n.nspname, c.relname), case when c.relkind in ('r', 'p') then 1 else 2 end
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${USERS} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') and not ${member('pg_class', 'c.oid')}
  union all
  select format('function %s', p.oid::regprocedure), 3 from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${USERS} and not ${member('pg_proc', 'p.oid')}
  union all
  select format('type %I.%I', n.nspname, t.typname), 3 from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where ${USERS} and t.typtype in ('e', 'd', 'r', 'b') and t.typcategory <> 'A' and not ${member('pg_type', 't.oid')}
) found order by rank, what limit ${SHOWN}`;

/** A line for a person, or null: the database is empty. */
export async function obstacles(session: SqlSession): Promise<string | null> {
  const { rows } = await session.query(FOUND);
  if (rows.length === 0) return null;
  const total = Number(rows[0]?.['total']);
  const more = total > rows.length ? ` and ${total - rows.length} more` : '';
  return `${rows.map(({ what }) => what ?? '').join(', ')}${more}`;
}
