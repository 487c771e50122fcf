import type { SqlSession } from '../../postgres/sql-session.ts';
import type { SourcePosition } from '../../wal/processor.ts';

const READ =
  'select lsn::text as lsn from walcast.skipped_ddl where system_identifier = $1 and database = $2 and pipeline = $3';

/** Positions (`H/L`) of commands that a person decided to pass over on this target. */
export async function readSkippedDdl(session: SqlSession, source: SourcePosition): Promise<ReadonlySet<string>> {
  const { rows } = await session.query(READ, [source.systemIdentifier, source.database, source.pipeline]);
  return new Set(rows.map((row) => row['lsn'] ?? ''));
}
