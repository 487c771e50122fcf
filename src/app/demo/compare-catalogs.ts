import type pg from 'pg';
import { rows } from './database.ts';

/** What an object is called → what it is, in the server's own words. */
export type Catalog = ReadonlyMap<string, string>;

const USER_SCHEMA = `n.nspname not in ('pg_catalog', 'information_schema', 'walcast') and n.nspname !~ '^pg_(toast|temp)'`;
const acl = (column: string): string =>
  `(select string_agg(item::text, ' ' order by item::text) from unnest(${column}) as item)`;

/**
 * One row an object. Names are qualified, as the search_path is empty; nothing in it is an oid or a number that two servers could
 * give differently.
 */
const OBJECTS = `
select 'schema' as kind, quote_ident(n.nspname) as name, concat_ws(' ', n.nspowner::regrole, ${acl('n.nspacl')}) as definition
from pg_namespace n where ${USER_SCHEMA}
union all
select 'relation', c.oid::regclass::text, concat_ws(' | ', c.relkind, c.relpersistence, c.relowner::regrole, ${acl('c.relacl')},
  c.reloptions::text, 'identity ' || c.relreplident::text, 'rls ' || c.relrowsecurity::text || c.relforcerowsecurity, c.relispopulated,
  case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end, pg_get_expr(c.relpartbound, c.oid),
  (select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
  case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end)
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') and ${USER_SCHEMA}
union all
select 'column', format('%s.%I', c.oid::regclass, a.attname), concat_ws(' | ',
  row_number() over (partition by c.oid order by a.attnum), format_type(a.atttypid, a.atttypmod), 'not null ' || a.attnotnull,
  'default ' || pg_get_expr(d.adbin, d.adrelid), 'identity ' || a.attidentity::text, 'generated ' || a.attgenerated::text,
  case when a.attcollation <> 0 then a.attcollation::regcollation end, 'storage ' || a.attstorage::text, a.attoptions::text, ${acl('a.attacl')})
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${USER_SCHEMA}
union all
select 'constraint', format('%s %I', coalesce(nullif(k.conrelid, 0)::regclass::text, k.contypid::regtype::text), k.conname),
  concat_ws(' | ', pg_get_constraintdef(k.oid), 'validated ' || k.convalidated)
from pg_constraint k join pg_namespace n on n.oid = k.connamespace where ${USER_SCHEMA}
union all
select 'index', i.indexrelid::regclass::text, concat_ws(' | ', pg_get_indexdef(i.indexrelid), 'valid ' || i.indisvalid, 'identity ' || i.indisreplident::text)
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${USER_SCHEMA}
union all
select 'function', p.oid::regprocedure::text,
  concat_ws(' | ', case when p.prokind = 'a' then 'aggregate' else pg_get_functiondef(p.oid) end, p.proowner::regrole, ${acl('p.proacl')})
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${USER_SCHEMA}
union all
select 'trigger', format('%s %I', t.tgrelid::regclass, t.tgname), concat_ws(' | ', pg_get_triggerdef(t.oid), 'enabled ' || t.tgenabled::text)
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and ${USER_SCHEMA}
union all
select 'rule', format('%s %I', r.ev_class::regclass, r.rulename), pg_get_ruledef(r.oid)
from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' and ${USER_SCHEMA}
union all
select 'policy', format('%I.%I %I', schemaname, tablename, policyname), concat_ws(' | ', permissive, roles::text, cmd, qual, with_check)
from pg_policies
union all
select 'type', t.oid::regtype::text, concat_ws(' | ', t.typtype, t.typowner::regrole, ${acl('t.typacl')},
  case when t.typtype = 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault) end,
  (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
  (select r.rngsubtype::regtype::text from pg_range r where r.rngtypid = t.oid))
from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'c', 'r') and (t.typrelid = 0 or (select relkind from pg_class where oid = t.typrelid) = 'c') and ${USER_SCHEMA}
union all
select 'sequence', s.seqrelid::regclass::text, concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${USER_SCHEMA}
union all
select 'statistics', format('%I.%I', n.nspname, e.stxname), pg_get_statisticsobjdef(e.oid)
from pg_statistic_ext e join pg_namespace n on n.oid = e.stxnamespace where ${USER_SCHEMA}
union all
select 'comment', concat_ws(' ', o.type, o.identity), d.description
from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
where d.objoid >= 16384 and coalesce(o.schema, '') <> 'walcast' and o.identity !~ '^"?walcast'
union all
select 'default rights', concat_ws(' ', a.defaclrole::regrole, a.defaclnamespace::regnamespace, a.defaclobjtype), ${acl('a.defaclacl')}
from pg_default_acl a
union all
select 'extension', e.extname::text, e.extversion from pg_extension e`;

export async function readCatalog(client: pg.Client): Promise<Catalog> {
  const catalog = new Map<string, string>();
  for (const row of await rows(client, OBJECTS)) catalog.set(`${row['kind']} ${row['name']}`, row['definition'] ?? '');
  return catalog;
}

/** Two lines a difference at most, `-` for the source. */
export function compareCatalogs(source: Catalog, target: Catalog): string[] {
  const differences: string[] = [];
  for (const key of [...new Set([...source.keys(), ...target.keys()])].sort()) {
    const [left, right] = [source.get(key), target.get(key)];
    if (left === right) continue;
    if (left === undefined) differences.push(`${key}: only on the target`);
    else if (right === undefined) differences.push(`${key}: only on the source`);
    else differences.push(`${key}:\n  - ${left}\n  + ${right}`);
  }
  return differences;
}
