import { type Difference, tableDifferences } from '../../../schema/compare-tables.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { TargetRoles } from './target-roles.ts';

export interface ShapeMismatch {
  readonly table: TableMetadata;
  readonly differences: readonly Difference[];
}

/** Foreign keys of the target, by oid, that are NOT VALID for the time being. */
export type PostponedKeys = Pick<ReadonlySet<number>, 'has'>;

export const NOTHING_POSTPONED: PostponedKeys = new Set();
export const ANY_POSTPONED: PostponedKeys = { has: () => true };

/** Relations of an event that look different on the target. */
export async function shapeMismatches(
  session: SqlSession,
  roles: TargetRoles,
  relations: readonly TableMetadata[],
  sourceVersion: number,
  postponed: PostponedKeys = NOTHING_POSTPONED,
): Promise<ShapeMismatch[]> {
  if (relations.length === 0) return [];
  const [shapes, target] = await Promise.all([relationShapes(session, relations), majorOf(session)]);
  const versions = { source: Math.trunc(sourceVersion / 10_000), target };
  const there = new Map(shapes.map((shape) => [`${shape.schema}\0${shape.name}`, shape]));
  const owners = new Map<string, string>();
  for (const { schema, name, owner } of relations) {
    const mapped = roles.mapped(owner);
    // who owns the target's table is there
    const found = there.get(`${schema}\0${name}`)?.owner === mapped;
    if (!owners.has(owner)) owners.set(owner, found ? mapped : (await roles.resolve(session, owner)).name);
  }
  const mismatches: ShapeMismatch[] = [];
  for (const relation of relations) {
    const table = { ...relation, owner: owners.get(relation.owner) ?? relation.owner };
    const target = there.get(`${table.schema}\0${table.name}`);
    const differences = tableDifferences(
      table,
      target === undefined ? target : asValidated(target, postponed),
      versions,
    );
    if (differences.length > 0) mismatches.push({ table, differences });
  }
  return mismatches;
}

/** As the table will be once its postponed keys are validated. */
function asValidated(table: TableMetadata, postponed: PostponedKeys): TableMetadata {
  if (postponed === NOTHING_POSTPONED || table.constraints === undefined) return table;
  const constraints = table.constraints.map((constraint) =>
    constraint.type === 'f' && postponed.has(constraint.oid)
      ? { ...constraint, definition: constraint.definition.replace(/ NOT VALID$/, '') }
      : constraint,
  );
  return { ...table, constraints };
}

const majors = new WeakMap<SqlSession, number>();

/** Of a session, the server's version never changes. */
async function majorOf(session: SqlSession): Promise<number> {
  const known = majors.get(session);
  if (known !== undefined) return known;
  const { rows } = await session.query("select current_setting('server_version_num')::int / 10000 as major");
  const major = Number(rows[0]?.['major']);
  majors.set(session, major);
  return major;
}
