import type pg from 'pg';
import { WalcastError } from '../../errors/walcast-error.ts';
import { connectClient, sqlstateOf } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteQualified } from '../../sql/quote.ts';
import type { SourcePosition } from '../../wal/processor.ts';

/** An index whose making or dropping was noted with the transaction that asked for it. */
export interface PendingIndex {
  readonly schema: string;
  readonly index: string;
  /** `CREATE INDEX …` as the source's catalog prints it; null: drop it. */
  readonly definition: string | null;
}

const NOTE = `
insert into walcast.pending_index (system_identifier, database, pipeline, schema_name, index_name, definition) values ($1, $2, $3, $4, $5, $6)`;
const PENDING = `
select id::text as id, schema_name, index_name, definition from walcast.pending_index
where system_identifier = $1 and database = $2 and pipeline = $3 order by id`;
const STATE = `
select (i.indisvalid and i.indisready)::text as usable
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_index i on i.indexrelid = c.oid
where n.nspname = $1 and c.relname = $2`;

/** Inside the transaction that replays the command. */
export async function notePendingIndex(
  session: SqlSession,
  source: SourcePosition,
  pending: PendingIndex,
): Promise<void> {
  const { systemIdentifier, database, pipeline } = source;
  await session.query(NOTE, [systemIdentifier, database, pipeline, pending.schema, pending.index, pending.definition]);
}

export async function indexesPending(
  session: SqlSession,
  { systemIdentifier, database, pipeline }: SourcePosition,
): Promise<boolean> {
  return (await session.query(PENDING, [systemIdentifier, database, pipeline])).rows.length > 0;
}

/**
 * Does what was noted, on a connection of its own and outside of any transaction, so that readers and writers of the target go on meanwhile.
 * What a crash left half done is told by the catalog: an index that is not valid is dropped and made again.
 */
export async function finishPendingIndexes(url: string, source: SourcePosition, signal: AbortSignal): Promise<number> {
  const client = await connectClient({
    url,
    applicationName: 'walcast index',
    options: READING_OPTIONS,
    side: 'target',
    signal,
  });
  const stop = (): void => void client.end().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { rows } = await client.query<Record<string, string | null>>(PENDING, [
      source.systemIdentifier,
      source.database,
      source.pipeline,
    ]);
    for (const row of rows) {
      await finish(client, {
        schema: row['schema_name'] ?? '',
        index: row['index_name'] ?? '',
        definition: row['definition'] ?? null,
      });
      await client.query('delete from walcast.pending_index where id = $1', [row['id']]);
    }
    return rows.length;
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

async function finish(client: pg.Client, { schema, index, definition }: PendingIndex): Promise<void> {
  const name = quoteQualified(schema, index);
  try {
    const usable = await stateOf(client, schema, index);
    if (definition === null || usable === false) await client.query(`drop index concurrently if exists ${name}`);
    if (definition === null || usable === true) return;
    await client.query(concurrently(definition));
    if ((await stateOf(client, schema, index)) !== true) throw new Error('it is not valid after it was built');
  } catch (cause) {
    const sqlstate = sqlstateOf(cause);
    throw new WalcastError(
      'E_INDEX_BUILD',
      `index ${schema}.${index} could not be ${definition === null ? 'dropped' : 'built'} concurrently: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        fields: { statement: definition ?? `drop index ${name}`, ...(sqlstate === undefined ? {} : { sqlstate }) },
      },
    );
  }
}

/** Undefined: there is no such index. */
async function stateOf(client: pg.Client, schema: string, index: string): Promise<boolean | undefined> {
  const { rows } = await client.query<Record<string, string | null>>(STATE, [schema, index]);
  return rows[0] === undefined ? undefined : rows[0]['usable'] === 'true';
}

/** What pg_get_indexdef prints begins with exactly one of two forms. */
function concurrently(definition: string): string {
  return definition.replace(/^CREATE (UNIQUE )?INDEX /, (head) => `${head}CONCURRENTLY `);
}
