import { connectClient, connectionError, endClient, limited } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { STREAMED_BINARY_TYPES } from '../../wal/binary-types.ts';
import type { SourceAddress } from './source-position.ts';

/**
 * Of every table whose rows the stream may bring: the publication is FOR ALL TABLES. `pg_publication_tables` would say the same, but it opens the tables, and so
 * waits for whoever holds a lock on one: a prepared transaction, for good.
 */
const TEXT_COLUMN = `
select format('%s of %s.%s', a.attname, n.nspname, c.relname) as column
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind = 'r' and c.relpersistence = 'p' and c.oid >= 16384
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')
  and not a.atttypid = any ($1::oid[])
limit 1`;

/** As in every other reading of catalogs. */
const READ_LIMIT_MS = 30_000;

/** A published column whose values the stream carries as text only; null: there is none now. */
export async function findTextColumn(address: SourceAddress, signal: AbortSignal): Promise<string | null> {
  const client = await connectClient({
    url: address.url,
    applicationName: 'walcast',
    options: READING_OPTIONS,
    side: 'source',
    signal,
  });
  try {
    return await limited(client, { signal, milliseconds: READ_LIMIT_MS }, async () => {
      const { rows } = await client.query<{ column: string }>(TEXT_COLUMN, [
        `{${[...STREAMED_BINARY_TYPES].join(',')}}`,
      ]);
      return rows[0]?.column ?? null;
    });
  } catch (error) {
    throw connectionError(error, 'source', address.url);
  } finally {
    await endClient(client);
  }
}
