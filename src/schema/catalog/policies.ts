import { type CatalogObject, keyOf, part, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { USER_SCHEMA } from './sql-parts.ts';

/** Also on tables of extensions: no extension's script is known to make policies, and users do. */
const POLICIES = `select p.oid, n.nspname || '.' || c.relname || '.' || p.polname as name, quote_ident(p.polname) as id, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id,
    p.polcmd as command, p.polpermissive as permissive, pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check,
    (select string_agg(case when r.oid = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(r.oid)) end, ', ' order by r.oid) from unnest(p.polroles) as r(oid)) as roles
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${USER_SCHEMA}`;

const SECURED = `select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as id, c.relrowsecurity as enabled, c.relforcerowsecurity as forced
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and (c.relrowsecurity or c.relforcerowsecurity) and ${USER_SCHEMA}`;

const COMMANDS: Readonly<Record<string, string>> = { r: 'SELECT', a: 'INSERT', w: 'UPDATE', d: 'DELETE', '*': 'ALL' };

export async function readPolicies(reader: CatalogReader): Promise<CatalogObject[]> {
  const policies = (await rowsOf(reader, POLICIES)).map((row): CatalogObject => {
    const address = `POLICY ${text(row, 'id')} ON ${text(row, 'table_id')}`;
    const kind = row['permissive'] === 't' ? 'PERMISSIVE' : 'RESTRICTIVE';
    const conditions = `${part(' USING (', row['using'], ')')}${part(' WITH CHECK (', row['check'], ')')}`;
    const create = `CREATE ${address} AS ${kind} FOR ${COMMANDS[text(row, 'command')] ?? 'ALL'} TO ${text(row, 'roles')}${conditions}`;
    return {
      key: keyOf('pg_policy', text(row, 'oid')),
      kind: 'policy',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [{ tag: 'CREATE POLICY', text: create }],
      address,
      relation: Number(text(row, 'table')),
      requires: [reader.dependencies.resolve(keyOf('pg_class', text(row, 'table')))],
    };
  });
  const secured = (await rowsOf(reader, SECURED)).map((row): CatalogObject => {
    const change = (what: string): Statement => ({
      tag: 'ALTER TABLE',
      text: `ALTER TABLE ${text(row, 'id')} ${what} ROW LEVEL SECURITY`,
    });
    return {
      key: `${keyOf('pg_class', text(row, 'oid'))}#secured`,
      kind: 'policy',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [
        ...(row['enabled'] === 't' ? [change('ENABLE')] : []),
        ...(row['forced'] === 't' ? [change('FORCE')] : []),
      ],
      relation: Number(text(row, 'oid')),
      requires: [reader.dependencies.resolve(keyOf('pg_class', text(row, 'oid')))],
    };
  });
  return [...policies, ...secured];
}
