import { type Difference, tableDifferences } from '../../../schema/compare-tables.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { TargetRoles } from './target-roles.ts';

export interface ShapeMismatch {
  readonly table: TableMetadata;
  readonly differences: readonly Difference[];
}

/** Relations of an event that look different on the target. */
export async function shapeMismatches(
  session: SqlSession,
  roles: TargetRoles,
  relations: readonly TableMetadata[],
  sourceVersion: number,
): Promise<ShapeMismatch[]> {
  if (relations.length === 0) return [];
  const { rows } = await session.query("select current_setting('server_version_num')::int / 10000 as major");
  const versions = { source: Math.trunc(sourceVersion / 10_000), target: Number(rows[0]?.['major']) };
  const there = new Map(
    (await relationShapes(session, relations)).map((shape) => [`${shape.schema}\0${shape.name}`, shape]),
  );
  const owners = await roles.renamed(
    session,
    relations.map(({ owner }) => owner),
  );
  const mismatches: ShapeMismatch[] = [];
  for (const relation of relations) {
    const table = { ...relation, owner: owners.get(relation.owner) ?? relation.owner };
    const differences = tableDifferences(table, there.get(`${table.schema}\0${table.name}`), versions);
    if (differences.length > 0) mismatches.push({ table, differences });
  }
  return mismatches;
}
