import { type RelationName, SHAPE_EXPRESSION } from '../../src/schema/relation-shape.ts';
import type { SqlSession } from '../../src/postgres/sql-session.ts';
import type { TableMetadata } from '../../src/wal/table-metadata.ts';

const SHAPES = `select ${SHAPE_EXPRESSION} as shape
  from json_to_recordset($1::json) as wanted(schema text, name text)
  join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name`;

/** Shapes of relations of a database in which nothing of ours is installed. The session's search_path must be pinned to pg_catalog. */
export async function plainShapes(session: SqlSession, names: readonly RelationName[]): Promise<TableMetadata[]> {
  const { rows } = await session.query(SHAPES, [JSON.stringify(names)]);
  return rows.map(({ shape }) => JSON.parse(shape ?? 'null') as TableMetadata);
}
