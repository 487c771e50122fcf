import { setTimeout as delay } from 'node:timers/promises';
import type { SearchClient } from './search-client.ts';

const POLL_MS = 200;
/** Those that don't list their tasks, such as serverless collections, answer so. */
const NO_TASKS = [400, 403, 404, 405];

interface TaskList {
  readonly nodes?: Readonly<
    Record<
      string,
      { readonly tasks?: Readonly<Record<string, { readonly headers?: Readonly<Record<string, string>> }>> }
    >
  >;
}

/**
 * Resolves when the cluster works on none of our bulk requests any more. A request that got no answer may still be carried out: an older document that
 * landed after the delete of a newer one, and after the cluster forgot that delete, would stay for ever.
 */
export async function untilQuiet(client: SearchClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await client.request({
      method: 'GET',
      path: '/_tasks',
      query: { actions: 'indices:data/write/bulk*', detailed: false },
      accept: NO_TASKS,
      signal,
    });
    if (answer.status >= 300 || !anyOf(answer.json() as TaskList, client.opaqueId)) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

function anyOf({ nodes = {} }: TaskList, opaqueId: string): boolean {
  return Object.values(nodes).some(({ tasks = {} }) =>
    Object.values(tasks).some(({ headers }) => headers?.['X-Opaque-Id'] === opaqueId),
  );
}
