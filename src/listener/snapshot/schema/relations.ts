import type { SqlSession } from '../../../postgres/sql-session.ts';
import { SHAPE_EXPRESSION } from '../../../schema/relation-shape.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { NO_MEMBER, USER_SCHEMA } from '../tables.ts';

/** Relations a query: what it answers stays small, also with wide tables. */
const PAGE = 200;

const RELATIONS = `select ${SHAPE_EXPRESSION} as shape
from (
  select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and c.oid > $1::oid and ${USER_SCHEMA} and ${NO_MEMBER}
  order by c.oid limit ${PAGE}) c
join pg_namespace n on n.oid = c.relnamespace
order by c.oid`;

/** Every relation that a statement of the schema makes. What views mention stays locked until the session's transaction ends. */
export async function readRelations(session: SqlSession): Promise<TableMetadata[]> {
  const found: TableMetadata[] = [];
  for (let last = 0, more = true; more; last = found.at(-1)?.oid ?? 0) {
    const { rows } = await session.query(RELATIONS, [String(last)]);
    for (const { shape } of rows) found.push(JSON.parse(shape ?? 'null') as TableMetadata);
    more = rows.length === PAGE;
  }
  return found;
}
