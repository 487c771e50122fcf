import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { WalcastError } from '../../errors/walcast-error.ts';
import {
  clientConfig,
  connectClient,
  connectionError,
  describeUrl,
  endClient,
  limited,
  sqlstateOf,
} from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { lsn, LSN_ZERO, parseLsn, type Lsn } from '../../wal/lsn.ts';
import type { MessageKey } from '../../wal/message-key.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import { parseSnapshot, type VisibilitySnapshot } from '../../wal/visibility.ts';

export interface SourceAddress {
  readonly url: string;
  readonly pipeline: string;
  readonly slot: string;
  readonly publication: string;
}

/** What the daemon has to know of the source before it can stream. */
export interface SourceState {
  readonly position: SourcePosition;
  /** Keys of the messages' MAC. */
  readonly keys: readonly MessageKey[];
  /** What was visible when they were read. */
  readonly keysReadAt: VisibilitySnapshot;
  readonly databaseOid: number;
}

const STATE = `
select current_setting('server_version_num') as version, current_database() as database,
       (select oid::text from pg_database where datname = current_database()) as database_oid,
       pg_current_wal_flush_lsn()::text as current,
       (select confirmed_flush_lsn::text from pg_replication_slots where slot_name = $1) as confirmed,
       (select plugin from pg_replication_slots where slot_name = $1) as plugin,
       (select database from pg_replication_slots where slot_name = $1) as slot_database,
       (select wal_status from pg_replication_slots where slot_name = $1) as wal_status,
       (select count(*)::text from pg_publication where pubname = $2) as publications,
       to_regclass('walcast.slot')::text as installed`;

const OWN = 'select id::text as slot_id, consistent_point::text as created from walcast.slot where slot_name = $1';

const KEYS = `
select g.generation::text as generation, encode(k.secret, 'hex') as secret, g.retired::text as retired,
       pg_current_snapshot()::text as snapshot
from walcast.key_generation g left join walcast.key k using (generation)`;

/** For a few queries of catalogs: a source that needs longer is not answering. */
const READ_LIMIT_MS = 30_000;
const KEY_TRIES = 20;
const KEY_PAUSE_MS = 50;

/** Undefined table, schema or column: `init` has not run or not finished. */
const NOT_INSTALLED = new Set(['42P01', '3F000', '42703']);

type SourceRow = Record<string, string | null>;

export async function readSourceState(address: SourceAddress, signal: AbortSignal): Promise<SourceState> {
  const identity = await identifySystem(address.url, signal);
  const client = await connectClient({
    url: address.url,
    applicationName: 'walcast',
    options: READING_OPTIONS,
    side: 'source',
    signal,
  });
  try {
    const [state, own, keys] = await limited(client, { signal, milliseconds: READ_LIMIT_MS }, async () => {
      const found = await client.query<SourceRow>(STATE, [address.slot, address.publication]);
      checkInstalled(found.rows[0] ?? {}, address);
      const own = await client.query<SourceRow>(OWN, [address.slot]);
      return [found.rows[0] ?? {}, own.rows[0] ?? {}, await readKeys(client)];
    });
    if (typeof own['created'] !== 'string' || typeof own['slot_id'] !== 'string' || keys.length === 0) {
      throw notInitialised(address, `slot ${address.slot} is not one that init has finished`);
    }
    return {
      position: {
        systemIdentifier: identity.systemIdentifier,
        timeline: identity.timeline,
        history: identity.history,
        database: state['database'] ?? '',
        pipeline: address.pipeline,
        slotId: own['slot_id'],
        serverVersion: Number(state['version']),
        confirmed: parseLsn(state['confirmed'] ?? ''),
        created: parseLsn(own['created']),
        current: parseLsn(state['current'] ?? ''),
      },
      keys: keys.map(messageKey),
      keysReadAt: parseSnapshot(keys[0]?.['snapshot'] ?? ''),
      databaseOid: Number(state['database_oid']),
    };
  } catch (error) {
    if (NOT_INSTALLED.has(sqlstateOf(error) ?? ''))
      throw notInitialised(address, 'the schema walcast is missing or incomplete', error);
    if (error instanceof WalcastError) throw error;
    throw connectionError(error, 'source', address.url);
  } finally {
    await endClient(client);
  }
}

/**
 * Each key is in a table of its own. A statement is planned just before it gets its snapshot: it may see that there is a key and not know of
 * its table yet. Taken for all there is, the newest messages would pass for forged.
 */
async function readKeys(client: pg.Client): Promise<readonly SourceRow[]> {
  for (let tries = 1; ; tries++) {
    const { rows } = await client.query<SourceRow>(KEYS);
    if (rows.every(({ secret }) => typeof secret === 'string')) return rows;
    if (tries === KEY_TRIES) return [];
    await delay(KEY_PAUSE_MS);
  }
}

function messageKey({ generation, secret, retired }: SourceRow): MessageKey {
  return {
    generation: Number(generation),
    secret: Buffer.from(secret ?? '', 'hex'),
    retired: typeof retired === 'string' ? parseLsn(retired) : null,
  };
}

function checkInstalled(state: Readonly<Record<string, string | null>>, address: SourceAddress): void {
  if (state['installed'] === null) throw notInitialised(address, 'there is no schema walcast');
  if (state['publications'] !== '1') throw notInitialised(address, `there is no publication ${address.publication}`);
  if (state['plugin'] === null || state['confirmed'] === null)
    throw notInitialised(address, `there is no slot ${address.slot}`);
  if (state['slot_database'] !== state['database']) {
    throw notInitialised(address, `slot ${address.slot} belongs to database ${state['slot_database']}`);
  }
  if (state['plugin'] !== 'pgoutput')
    throw notInitialised(address, `slot ${address.slot} has the plugin ${state['plugin']}`);
  if (state['wal_status'] === 'lost') {
    throw new WalcastError(
      'E_SLOT_LOST',
      `slot ${address.slot} was invalidated by the source: it fell behind max_slot_wal_keep_size`,
    );
  }
}

function notInitialised(address: SourceAddress, why: string, cause?: unknown): WalcastError {
  return new WalcastError(
    'E_NOT_INITIALISED',
    `${describeUrl(address.url)} is not prepared for pipeline ${address.pipeline}: ${why}`,
    { cause },
  );
}

interface SystemIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly history: SourcePosition['history'];
}

/** Only the replication protocol tells system identifier, timeline and its history to a role without further rights. */
export async function identifySystem(url: string, signal?: AbortSignal): Promise<SystemIdentity> {
  const client = new pg.Client({
    ...clientConfig({ url, applicationName: 'walcast identify', side: 'source' }),
    replication: 'database',
  } as pg.ClientConfig);
  client.on('error', () => undefined);
  try {
    return await limited(client, { signal, milliseconds: READ_LIMIT_MS }, async () => {
      await client.connect();
      const { rows } = await client.query<{ systemid: string; timeline: string }>('IDENTIFY_SYSTEM');
      const timeline = Number(rows[0]?.timeline);
      return {
        systemIdentifier: rows[0]?.systemid ?? '',
        timeline,
        history: timeline > 1 ? await readHistory(client, timeline) : [],
      };
    });
  } catch (error) {
    throw connectionError(error, 'source', url);
  } finally {
    await endClient(client);
  }
}

async function readHistory(client: pg.Client, timeline: number): Promise<SourcePosition['history']> {
  const { rows } = await client.query<{ content: string }>(`TIMELINE_HISTORY ${timeline}`);
  return parseTimelineHistory(rows[0]?.content ?? '');
}

/** Lines `timeline<TAB>end LSN<TAB>reason`; `#` begins a comment (src/backend/access/transam/timeline.c). */
export function parseTimelineHistory(content: string): { timeline: number; end: Lsn }[] {
  const entries: { timeline: number; end: Lsn }[] = [];
  for (const line of content.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    if (match !== null) entries.push({ timeline: Number(match[1]), end: parseLsn(match[2] ?? '') });
  }
  return entries;
}

export interface SlotState {
  readonly active: boolean;
  readonly confirmed: Lsn;
  readonly restart: Lsn;
  readonly current: Lsn;
  /** Bytes of WAL that the source keeps for this slot. */
  readonly retainedBytes: bigint;
  /** Bytes that may still be written before the slot is invalidated; null: no limit is set. */
  readonly safeBytes: bigint | null;
  readonly walStatus: string;
}

const SLOT = `
select active::text as active, confirmed_flush_lsn::text as confirmed, restart_lsn::text as restart,
       pg_current_wal_lsn()::text as current, safe_wal_size::text as safe, wal_status as status
from pg_replication_slots where slot_name = $1`;

/** Null: there is no such slot. */
export async function readSlotState(client: pg.Client, slot: string): Promise<SlotState | null> {
  const { rows } = await client.query<Record<string, string | null>>(SLOT, [slot]);
  const row = rows[0];
  if (row === undefined) return null;
  const current = parseLsn(row['current'] ?? '');
  const restart = row['restart'] === null ? LSN_ZERO : parseLsn(row['restart'] ?? '');
  return {
    active: row['active'] === 'true',
    confirmed: row['confirmed'] === null ? LSN_ZERO : parseLsn(row['confirmed'] ?? ''),
    restart,
    current,
    retainedBytes: restart === LSN_ZERO ? 0n : lsn(current - restart),
    safeBytes: row['safe'] === null || row['safe'] === undefined ? null : BigInt(row['safe']),
    walStatus: row['status'] ?? 'lost',
  };
}
