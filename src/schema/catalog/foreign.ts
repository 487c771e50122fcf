import { type CatalogObject, keyOf, ownerStatement, part, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { foreignOptions, ownerName, userObject } from './sql-parts.ts';

const WRAPPERS = `select w.oid, w.fdwname as name, quote_ident(w.fdwname) as id, ${ownerName('w.fdwowner')} as owner, nullif(w.fdwhandler, 0)::regproc::text as handler,
    nullif(w.fdwvalidator, 0)::regproc::text as validator, ${foreignOptions('w.fdwoptions')} as options
  from pg_foreign_data_wrapper w where ${userObject('pg_foreign_data_wrapper', 'w.oid')}`;

const SERVERS = `select s.oid, s.srvname as name, quote_ident(s.srvname) as id, ${ownerName('s.srvowner')} as owner, quote_ident(w.fdwname) as wrapper,
    quote_literal(s.srvtype) as type, quote_literal(s.srvversion) as version, ${foreignOptions('s.srvoptions')} as options
  from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw where ${userObject('pg_foreign_server', 's.oid')}`;

/**
 * The view hides options from whoever may not use the server as that user. Which mappings have none cannot be told from which are hidden:
 * the table itself is for superusers.
 */
const MAPPINGS = `select u.umid as oid, u.srvid as server, case when u.umuser = 0 then 'PUBLIC' else quote_ident(u.usename) end as role, u.srvname as server_name,
    quote_ident(u.srvname) as server_id, ${foreignOptions('u.umoptions')} as options,
    u.umoptions is null and not (pg_has_role(current_user, s.srvowner, 'USAGE') and u.umuser = 0 or (select r.rolsuper from pg_roles r where r.rolname = current_user)
      or u.umuser <> 0 and u.usename = current_user and has_server_privilege(s.oid, 'USAGE')) as hidden
  from pg_user_mappings u join pg_foreign_server s on s.oid = u.srvid where ${userObject('pg_foreign_server', 's.oid')}`;

export async function readForeign(reader: CatalogReader): Promise<CatalogObject[]> {
  const wrappers = (await rowsOf(reader, WRAPPERS)).map((row): CatalogObject => {
    const address = `FOREIGN DATA WRAPPER ${text(row, 'id')}`;
    const functions = `${part(' HANDLER ', row['handler'])}${part(' VALIDATOR ', row['validator'])}`;
    return {
      key: keyOf('pg_foreign_data_wrapper', text(row, 'oid')),
      kind: 'foreign server',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        {
          tag: 'CREATE FOREIGN DATA WRAPPER',
          text: `CREATE ${address}${functions}${part(' OPTIONS (', row['options'], ')')}`,
        },
        ownerStatement('FOREIGN DATA WRAPPER', text(row, 'id'), text(row, 'owner')),
      ],
      address,
    };
  });
  const servers = (await rowsOf(reader, SERVERS)).map((row): CatalogObject => {
    const address = `SERVER ${text(row, 'id')}`;
    const details = `${part(' TYPE ', row['type'])}${part(' VERSION ', row['version'])} FOREIGN DATA WRAPPER ${text(row, 'wrapper')}`;
    return {
      key: keyOf('pg_foreign_server', text(row, 'oid')),
      kind: 'foreign server',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        { tag: 'CREATE SERVER', text: `CREATE ${address}${details}${part(' OPTIONS (', row['options'], ')')}` },
        ownerStatement('SERVER', text(row, 'id'), text(row, 'owner')),
      ],
      address,
    };
  });
  return [...wrappers, ...servers, ...(await readMappings(reader))];
}

async function readMappings(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, MAPPINGS)).map((row) => {
    const head = `USER MAPPING FOR ${text(row, 'role')} SERVER ${text(row, 'server_id')}`;
    if (row['hidden'] === 't')
      reader.report({
        object: head,
        message: 'made without its options: the reading role may not see whether it has any',
      });
    return {
      key: keyOf('pg_user_mapping', text(row, 'oid')),
      kind: 'foreign server',
      name: `${text(row, 'server_name')} ${text(row, 'role')}`,
      section: 'pre-data',
      statements: [{ tag: 'CREATE USER MAPPING', text: `CREATE ${head}${part(' OPTIONS (', row['options'], ')')}` }],
      requires: [keyOf('pg_foreign_server', text(row, 'server'))],
    };
  });
}
