import { type CatalogObject, keyOf, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { FIRST_USER_OID } from './sql-parts.ts';

/** Those that initdb made (plpgsql) are everywhere. Extensions that others require come first by pg_depend. */
const QUERY = `select e.oid, e.extname as name, e.extversion as version, quote_ident(e.extname) as id, quote_ident(n.nspname) as schema,
    exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.refclassid = 'pg_extension'::regclass
      and d.refobjid = e.oid and d.deptype = 'e') as own_schema
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.oid >= ${FIRST_USER_OID}`;

/**
 * The version is the one that the target offers, as pg_dump does it: old versions of an extension are often not there any more; the source's
 * stands in the details. The owner is whoever makes it; there is no command to change that.
 */
export async function readExtensions(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, QUERY)).map((row) => {
    const id = text(row, 'id');
    const tag = 'CREATE EXTENSION';
    const schema = row['own_schema'] === 't' ? '' : ` WITH SCHEMA ${text(row, 'schema')}`;
    return {
      key: keyOf('pg_extension', text(row, 'oid')),
      kind: 'extension',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        {
          tag,
          text: `CREATE EXTENSION IF NOT EXISTS ${id}${schema}`,
          commands: [{ tag, type: 'extension', identity: id, version: text(row, 'version') }],
        },
      ],
      address: `EXTENSION ${id}`,
    };
  });
}
