import type { SqlSession } from '../../postgres/sql-session.ts';
import { CONFIGURED, NO_MEMBER, USER_SCHEMA } from './tables.ts';

/** row_security: rows would be hidden, and reading is refused · select, usage: the right that is missing, on it or on its schema */
export interface HiddenRelation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'sequence';
  readonly reason: 'row_security' | 'select' | 'usage';
}

/** row_security_active says whether policies apply to this role, whatever the setting row_security is. */
const HIDDEN = `
select * from (
  select n.nspname as schema, c.relname as name, case c.relkind when 'S' then 'sequence' else 'table' end as kind,
    case when not has_schema_privilege(n.oid, 'usage') then 'usage'
      when c.relkind = 'S' and not has_sequence_privilege(c.oid, 'select') then 'select'
      when c.relkind = 'r' and not has_table_privilege(c.oid, 'select') and (
          not has_any_column_privilege(c.oid, 'select') or exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              and a.attgenerated = '' and not has_column_privilege(c.oid, a.attnum, 'select'))) then 'select'
      when c.relkind = 'r' and row_security_active(c.oid) then 'row_security' end as reason
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'S') and c.relpersistence <> 't' and ${USER_SCHEMA} and (${NO_MEMBER} or ${CONFIGURED} is not null)) as found
where reason is not null order by 1, 2`;

/** What a snapshot read by this role could not bring, for a person to cure beforehand. */
export async function hiddenRelations(session: SqlSession): Promise<HiddenRelation[]> {
  const { rows } = await session.query(HIDDEN);
  return rows as unknown as HiddenRelation[]; // the query prints exactly these columns and words
}
