import { LSN_ZERO } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import { withReadingSession } from '../status/reading-session.ts';

const IDENTITY = `
select (select system_identifier::text from pg_control_system()) as system, (select timeline_id::text from pg_control_checkpoint()) as timeline,
  current_database() as database, current_setting('server_version_num') as version`;

/** There is none: a copy that nobody streams from has no slot. */
const NO_SLOT = '00000000-0000-0000-0000-000000000000';

/** Who the source is, as far as a role that only reads can tell. It has no position in a stream. */
export async function sourceOfCopy(url: string, pipeline: string, signal: AbortSignal): Promise<SourcePosition> {
  const row = await withReadingSession(
    'source',
    url,
    signal,
    async (session) => (await session.query(IDENTITY)).rows[0],
  );
  return {
    systemIdentifier: row?.['system'] ?? '',
    timeline: Number(row?.['timeline'] ?? 1),
    history: [],
    database: row?.['database'] ?? '',
    pipeline,
    slotId: NO_SLOT,
    serverVersion: Number(row?.['version']),
    confirmed: LSN_ZERO,
    created: LSN_ZERO,
    current: LSN_ZERO,
  };
}
