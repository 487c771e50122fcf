import { WalcastError } from '../../../errors/walcast-error.ts';
import { checkAgainstSource, checkFirstUse, type StoredCheckpoint } from '../../../wal/checkpoint.ts';
import { formatLsn, parseLsn, type Lsn } from '../../../wal/lsn.ts';
import type { SourceIdentity, SourcePosition } from '../../../wal/processor.ts';
import { encodePath, type SearchClient } from '../client/index.ts';
import type { StateDocuments } from './state-documents.ts';

export const CHECKPOINT = 'checkpoint';

export async function readCheckpoint(documents: StateDocuments): Promise<StoredCheckpoint | null> {
  const stored = await documents.read(CHECKPOINT);
  if (stored === null) return null;
  return {
    lsn: parseLsn(String(stored['lsn'])),
    timeline: Number(stored['timeline']),
    slotId: String(stored['slot_id']),
  };
}

/** Refused if another process has written it since: two daemons of one pipeline would overtake one another. */
export async function writeCheckpoint(documents: StateDocuments, source: SourceIdentity, lsn: Lsn): Promise<void> {
  await documents.write(CHECKPOINT, {
    kind: 'checkpoint',
    system_identifier: source.systemIdentifier,
    database: source.database,
    pipeline: source.pipeline,
    timeline: String(source.timeline),
    slot_id: source.slotId,
    lsn: formatLsn(lsn),
    updated_at: new Date().toISOString(),
  });
}

/** The target's position, noted if this is the first time. Refuses whatever could lose a transaction. */
export async function openCheckpoint(
  documents: StateDocuments,
  source: SourcePosition,
  target: string,
): Promise<StoredCheckpoint> {
  const stored = await readCheckpoint(documents);
  if (stored === null) {
    checkFirstUse(source, target);
    const first = { lsn: source.confirmed, timeline: source.timeline, slotId: source.slotId };
    await writeCheckpoint(documents, source, first.lsn);
    return first;
  }
  checkAgainstSource(stored, source, target);
  return stored;
}

/** What a pipeline of this name brought from another server would mix with what this one sends. */
export async function refuseAnotherServer(
  client: SearchClient,
  prefix: string,
  source: SourceIdentity,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.request({
    method: 'POST',
    path: `${encodePath(`${prefix}-*-state`)}/_search`,
    query: { expand_wildcards: 'all', allow_no_indices: 'true', ignore_unavailable: 'true' },
    body: {
      size: 1,
      query: {
        bool: {
          filter: [
            { term: { kind: CHECKPOINT } },
            { term: { pipeline: source.pipeline } },
            { term: { database: source.database } },
          ],
          must_not: [{ term: { system_identifier: source.systemIdentifier } }],
        },
      },
    },
    signal,
  });
  const { hits } = answer.json() as { hits: { hits: { _source: Record<string, string> }[] } };
  const other = hits.hits[0]?._source;
  if (other === undefined) return;
  throw new WalcastError(
    'E_SOURCE_CHANGED',
    `target ${target} was fed by pipeline ${source.pipeline} from server ${other['system_identifier']} up to ${other['lsn']}; this source is server ${source.systemIdentifier}`,
    { fields: { target } },
  );
}
