import type { SqlSession } from '../../postgres/sql-session.ts';

/** Statements of a backup in the order in which they have to run: `before`, `tables`, then the rows, then `after`. */
export interface Definitions {
  readonly before: readonly string[];
  readonly tables: readonly TableDefinition[];
  readonly after: readonly string[];
}

export interface TableDefinition {
  /** Qualified and quoted. */
  readonly name: string;
  readonly create: string;
  /** What an INSERT gives; null: the table itself holds no rows, or none that may be saved. */
  readonly columns: readonly string[] | null;
  /** Holds a key of ours: its rows are left out. */
  readonly secret: boolean;
}

const OURS = `'walcast'::regnamespace`;

const TYPES = `
select case t.typtype
  when 'e' then format('create type %s as enum (%s);', format_type(t.oid, null),
    (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid))
  when 'd' then format('create domain %s as %s%s%s%s;', format_type(t.oid, null), format_type(t.typbasetype, t.typtypmod),
    ' default ' || t.typdefault, case when t.typnotnull then ' not null' end,
    (select string_agg(format(' constraint %I %s', conname, pg_get_constraintdef(oid)), '' order by conname)
       from pg_constraint where contypid = t.oid and contype = 'c'))
  else format('create type %s as (%s);', format_type(t.oid, null),
    (select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum)
       from pg_attribute where attrelid = t.typrelid and attnum > 0 and not attisdropped))
  end as sql
from pg_type t left join pg_class c on c.oid = t.typrelid
where t.typnamespace = ${OURS} and (t.typtype in ('e', 'd') or c.relkind = 'c') order by t.oid`;

const SEQUENCE_OPTIONS = `format('increment by %s minvalue %s maxvalue %s start with %s cache %s %scycle',
  s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, case when not s.seqcycle then 'no ' end)`;

/** Those of identity columns come with their column. */
const SEQUENCES = `
select format('create %ssequence %s as %s ', case c.relpersistence when 'u' then 'unlogged ' end, c.oid::regclass, format_type(s.seqtypid, null)) || ${SEQUENCE_OPTIONS} || ';' as sql
from pg_class c join pg_sequence s on s.seqrelid = c.oid
where c.relnamespace = ${OURS} and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i') order by c.oid`;

/** A partition has its identity from its parent. */
const COLUMN = `format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
  || coalesce((select format(' collate %I.%I', n.nspname, l.collname) from pg_collation l join pg_namespace n on n.oid = l.collnamespace
       where l.oid = a.attcollation and l.oid <> (select typcollation from pg_type where oid = a.atttypid)), '')
  || case
       when a.attgenerated <> '' then format(' generated always as (%s) %s', pg_get_expr(f.adbin, f.adrelid),
         case a.attgenerated when 's' then 'stored' else 'virtual' end)
       when f.adbin is not null then ' default ' || pg_get_expr(f.adbin, f.adrelid)
       when a.attidentity <> '' and not c.relispartition then (
         select format(' generated %s as identity (sequence name %s ', case a.attidentity when 'a' then 'always' else 'by default' end,
             s.seqrelid::regclass) || ${SEQUENCE_OPTIONS} || ')'
         from pg_depend d join pg_sequence s on s.seqrelid = d.objid
         where d.classid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum and d.deptype = 'i')
       else '' end
  || case when a.attnotnull then coalesce((select format(' constraint %I not null', k.conname) from pg_constraint k
       where k.conrelid = c.oid and k.contype = 'n' and k.conkey[1] = a.attnum), ' not null') else '' end`;

/** A partition is made by itself and attached when it is full. A table that inherits has the columns of its parents from them. */
const INHERITS = `(not c.relispartition and exists (select from pg_inherits i where i.inhrelid = c.oid))`;

const TABLES = `
with recursive ranked as (
  select c.oid, 0 as depth from pg_class c
  union all select i.inhrelid, r.depth + 1 from ranked r join pg_inherits i on i.inhparent = r.oid),
ranks as (select oid, max(depth) as depth from ranked group by oid)
select c.oid::regclass::text as name, (c.relkind = 'p')::text as parted,
  format('create %stable %s (%s)%s%s%s;', case c.relpersistence when 'u' then 'unlogged ' end, c.oid::regclass, columns.definition,
    case when ${INHERITS} then (select format(' inherits (%s)', string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno))
      from pg_inherits i where i.inhrelid = c.oid) end,
    case c.relkind when 'p' then ' partition by ' || pg_get_partkeydef(c.oid) end,
    (select format(' with (%s)', string_agg(format('%s=%L', option_name, option_value), ', ')) from pg_options_to_table(c.reloptions)
       having count(*) > 0)) as sql,
  coalesce(columns.names, '[]') as columns, coalesce(columns.secret, false)::text as secret
from pg_class c join ranks on ranks.oid = c.oid cross join lateral (
  select string_agg(case when a.attislocal or not ${INHERITS} then ${COLUMN} else (
      select format('constraint %I not null %I', k.conname, a.attname) from pg_constraint k
      where k.conrelid = c.oid and k.contype = 'n' and k.conkey[1] = a.attnum and k.conislocal) end, ', ' order by a.attnum) as definition,
    json_agg(a.attname order by a.attnum) filter (where a.attgenerated = '') as names,
    bool_or(a.attname = 'secret') as secret
  from pg_attribute a left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) columns
where c.relnamespace = ${OURS} and c.relkind in ('r', 'p') order by ranks.depth, c.oid`;

/** Of columns that a table inherits. */
const DEFAULTS = `
select format('alter table only %s alter column %I set default %s;', c.oid::regclass, a.attname, pg_get_expr(f.adbin, f.adrelid)) as sql
from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_attrdef f on f.adrelid = c.oid and f.adnum = a.attnum
where c.relnamespace = ${OURS} and c.relkind = 'r' and ${INHERITS} and not a.attislocal and a.attgenerated = '' order by c.oid, a.attnum`;

/** Foreign keys last; what a partition has from its parent comes with it. NOT NULL stands with the columns. */
const CONSTRAINTS = (which: 'own' | 'foreign'): string => `
select format('alter table %s add constraint %I %s;', conrelid::regclass, conname, pg_get_constraintdef(k.oid)) as sql
from pg_constraint k join pg_class c on c.oid = k.conrelid
where c.relnamespace = ${OURS} and (k.conislocal or c.relispartition)
  and ${which === 'own' ? `contype in ('p', 'u', 'x', 'c')` : `contype = 'f' and conparentid = 0`} order by k.oid`;

const INDEXES = `
select pg_get_indexdef(i.indexrelid) || ';' as sql from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = ${OURS} and c.relkind in ('r', 'p') and not exists (
  select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) order by i.indexrelid`;

const PARTITIONS = `
select format('alter table %s attach partition %s %s;', i.inhparent::regclass, c.oid::regclass, pg_get_expr(c.relpartbound, c.oid)) as sql
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where c.relnamespace = ${OURS} and c.relispartition and c.relkind in ('r', 'p') order by c.oid`;

const OWNED_SEQUENCES = `
select format('alter sequence %s owned by %s.%I;', c.oid::regclass, d.refobjid::regclass, a.attname) as sql
from pg_class c join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'a' and d.refobjsubid > 0
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where c.relnamespace = ${OURS} and c.relkind = 'S' order by c.oid`;

const POSITIONS = `
select format('select %L as sequence, last_value::text as value, is_called::text as called from %s', c.oid::regclass, c.oid::regclass) as sql
from pg_class c where c.relnamespace = ${OURS} and c.relkind = 'S' order by c.oid`;

/** Read with search_path = pg_catalog, so that every other name comes qualified. */
export async function readDefinitions(session: SqlSession): Promise<Definitions> {
  const statements = async (sql: string): Promise<string[]> =>
    (await session.query(sql)).rows.map((row) => row['sql'] ?? '');
  const { rows } = await session.query(TABLES);
  const tables = rows.map((row): TableDefinition => {
    const secret = row['secret'] === 'true';
    const columns = row['parted'] === 'true' || secret ? null : (JSON.parse(row['columns'] ?? '[]') as string[]);
    return { name: row['name'] ?? '', create: row['sql'] ?? '', columns, secret };
  });
  const positions: string[] = [];
  for (const query of await statements(POSITIONS)) {
    const { sequence, value, called } = (await session.query(query)).rows[0] ?? {};
    positions.push(
      `select pg_catalog.setval('${(sequence ?? '').replaceAll("'", "''")}', ${value ?? ''}, ${called ?? ''});`,
    );
  }
  return {
    before: [...(await statements(TYPES)), ...(await statements(SEQUENCES))],
    tables,
    after: [
      ...(await statements(DEFAULTS)),
      ...(await statements(CONSTRAINTS('own'))),
      ...(await statements(INDEXES)),
      ...(await statements(PARTITIONS)),
      ...(await statements(CONSTRAINTS('foreign'))),
      ...(await statements(OWNED_SEQUENCES)),
      ...positions,
    ],
  };
}
