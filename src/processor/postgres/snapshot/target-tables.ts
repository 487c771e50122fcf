import type { SqlSession } from '../../../postgres/sql-session.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import type { ColumnMetadata, TableMetadata } from '../../../wal/table-metadata.ts';
import { refuseSideEffects } from '../rows/origin-role.ts';

/** The condition that an extension gave for the rows of a table which are the user's; null: the table is no configuration of one. */
const CONFIGURED = `
select x.condition from pg_extension e, unnest(e.extconfig, e.extcondition) as x (oid, condition)
where x.oid = to_regclass($1) limit 1`;
const REFERRED = "select 1 as one from pg_constraint where contype = 'f' and confrelid = to_regclass($1) limit 1";
const EXISTS = 'select to_regclass($1) is not null as there';

/** Rows as COPY writes them fit: the same columns, whatever else the table has. Null: they do; else what differs. */
export async function columnMismatch(session: SqlSession, table: TableMetadata): Promise<string | null> {
  const [target] = await relationShapes(session, [table]);
  if (target === undefined) return 'the target has no such table';
  const wanted = (table.columns ?? []).map(described);
  const found = (target.columns ?? []).map(described);
  const missing = wanted.find((column) => !found.includes(column));
  if (missing !== undefined) return `the target has no column ${missing}`;
  const more = found.find((column) => !wanted.includes(column));
  if (more !== undefined) return `the target has a column ${more}, which the source does not have`;
  return target.kind === table.kind ? null : 'the target has something else of that name';
}

function described({ name, type, generated_kind: generated }: ColumnMetadata): string {
  return `${name} ${type}${generated === undefined ? '' : ' generated'}`;
}

export interface EmptyOptions {
  readonly replicaRole: boolean;
  /** TRUNCATE refuses a table whose checks are outstanding, or that others refer to. */
  readonly byDelete?: boolean;
}

/** Nothing that the copy brings is in the table afterwards. What an extension put there for itself stays. */
export async function emptyTable(
  session: SqlSession,
  { schema, name }: { readonly schema: string; readonly name: string },
  { replicaRole, byDelete = false }: EmptyOptions,
): Promise<void> {
  const table = quoteQualified(schema, name);
  if ((await session.query(EXISTS, [table])).rows[0]?.['there'] !== 't') return;
  if (!replicaRole) await refuseSideEffects(session, schema, name);
  const { rows } = await session.query(CONFIGURED, [table]);
  const condition = rows[0]?.['condition'];
  if (typeof condition === 'string') await session.execute(`delete from only ${table} ${condition}`);
  else if (byDelete || (await session.query(REFERRED, [table])).rows.length > 0)
    await session.execute(`delete from only ${table}`);
  else await session.execute(`truncate only ${table}`);
}
