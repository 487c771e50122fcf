import type { CatalogObject, ObjectKey } from './catalog-object.ts';
import { text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';

/**
 * Catalogs whose entries come and go with something else or are none of a schema's business. Roles, tablespaces and databases are shared by
 * all databases and have no entries here.
 */
const NO_OBJECTS = [
  'pg_toast',
  'pg_publication',
  'pg_publication_rel',
  'pg_publication_namespace',
  'pg_subscription',
  'pg_init_privs',
  'pg_largeobject',
];

/** Entries that hang on another one that is rendered: what the server makes by itself. */
const MADE_BY_ITSELF = `
  o.class = 'pg_class' and exists (select from pg_class c where c.oid = o.oid and c.relkind in ('t', 'i', 'I', 'c'))
  or o.class = 'pg_trigger' and exists (select from pg_trigger t where t.oid = o.oid and (t.tgisinternal or t.tgparentid <> 0))
  or o.class = 'pg_constraint' and exists (select from pg_constraint k where k.oid = o.oid and (k.contype in ('n', 't') or k.conparentid <> 0 or not k.conislocal))
  or o.class = 'pg_proc' and exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = o.oid and d.deptype = 'i')
  or o.class = 'pg_cast' and exists (select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = o.oid and d.deptype = 'i')
  or o.class = 'pg_operator' and exists (select from pg_operator p where p.oid = o.oid and p.oprcode = 0)`;

/** Whose is it? Parts of what is temporary, of walcast or of an extension are not missed. */
const FOREIGN = `
  exists (select from pg_identify_object(o.classid, o.oid, 0) i where btrim(i.schema, '"') ~ '^(pg_(toast|temp).*|walcast|information_schema)$' or i.identity ~ '\\m(on|for) "?(pg_temp|pg_toast|walcast)[_."]')
  or exists (with recursive up (classid, objid) as (
      select o.classid, o.oid
      union select d.refclassid, d.refobjid from up join pg_depend d on d.classid = up.classid and d.objid = up.objid and d.deptype in ('a', 'i', 'P', 'S', 'e') and d.refobjid >= 16384)
    select from up where up.classid = 'pg_extension'::regclass
      or up.classid = 'pg_proc'::regclass and exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = up.objid and n.nspname = 'walcast'))
  or o.class in ('pg_trigger', 'pg_event_trigger') and exists (select from pg_depend d join pg_proc p on p.oid = d.refobjid join pg_namespace n on n.oid = p.pronamespace
    where d.classid = o.classid and d.objid = o.oid and d.refclassid = 'pg_proc'::regclass and n.nspname = 'walcast')`;

const entry = (
  catalog: string,
  schema: string,
): string => `select '${catalog}'::regclass as class, x.oid from ${catalog} x join pg_namespace n on n.oid = x.${schema}
  where x.oid >= 16384 and n.nspname in ('pg_catalog', 'information_schema')`;

/** A superuser may put objects of his own among the system's. */
const AMONG_THE_SYSTEMS = `select pg_describe_object(o.class, o.oid, 0) as name from (
    ${[entry('pg_proc', 'pronamespace'), entry('pg_class', 'relnamespace'), entry('pg_operator', 'oprnamespace'), entry('pg_type', 'typnamespace')].join(' union all ')}) o
  where not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype in ('e', 'i')) order by 1`;

/** Tells of every object of the catalog that nothing in the script makes: new kinds, kinds in the wrong place. */
export async function reportLeftOut(reader: CatalogReader, objects: readonly CatalogObject[]): Promise<void> {
  const { dependencies } = reader;
  for (const row of await rowsOf(reader, AMONG_THE_SYSTEMS))
    reader.report({ object: text(row, 'name'), message: 'is left out: it is in a schema of the system' });
  const made = new Set<ObjectKey>(objects.map(({ key }) => key));
  const missing: ObjectKey[] = [];
  for (const key of dependencies.keys()) {
    const owner = dependencies.resolve(key);
    const isTaken =
      made.has(key) || made.has(owner) || made.has(`${owner}#members`) || owner.startsWith('pg_extension/');
    if (!isTaken && !NO_OBJECTS.some((catalog) => key.startsWith(`${catalog}/`))) missing.push(key);
  }
  if (missing.length === 0) return;
  const list = missing.map((key) => {
    const [catalog, oid] = key.split('/');
    return { class: catalog, oid };
  });
  const { rows } = await reader.session.query(
    `select pg_describe_object(o.classid, o.oid, 0) as name from (
       select w.class, w.oid, c.oid as classid from json_to_recordset($1::json) as w(class text, oid oid)
         join pg_class c on c.relname = w.class and c.relnamespace = 'pg_catalog'::regnamespace) o
     where not (${MADE_BY_ITSELF}) and not (${FOREIGN}) and pg_describe_object(o.classid, o.oid, 0) is not null order by 1`,
    [JSON.stringify(list)],
  );
  for (const row of rows)
    reader.report({ object: text(row, 'name'), message: 'is left out: walcast does not know how to make it' });
}
