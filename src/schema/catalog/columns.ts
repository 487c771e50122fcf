import { type CatalogObject, keyOf, part, type Row, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { collate, foreignOptions, relOptions, USER_RELATION } from './sql-parts.ts';

/** NOT NULL became a constraint with a name in 18. */
export const FIRST_WITH_NOT_NULL_CONSTRAINTS = 18;

/** A default or check that uses nothing but its own table and what is built in. */
export function standsAlone(catalog: string, oid: string, relation: string): string {
  return `not exists (select from pg_depend o where o.classid = '${catalog}'::regclass and o.objid = ${oid}
    and not (o.refclassid = 'pg_class'::regclass and o.refobjid = ${relation}))`;
}

/** A column that the table's own CREATE has to name; partitions are made apart and attached. */
const DECLARED = `(a.attislocal or c.relispartition)`;

/** The columns of relation `c` for its CREATE; a typed table names only those of which it says more than its type. */
export function columnList(major: number): string {
  const notNull =
    major >= FIRST_WITH_NOT_NULL_CONSTRAINTS
      ? `coalesce((select format(' CONSTRAINT %I NOT NULL', k.conname) || case when k.connoinherit then ' NO INHERIT' else '' end from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'n' and k.conkey = array[a.attnum] and k.convalidated and (k.conislocal or c.relispartition)), '')`
      : `case when a.attnotnull then ' NOT NULL' else '' end`;
  return `(select string_agg(quote_ident(a.attname) || case when c.reloftype <> 0 then ' WITH OPTIONS' else
        ' ' || format_type(a.atttypid, a.atttypmod) || ${collate('a.attcollation', 't.typcollation')} end || x.more, ', ' order by a.attnum)
    from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum
      cross join lateral (select case
        when a.attgenerated <> '' then ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')' || case a.attgenerated when 's' then ' STORED' else ' VIRTUAL' end
        when a.atthasdef and ${standsAlone('pg_attrdef', 'd.oid', 'c.oid')} then ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
        else '' end || ${notNull} as more) x
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and ${DECLARED} and (c.reloftype = 0 or x.more <> ''))`;
}

/** Inherited columns that this table keeps from being null, by a constraint of its own. */
export function inheritedNotNulls(major: number): string {
  if (major < FIRST_WITH_NOT_NULL_CONSTRAINTS) return 'null::text';
  return `(select string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' order by k.conkey)
    from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    where k.conrelid = c.oid and k.contype = 'n' and k.conislocal and k.convalidated and not ${DECLARED})`;
}

/** Everything about a column that CREATE TABLE cannot say. */
function detailsQuery(major: number): string {
  const inherited = (
    condition: string,
  ): string => `exists (select from pg_inherits i join pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname
    and not pa.attisdropped where i.inhrelid = c.oid and not c.relispartition and ${condition})`;
  const notNull =
    major >= FIRST_WITH_NOT_NULL_CONSTRAINTS
      ? 'false'
      : `a.attnotnull and not ${DECLARED} and not ${inherited('pa.attnotnull')}`;
  return `select * from (
    select c.oid, format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I ', n.nspname, c.relname, a.attname) as head, a.attnum as number,
      case when a.attstattarget >= 0 then a.attstattarget end as statistics, case when a.attstorage <> t.typstorage then a.attstorage end as storage,
      nullif(a.attcompression, '') as compression, ${relOptions('a.attoptions')} as options, ${foreignOptions('a.attfdwoptions')} as foreign_options,
      ${notNull} as not_null, not a.atthasdef and ${inherited(`pa.atthasdef and pa.attgenerated = ''`)} as no_default
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p', 'f', 'm') and a.attnum > 0 and not a.attisdropped and ${USER_RELATION}) x
  where statistics is not null or storage is not null or compression is not null or options is not null or foreign_options is not null or not_null or no_default
  order by oid, number`;
}

const STORAGES: Readonly<Record<string, string>> = { p: 'PLAIN', e: 'EXTERNAL', x: 'EXTENDED', m: 'MAIN' };
const COMPRESSIONS: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' };

/** By the relation's oid. */
export async function readColumnDetails(reader: CatalogReader): Promise<ReadonlyMap<string, readonly Statement[]>> {
  const found = new Map<string, Statement[]>();
  for (const row of await rowsOf(reader, detailsQuery(reader.major))) {
    const list = found.get(text(row, 'oid')) ?? [];
    for (const change of changesOf(row)) list.push({ tag: 'ALTER TABLE', text: text(row, 'head') + change });
    found.set(text(row, 'oid'), list);
  }
  return found;
}

function changesOf(row: Row): string[] {
  const { storage = null, compression = null } = row;
  return [
    row['no_default'] === 't' ? 'DROP DEFAULT' : '',
    row['not_null'] === 't' ? 'SET NOT NULL' : '',
    part('SET STATISTICS ', row['statistics']),
    storage === null ? '' : `SET STORAGE ${STORAGES[storage] ?? ''}`,
    compression === null ? '' : `SET COMPRESSION ${COMPRESSIONS[compression] ?? ''}`,
    part('SET (', row['options'], ')'),
    part('OPTIONS (', row['foreign_options'], ')'),
  ].filter((change) => change !== '');
}

/** Defaults that need something else first, or that CREATE does not name: of views, and of columns that a parent brings. */
const DEFAULTS = `select d.oid, c.oid as table, n.nspname || '.' || c.relname || '.' || a.attname as name,
    format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET DEFAULT ', n.nspname, c.relname, a.attname) || pg_get_expr(d.adbin, d.adrelid) as statement
  from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attgenerated = '' and ${USER_RELATION}
    and not (c.relkind in ('r', 'p', 'f') and ${DECLARED} and ${standsAlone('pg_attrdef', 'd.oid', 'c.oid')})`;

/** Those in CREATE: to whatever refers to them they are the table. */
const INLINE = `select d.oid, d.adrelid as table from pg_attrdef d join pg_class c on c.oid = d.adrelid where c.oid >= 16384`;

export async function readDefaults(reader: CatalogReader): Promise<CatalogObject[]> {
  const objects = (await rowsOf(reader, DEFAULTS)).map((row): CatalogObject => {
    return {
      key: keyOf('pg_attrdef', text(row, 'oid')),
      kind: 'default',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [{ tag: 'ALTER TABLE', text: text(row, 'statement') }],
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_class', text(row, 'table'))],
    };
  });
  const apart = new Set(objects.map(({ key }) => key));
  for (const row of await rowsOf(reader, INLINE)) {
    const key = keyOf('pg_attrdef', text(row, 'oid'));
    if (!apart.has(key)) reader.dependencies.alias(key, keyOf('pg_class', text(row, 'table')));
  }
  return objects;
}
