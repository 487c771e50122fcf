import type { SearchClient } from '../../src/processor/search/client/index.ts';

/** As the target has it by default. */
const BULK_BYTES = 4 * 1024 * 1024;
const REQUESTS = 2;
const PAGE = 5_000;
const TIMEOUT_MS = 120_000;

export interface ReadyMade {
  /** A new and empty index like the one that the documents are from. */
  readonly index: string;
  readonly bulks: readonly Buffer[];
}

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: unknown }[] };
}

/** The documents of an index as bodies of bulk requests, with ids and versions as we give them, and an index of the same mapping for them. */
export async function readyMade(client: SearchClient, alias: string): Promise<ReadyMade> {
  const ask = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return (await client.request({ method, path, signal, ...(body === undefined ? {} : { body }) })).json();
  };
  const [[original, like] = []] = Object.entries(
    (await ask('GET', `/${alias}/_mapping`)) as Record<string, { mappings: { _meta?: unknown } }>,
  );
  if (original === undefined || like === undefined) throw new Error(`there is no index ${alias}`);
  const mappings: Record<string, unknown> = { ...like.mappings };
  delete mappings['_meta'];
  const known = (await ask('GET', `/${original}/_settings`)) as Record<
    string,
    { settings: { index: Record<string, unknown> } }
  >;
  const { mapping, number_of_shards, analysis } = known[original]?.settings.index ?? {};
  const index = `ready-${original}`;
  const settings = {
    number_of_shards,
    number_of_replicas: 0,
    ...(mapping === undefined ? {} : { mapping }),
    ...(analysis === undefined ? {} : { analysis }),
  };
  await ask('PUT', `/${index}`, { settings, mappings });

  await ask('POST', `/${original}/_refresh`);
  const bulks: Buffer[] = [];
  let lines: string[] = [];
  let length = 0;
  let page = (await ask('POST', `/${original}/_search?scroll=5m`, { size: PAGE, sort: ['_doc'] })) as Page;
  while (page.hits.hits.length > 0) {
    for (const { _id: id, _source: source } of page.hits.hits) {
      const text = `${JSON.stringify({ index: { _index: index, _id: id, version: 25_000_000, version_type: 'external_gte' } })}\n${JSON.stringify(source)}\n`;
      lines.push(text);
      length += text.length;
      if (length < BULK_BYTES) continue;
      bulks.push(Buffer.from(lines.join('')));
      [lines, length] = [[], 0];
    }
    page = (await ask('POST', '/_search/scroll', { scroll: '5m', scroll_id: page._scroll_id })) as Page;
  }
  if (lines.length > 0) bulks.push(Buffer.from(lines.join('')));
  return { index, bulks };
}

/** Sends them as fast as they are taken. */
export async function sendLines(
  client: SearchClient,
  { bulks }: ReadyMade,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const left = [...bulks];
  const lane = async (): Promise<void> => {
    for (let body = left.shift(); body !== undefined; body = left.shift()) {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const query = { filter_path: 'errors,items.*.error' };
      const { bytes } = await client.request({ method: 'POST', path: '/_bulk', query, body, signal });
      if (!bytes.includes('"errors":false')) throw new Error(`refused: ${bytes.toString('utf8', 0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
}
