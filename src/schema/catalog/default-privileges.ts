import { type CatalogObject, groupedBy, keyOf } from './catalog-object.ts';
import { grantStatements, privilegesOf, privilegesQuery } from './privileges.ts';
import { type CatalogReader, rowsOf } from './reader.ts';

/** Of a schema they come on top of the general ones. `acldefault` calls sequences s, not S. */
const DEFAULTS = `select d.oid || ' ' || d.defaclobjtype::text || ' ' || format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_get_userbyid(d.defaclrole)) || coalesce(' IN SCHEMA ' || quote_ident(n.nspname), '') as id,
    d.defaclrole as owner, d.defaclacl as acl,
    case when d.defaclnamespace = 0 then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) end as base
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace where n.nspname is distinct from 'walcast'`;

const OBJECTS: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'FUNCTIONS',
  T: 'TYPES',
  n: 'SCHEMAS',
  L: 'LARGE OBJECTS',
};

/** Last of all, so that they touch nothing that is made before. */
export async function readDefaultPrivileges(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, privilegesQuery(DEFAULTS));
  return [...groupedBy(rows, 'id')].map(([id, own]) => {
    const [oid = '', type = '', ...head] = id.split(' ');
    return {
      key: keyOf('pg_default_acl', oid),
      kind: 'default privileges',
      name: id,
      section: 'post-data',
      statements: grantStatements(privilegesOf(own), OBJECTS[type] ?? type, {
        before: `${head.join(' ')} `,
        tag: 'ALTER DEFAULT PRIVILEGES',
      }),
    };
  });
}
