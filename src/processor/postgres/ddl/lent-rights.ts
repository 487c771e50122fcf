import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { TargetRole } from './target-roles.ts';

/** Statements that give a role what it lacks, and that take exactly this back. */
export interface LentRights {
  readonly give: string;
  readonly take: string;
}

const MISSING = `select
    array_to_string(array(select r from unnest(array['select', 'insert', 'update', 'delete']) r where not has_table_privilege($1::oid, c.oid, r)), ', ') as rights,
    c.relrowsecurity and c.relforcerowsecurity and c.relowner = $1::oid and not (select rolbypassrls from pg_roles where oid = $1::oid) as forced
  from pg_class c where c.oid = to_regclass($2)`;

/**
 * An owner may be without rights on its own table, e.g. REVOKE UPDATE of a journal, or be held to the policies of its table by FORCE, while
 * others write the rows. Their rows are written here with the owner's rights, so it gets the missing ones for each statement: nothing that it could
 * not give to itself, so never USAGE on a schema. Null: nothing is missing.
 */
export async function missingRights(
  session: SqlSession,
  role: TargetRole,
  schema: string,
  table: string,
): Promise<LentRights | null> {
  const relation = quoteQualified(schema, table);
  const [row] = (await session.query(MISSING, [role.oid, relation])).rows;
  const name = quoteIdentifier(role.name);
  const give: string[] = [];
  const take: string[] = [];
  if (row?.['rights']) {
    give.push(`grant ${row['rights']} on ${relation} to ${name}`);
    take.push(`revoke ${row['rights']} on ${relation} from ${name}`);
  }
  if (row?.['forced'] === 't') {
    give.push(`alter table ${relation} no force row level security`);
    take.push(`alter table ${relation} force row level security`);
  }
  return give.length === 0 ? null : { give: give.join('; '), take: take.join('; ') };
}
