import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { oldTransactions } from './old-transactions.ts';

export interface SlotRecord {
  readonly id: string;
  readonly consistentPoint: string | null;
}

const RECORD =
  'select id::text as id, consistent_point::text as consistent_point from walcast.slot where slot_name = $1';

export async function readSlotRecord(session: SqlSession, name: string): Promise<SlotRecord | undefined> {
  const row = (await session.query(RECORD, [name])).rows[0];
  return row === undefined ? undefined : { id: row['id'] ?? '', consistentPoint: row['consistent_point'] ?? null };
}

export function isComplete(record: SlotRecord | undefined): record is SlotRecord {
  return record !== undefined && record.consistentPoint !== null;
}

/** Written before anything of that name is made: what is found later under it is known to be ours. */
export async function announceSlot(session: SqlSession, name: string, publication: string): Promise<void> {
  await session.query(
    'insert into walcast.slot (slot_name, publication) values ($1, $2) on conflict (slot_name) do nothing',
    [name, publication],
  );
}

/** Makes the slot unless it is complete. One that was left half-made, or whose record outlived it, is made anew. */
export async function ensureSlot(
  session: SqlSession,
  name: string,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<{ readonly record: SlotRecord; readonly created: boolean; readonly replaced: boolean }> {
  const record = await readSlotRecord(session, name);
  const exists = await slotExists(session, name);
  const replaced = isComplete(record);
  if (replaced && exists) return { record, created: false, replaced: false };
  if (replaced) {
    await session.query(
      'update walcast.slot set id = gen_random_uuid(), consistent_point = null, created_at = clock_timestamp() where slot_name = $1',
      [name],
    );
  }
  if (exists) await dropHalfMade(session, name, options);
  const consistentPoint = await createSlot(session, name, options.waitMs);
  await session.query('update walcast.slot set consistent_point = $2::pg_lsn where slot_name = $1', [
    name,
    consistentPoint,
  ]);
  const complete = await readSlotRecord(session, name);
  if (complete === undefined) throw new WalcastError('E_INTERNAL', `the record of the slot ${name} is gone`);
  return { record: complete, created: true, replaced };
}

async function slotExists(session: SqlSession, name: string): Promise<boolean> {
  return (
    (await session.query('select 1 as one from pg_replication_slots where slot_name = $1', [name])).rows.length > 0
  );
}

/** The session that began it may still be waiting inside the server although its client is gone. */
async function dropHalfMade(
  session: SqlSession,
  name: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const end = performance.now() + waitMs;
  const active = `select active_pid::text as pid from pg_replication_slots where slot_name = $1`;
  for (;;) {
    const row = (await session.query(active, [name])).rows[0];
    if (row === undefined) return; // it was only temporary, and went with its session
    const pid = row['pid'] ?? null;
    if (pid === null) break;
    await session.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid = $1::int and application_name = 'walcast' and datname = current_database()`,
      [pid],
    );
    if (performance.now() > end) {
      throw new WalcastError('E_SLOT_ACTIVE', `the half-made slot ${name} is held by the server process ${pid}`);
    }
    await delay(50, undefined, signal === undefined ? {} : { signal });
  }
  await session.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
    name,
  ]);
}

/** Has to wait for every transaction that is open at that moment; the server gives up and forgets the slot after a while. */
async function createSlot(session: SqlSession, name: string, waitMs: number): Promise<string> {
  const limits = `set lock_timeout = ${waitMs}; set statement_timeout = ${2 * waitMs}`;
  try {
    await session.execute(limits);
    const { rows } = await session.query(
      `select lsn::text as lsn from pg_create_logical_replication_slot($1, 'pgoutput')`,
      [name],
    );
    return rows[0]?.['lsn'] ?? '';
  } catch (error) {
    if (!(error instanceof PostgresError) || !['55P03', '57014'].includes(error.sqlstate)) throw error;
    throw await oldTransactions(session, `the slot ${name} cannot be made while older transactions are open`, error);
  } finally {
    await session.execute('reset lock_timeout; reset statement_timeout').catch(() => undefined);
  }
}
