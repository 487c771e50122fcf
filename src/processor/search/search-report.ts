import type { StoredCheckpoint } from '../../wal/checkpoint.ts';
import type { SourceIdentity } from '../../wal/processor.ts';
import { encodePath, SearchClient, type Reach } from './client/index.ts';
import { CHECKPOINT, readCheckpoint } from './state/checkpoint-store.ts';
import { CopyStore } from './state/copy-store.ts';
import { StateDocuments } from './state/state-documents.ts';
import { IndexNames } from './tables/index-record.ts';

/** Where a pipeline keeps its state: a cluster, and what the names of its indexes begin with. */
export interface SearchPlace extends Reach {
  readonly prefix: string;
}

/** What a cluster holds of a pipeline, as `status` shows it. */
export interface SearchReport {
  /** Null: nothing was brought yet. */
  readonly checkpoint: (StoredCheckpoint & { readonly updatedAt: Date }) | null;
  /** Of an initial copy under way; null: there is none. */
  readonly copyPhase: string | null;
}

/** Reads, and changes nothing. */
export async function readSearchReport(
  place: SearchPlace,
  source: SourceIdentity,
  signal: AbortSignal,
): Promise<SearchReport> {
  return await withClient(place, async (client) => {
    const documents = new StateDocuments(client, new IndexNames(place.prefix, source).state, signal);
    const stored = await readCheckpoint(documents);
    const updatedAt = stored === null ? '' : String((await documents.read(CHECKPOINT))?.['updated_at']);
    const copy = await new CopyStore(documents).head();
    return {
      checkpoint: stored === null ? null : { ...stored, updatedAt: new Date(updatedAt) },
      copyPhase: copy?.phase ?? null,
    };
  });
}

/** What the cluster says it is. */
export async function readCluster(
  place: SearchPlace,
  signal: AbortSignal,
): Promise<{ readonly distribution: string; readonly version: string }> {
  return await withClient(place, async (client) => {
    const answer = await client.request({ method: 'GET', path: '/', signal });
    const { version } = answer.json() as { version: { distribution?: string; number: string } };
    return { distribution: version.distribution ?? 'elasticsearch', version: version.number };
  });
}

/** Removes position and notes of a pipeline; its indexes and dead letters stay. False: there was nothing. */
export async function removeSearchState(
  place: SearchPlace,
  source: SourceIdentity,
  signal: AbortSignal,
): Promise<boolean> {
  return await withClient(place, async (client) => {
    const path = encodePath(new IndexNames(place.prefix, source).state);
    return (await client.request({ method: 'DELETE', path, signal, accept: [404] })).status !== 404;
  });
}

async function withClient<T>(place: SearchPlace, work: (client: SearchClient) => Promise<T>): Promise<T> {
  const client = await SearchClient.create(place);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
