import type { SqlSession } from '../../postgres/sql-session.ts';

/** A table whose UPDATE and DELETE would fail as soon as it is published. */
export interface IdentityGap {
  readonly oid: string;
  /** Schema-qualified and quoted. */
  readonly table: string;
  /** What it would get: `primary key`, `index NAME`, `full row`; `none`: it cannot get one as it is (see IMPOSSIBLE). */
  readonly identity: string;
}

/** 18: a table with virtual generated columns cannot be identified by its whole row, and it has nothing else. */
export const IMPOSSIBLE = 'none';

/** The same rules as walcast.settle_identities, for a source where that isn't installed yet. */
const GAPS = `
select c.oid::text as oid, format('%I.%I', n.nspname, c.relname) as table,
  case when state.has_key then 'primary key' else coalesce('index ' || (
    select quote_ident(ic.relname) from pg_index i join pg_class ic on ic.oid = i.indexrelid
    where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid and not i.indisexclusion
      and i.indpred is null and i.indexprs is null
      and not exists (
        select from unnest(i.indkey::int2[]) with ordinality k(num, position)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num
        where k.position <= i.indnkeyatts and (not a.attnotnull or (a.attgenerated <> '' and not server.generated_published) or exists (
          select from pg_constraint n
          where n.conrelid = c.oid and n.contype = 'n' and not n.convalidated and n.conkey[1] = a.attnum)))
    order by i.indnkeyatts, ic.relname limit 1), case when state.virtual then 'none' else 'full row' end) end as identity
from pg_class c join pg_namespace n on n.oid = c.relnamespace
  cross join (select current_setting('server_version_num')::int >= 180000 as generated_published) server
  cross join lateral (select exists (select from pg_index i
    where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid
      and (server.generated_published or not exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attnum = any (i.indkey::int2[]) and a.attgenerated <> ''))) as has_key,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attgenerated = 'v' and not a.attisdropped) as virtual) state
where c.oid >= 16384 and c.relkind in ('r', 'p') and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'walcast')
  and case c.relreplident
    when 'd' then not state.has_key
    when 'i' then not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indisvalid)
    when 'f' then state.virtual
    else true end
order by n.nspname, c.relname`;

export async function identityGaps(session: SqlSession): Promise<IdentityGap[]> {
  const { rows } = await session.query(GAPS);
  return rows.map((row) => ({ oid: row['oid'] ?? '', table: row['table'] ?? '', identity: row['identity'] ?? '' }));
}
