import { type CatalogObject, keyOf, ownerStatement, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const QUERY = `select n.oid, n.nspname as name, quote_ident(n.nspname) as id, ${ownerName('n.nspowner')} as owner,
    exists (select from pg_description d where d.classoid = 'pg_namespace'::regclass and d.objoid = n.oid) as described
  from pg_namespace n where ${USER_SCHEMA} and ${noMember('pg_namespace', 'n.oid')}`;

/** Every database is born with `public`: it is only made where somebody dropped it, and has its owner, rights and comment set in any case. */
export async function readSchemas(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, QUERY)).map((row) => {
    const id = text(row, 'id');
    const mayExist = text(row, 'name') === 'public' ? 'IF NOT EXISTS ' : '';
    const create: Statement = { tag: 'CREATE SCHEMA', text: `CREATE SCHEMA ${mayExist}${id}` };
    const statements = [create, ownerStatement('SCHEMA', id, text(row, 'owner'))];
    if (mayExist !== '' && row['described'] !== 't')
      statements.push({ tag: 'COMMENT', text: `COMMENT ON SCHEMA ${id} IS NULL` });
    return {
      key: keyOf('pg_namespace', text(row, 'oid')),
      kind: 'schema',
      name: text(row, 'name'),
      section: 'pre-data',
      statements,
      address: `SCHEMA ${id}`,
    };
  });
}
