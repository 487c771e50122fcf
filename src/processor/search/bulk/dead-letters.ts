import { createHash } from 'node:crypto';
import { formatLsn, type Lsn } from '../../../wal/lsn.ts';
import { encodePath, type SearchClient } from '../client/search-client.ts';
import { type Refusal, SearchError } from '../client/search-error.ts';

/** Searched by table, index, error and position; the rest is only kept, however long it is. */
const KEPT = { type: 'keyword', index: false, doc_values: false };
const MAPPINGS = {
  dynamic: 'strict',
  properties: {
    at: { type: 'date' },
    table: { type: 'keyword' },
    index: { type: 'keyword' },
    id: { type: 'keyword', ignore_above: 512 },
    lsn: { type: 'keyword' },
    error: { type: 'keyword' },
    reason: { type: 'text' },
    document: KEPT,
    replay: KEPT,
  },
};

export interface DeadLetter {
  readonly table: string;
  readonly index: string;
  readonly id: string;
  readonly version: bigint;
  readonly document: string;
  readonly refusal: Refusal;
}

/** The index of documents that their own index refused. */
export class DeadLetters {
  readonly #client: SearchClient;
  readonly #index: string;
  #made = false;

  constructor(client: SearchClient, index: string) {
    this.#client = client;
    this.#index = index;
  }

  /** The same letter twice is one. */
  async add(letter: DeadLetter, signal: AbortSignal): Promise<void> {
    if (!this.#made) await this.#make(signal);
    this.#made = true;
    const { table, index, id, version, document, refusal } = letter;
    const name = createHash('sha256')
      .update(JSON.stringify([index, id]))
      .digest('hex');
    await this.#client.request({
      method: 'PUT',
      path: encodePath(this.#index, '_doc', name),
      query: { version: version.toString(), version_type: 'external_gte' },
      body: {
        at: new Date().toISOString(),
        ...{ table, index, id, lsn: formatLsn(version as Lsn), error: refusal.type, reason: refusal.reason, document },
        replay: replayCommand(letter),
      },
      accept: [409],
      signal,
    });
  }

  async #make(signal: AbortSignal): Promise<void> {
    const path = encodePath(this.#index);
    const found = await this.#client.request({ method: 'HEAD', path, accept: [404], signal });
    if (found.status !== 404) return;
    const body = { settings: { number_of_shards: 1, auto_expand_replicas: '0-1' }, mappings: MAPPINGS };
    try {
      await this.#client.request({ method: 'PUT', path, body, signal });
    } catch (error) {
      // Another bulk made it at the same moment.
      if (!(error instanceof SearchError && error.type === 'resource_already_exists_exception')) throw error;
    }
  }
}

/** For a shell, once the cause is mended. It changes nothing if a newer document came meanwhile. */
function replayCommand({ index, id, version, document }: DeadLetter): string {
  const path = `${encodePath(index, '_doc', id)}?version=${version}&version_type=external_gte`;
  const data = `'${document.replaceAll("'", String.raw`'\''`)}'`;
  return `curl -X PUT "$OPENSEARCH_URL"'${path.replaceAll("'", '%27')}' -H 'content-type: application/json' --data-binary ${data}`;
}
