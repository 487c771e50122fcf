import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { checkAgainstSource, checkFirstUse, type StoredCheckpoint } from '../../wal/checkpoint.ts';
import { formatLsn, parseLsn, type Lsn } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';

const READ = `
select lsn::text as lsn, timeline::text as timeline, slot_id::text as slot_id
from walcast.checkpoint where system_identifier = $1 and database = $2 and pipeline = $3`;

/** The same pipeline, fed from a database of this name on another server. */
const OF_ANOTHER_SERVER = `
select system_identifier, lsn::text as lsn
from walcast.checkpoint where database = $2 and pipeline = $3 and system_identifier <> $1 order by updated_at desc limit 1`;

/** Name of the prepared statement that moves the checkpoint. */
export const ADVANCE_STATEMENT = 'checkpoint';
export const ADVANCE_SQL = 'select walcast.advance_checkpoint($1, $2, $3, $4, $5, $6, $7)';

export async function readCheckpoint(session: SqlSession, source: SourcePosition): Promise<StoredCheckpoint | null> {
  const { rows } = await session.query(READ, [source.systemIdentifier, source.database, source.pipeline]);
  const row = rows[0];
  if (row === undefined) return null;
  return { lsn: parseLsn(row['lsn'] ?? ''), timeline: Number(row['timeline']), slotId: row['slot_id'] ?? '' };
}

/** Parameters of {@link ADVANCE_SQL}; `previous` null makes the row. */
export function advanceValues(source: SourcePosition, previous: Lsn | null, next: Lsn): (string | null)[] {
  return [
    source.systemIdentifier,
    source.database,
    source.pipeline,
    previous === null ? null : formatLsn(previous),
    formatLsn(next),
    String(source.timeline),
    source.slotId,
  ];
}

/** The target's position, the row made if this is the first time. Refuses whatever could lose or double a transaction. */
export async function openCheckpoint(session: SqlSession, source: SourcePosition, target: string): Promise<Lsn> {
  const stored = await readCheckpoint(session, source);
  if (stored === null) {
    await refuseAnotherServer(session, source, target);
    checkFirstUse(source, target);
    await session.query(ADVANCE_SQL, advanceValues(source, null, source.confirmed));
    return source.confirmed;
  }
  checkAgainstSource(stored, source, target);
  return stored.lsn;
}

const TOUCH = `
update walcast.checkpoint set updated_at = clock_timestamp()
where system_identifier = $1 and database = $2 and pipeline = $3`;

/**
 * With synchronous_commit = off a checkpoint can be read that a crash would still take back. A synchronous commit after it brings it to the
 * disk together with all that was committed before.
 */
export async function makeDurable(session: SqlSession, source: SourcePosition): Promise<void> {
  await session.query('begin');
  await session.query('set local synchronous_commit = on');
  await session.query(TOUCH, [source.systemIdentifier, source.database, source.pipeline]);
  await session.query('commit');
}

/** The rows that are there came from elsewhere: what this server sends would be laid over them. */
async function refuseAnotherServer(session: SqlSession, source: SourcePosition, target: string): Promise<void> {
  const { systemIdentifier, database, pipeline } = source;
  const { rows } = await session.query(OF_ANOTHER_SERVER, [systemIdentifier, database, pipeline]);
  const other = rows[0];
  if (other === undefined) return;
  throw new WalcastError(
    'E_SOURCE_CHANGED',
    `target ${target} was fed by pipeline ${pipeline} from server ${other['system_identifier']} up to ${other['lsn']}; this source is server ${systemIdentifier}`,
    { fields: { target } },
  );
}
