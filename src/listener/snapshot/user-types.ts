/** The first oid that belongs to users (access/transam.h). */
const FIRST_USER_OID = 16384;

/**
 * What values of the columns of `c` look like beyond the catalog row of the table: labels of enums, attributes of composites, the types
 * below domains, arrays and ranges. Null: built-in types only. Plain rows of catalogs, so that no lock is waited for.
 */
export const TYPES_EXPRESSION = `(
  with recursive used (oid) as (
    select a.atttypid from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid >= ${FIRST_USER_OID}
    union
    select part.oid from used u join pg_type t on t.oid = u.oid cross join lateral (
      select t.typelem union all select t.typbasetype
      union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid or r.rngmultitypid = t.oid
      union all select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) as part (oid)
    where part.oid >= ${FIRST_USER_OID})
  select md5(string_agg(concat_ws(',', t.oid, t.typbasetype, t.typtypmod, t.typdelim,
    (select string_agg(quote_ident(e.enumlabel), ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
    (select string_agg(concat_ws(':', a.attnum, a.atttypid, a.atttypmod), ' ' order by a.attnum)
     from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)), '|' order by t.oid))
  from used u join pg_type t on t.oid = u.oid)`;
