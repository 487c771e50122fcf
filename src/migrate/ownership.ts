import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** unrecorded: what it holds may be ours, but there is no table of records. */
export type SchemaState = 'absent' | 'empty' | 'ours' | 'unrecorded';

/** Whoever owns the schema may drop and replace what is in it: it has to be us, or whoever installed walcast before. */
const STATE = `
select n.nspowner = r.oid or (r.rolsuper and o.rolsuper) as owned, o.rolname as owner, r.rolsuper and not o.rolsuper as demoted,
  (select pg_catalog.string_agg(c.relname, ', ' order by c.relname) from (
     select c.relname from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relkind <> 'i'
     union all select p.proname from pg_catalog.pg_proc p where p.pronamespace = n.oid
     union all select t.typname from pg_catalog.pg_type t where t.typnamespace = n.oid and t.typtype in ('d', 'e', 'r')
     limit 5) c) as content,
  exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'schema_migrations'
    and c.relkind = 'r' and c.relowner = n.nspowner
    -- other tools have a table of that name too
    and 2 = (select count(*) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname in ('set', 'tool_version')))
    as recorded
from pg_catalog.pg_namespace n join pg_catalog.pg_roles o on o.oid = n.nspowner
  join pg_catalog.pg_roles r on r.rolname = current_user
where n.nspname = 'walcast'`;

/** What stands in the place of our schema; refuses one that is not ours, or, unless that is what the caller looks for, not known to be. */
export async function schemaState(
  session: SqlSession,
  { unrecorded = false }: { readonly unrecorded?: boolean } = {},
): Promise<SchemaState> {
  const row = (await session.query(STATE)).rows[0];
  if (row === undefined) return 'absent';
  if (row['owned'] !== 't') {
    throw new WalcastError('E_SCHEMA_FOREIGN', `the schema walcast belongs to the role ${row['owner'] ?? '?'}`, {
      hint:
        row['demoted'] === 't'
          ? `If that role has installed walcast: ALTER ROLE ${quoteIdentifier(row['owner'] ?? '')} SUPERUSER; the event triggers run with its rights. Else rename or drop the schema.`
          : 'Connect as that role if it is the one that installed walcast, else rename or drop the schema.',
    });
  }
  if (row['recorded'] === 't') return 'ours';
  if (row['content'] === null) return 'empty';
  if (unrecorded) return 'unrecorded';
  throw new WalcastError(
    'E_SCHEMA_FOREIGN',
    `the schema walcast holds objects that walcast did not make: ${row['content'] ?? ''}`,
    {
      hint: 'Rename or drop that schema; walcast needs the name for itself. If you have made these objects by hand as its migrations do, record them with `replicate migrations baseline`.',
    },
  );
}
