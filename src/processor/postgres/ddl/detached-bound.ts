import { lastIdentifier } from '../../../ddl/statement-names.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';

/**
 * DETACH CONCURRENTLY leaves the partition's bound behind as a CHECK, unless others imply it or it is one of a hash. The source tells which CHECKs the
 * table has now; where it does not, it is taken to have one more.
 */
export async function leavesBound(
  partition: string,
  { details }: DdlCommandEvent,
  session: SqlSession,
): Promise<boolean> {
  const name = lastIdentifier(partition);
  const [table, ...others] = (details?.relations ?? []).filter((relation) => relation.name === name);
  if (table === undefined || others.length > 0) return true;
  const [before] = await relationShapes(session, [table]);
  const known = new Set(before?.constraints?.map((constraint) => constraint.name));
  return (table.constraints ?? []).some((constraint) => constraint.type === 'c' && !known.has(constraint.name));
}
