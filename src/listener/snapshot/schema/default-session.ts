import { FIXED_SETTINGS } from '../../../ddl/message-settings.ts';
import { connectClient, endClient } from '../../../postgres/client.ts';
import type { DefaultSession } from './confine.ts';

/** Of the settings of a message, those on which the rows of a query depend. */
const SETTINGS = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'default_text_search_config',
  'array_nulls',
  'transform_null_equals',
];

const READ = `select current_setting('search_path') as search_path, ${SETTINGS.map((name) => `current_setting('${name}') as "${name}"`).join(', ')}`;

/** What a session of the source has that sets nothing itself: on a connection without ours. */
export async function readDefaultSession(url: string, signal: AbortSignal): Promise<DefaultSession> {
  const client = await connectClient({ url, signal, side: 'source', applicationName: 'walcast snapshot defaults' });
  try {
    const { rows } = await client.query<Record<string, string>>(READ);
    const settings = SETTINGS.map((name) => [name, rows[0]?.[name] ?? ''] as const);
    return {
      search_path: rows[0]?.['search_path'] ?? '',
      settings: Object.fromEntries(settings.filter(([name, value]) => value !== FIXED_SETTINGS[name])),
    };
  } finally {
    await endClient(client);
  }
}
