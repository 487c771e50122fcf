import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { PlannedStatement } from './statement-plan.ts';

/** Neither partitions nor parents: their indexes and those of others belong together. */
const PLAIN = `
select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and not exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent))`;

/**
 * What may be built beside one another, before the rest of the section: indexes of different tables that stand alone, in which no code of
 * a user runs. By table, each in the order of the script.
 */
export async function sideBuilds(
  session: SqlSession,
  planned: readonly PlannedStatement[],
): Promise<PlannedStatement[][]> {
  const { rows } = await session.query(PLAIN);
  const tables = new Map(rows.map(({ schema, name }) => [`${schema ?? ''}\0${name ?? ''}`, [] as PlannedStatement[]]));
  for (const statement of planned) {
    const { buildsIndex, role, table } = statement;
    if (buildsIndex && role === null && table !== null) tables.get(`${table.schema}\0${table.name}`)?.push(statement);
  }
  return [...tables.values()].filter((builds) => builds.length > 0);
}
