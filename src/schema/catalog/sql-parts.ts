/** Objects with a lower oid were made by initdb. */
export const FIRST_USER_OID = 16384;

/** Is the schema `n` one of the users'? Its own schema is never part of what walcast copies. */
export const USER_SCHEMA = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')`;

/** Members of extensions come with CREATE EXTENSION. */
export function noMember(catalog: string, oid: string): string {
  return `not exists (select from pg_depend member where member.classid = '${catalog}'::regclass and member.objid = ${oid} and member.deptype = 'e')`;
}

/** Condition for objects without a schema. */
export function userObject(catalog: string, oid: string): string {
  return `${oid} >= ${FIRST_USER_OID} and ${noMember(catalog, oid)}`;
}

/** `"a"='1', toast."b"='2'` of a reloptions array; null for none. */
export function relOptions(array: string, prefix = ''): string {
  return `(select string_agg(format('${prefix}%I=%L', left(o, strpos(o, '=') - 1), substr(o, strpos(o, '=') + 1)), ', ' order by i)
    from unnest(${array}) with ordinality as options(o, i))`;
}

/** `"host" 'a', "port" '1'` of the options of foreign things; null for none. */
export function foreignOptions(array: string): string {
  return `(select string_agg(format('%I %L', option_name, option_value), ', ') from pg_options_to_table(${array}))`;
}

/** ` COLLATE …` where a column or element has another collation than its type brings. */
export function collate(collation: string, typeCollation: string): string {
  return `coalesce((select format(' COLLATE %I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
    where co.oid = ${collation} and ${collation} <> ${typeCollation}), '')`;
}

export function ownerName(oid: string): string {
  return `quote_ident(pg_get_userbyid(${oid}))`;
}

/** From which relations, of the users and no members of extensions, parts are rendered. Joins `c` to `n`. */
export const USER_RELATION = `${USER_SCHEMA} and ${noMember('pg_class', 'c.oid')}`;
