import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { SourceIdentity } from '../../../wal/processor.ts';

/** Bytes of an identifier. */
const NAME_BYTES = 63;
const NEW = '__walcast_new';
const OLD = '__walcast_old';

export interface ReplacementNames {
  readonly current: string;
  /** Being built. */
  readonly next: string;
  /** The replaced one, kept until the copy is done. */
  readonly previous: string;
}

export function replacementNames(database: string): ReplacementNames {
  return { current: database, next: `${database}${NEW}`, previous: `${database}${OLD}` };
}

export function fits({ next }: ReplacementNames): boolean {
  return Buffer.byteLength(next) <= NAME_BYTES;
}

/** Stands as the comment of a database that is ours to rename and drop. */
export function replacementMark({ systemIdentifier, database, pipeline }: SourceIdentity): string {
  return `walcast: ${JSON.stringify([systemIdentifier, database, pipeline])}`;
}

export async function currentDatabase(session: SqlSession): Promise<string> {
  const { rows } = await session.query('select current_database()::text as name');
  return rows[0]?.['name'] ?? '';
}

/** absent · ours: made for this pipeline · unmarked: there, but nobody says by whom */
export async function stateOfDatabase(
  session: SqlSession,
  name: string,
  source: SourceIdentity,
): Promise<'absent' | 'ours' | 'unmarked'> {
  const { rows } = await session.query(
    "select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1",
    [name],
  );
  if (rows.length === 0) return 'absent';
  return rows[0]?.['comment'] === replacementMark(source) ? 'ours' : 'unmarked';
}

/** A database that is to take the place of this one is being built. */
export async function replacementPending(session: SqlSession, source: SourceIdentity): Promise<boolean> {
  const { next } = replacementNames(await currentDatabase(session));
  return (await stateOfDatabase(session, next, source)) === 'ours';
}
