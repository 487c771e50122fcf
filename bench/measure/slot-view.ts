import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { rows } from '../database.ts';

export interface Walsender {
  readonly pid: number;
  /** ms since 1970, by the server's clock, which is this machine's. */
  readonly startedAt: number;
}

const SENDER = `
select r.pid::text, (extract(epoch from r.backend_start) * 1000)::text as started
from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`;

const SENT = `
select (r.sent_lsn >= $2::pg_lsn)::text as all
from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`;

/** Waits for somebody to read the slot. */
export async function senderOf(
  client: pg.Client,
  slot: string,
  check: () => void,
  timeoutMs = 60_000,
): Promise<Walsender> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const row = (await rows(client, SENDER, [slot]))[0];
    if (row !== undefined) return { pid: Number(row['pid']), startedAt: Number(row['started']) };
    check();
    if (performance.now() > end) throw new Error(`nobody read slot ${slot} for ${timeoutMs} ms`);
    await delay(5);
  }
}

/** The server has handed everything up to `position` to the connection. */
export async function hasSent(client: pg.Client, slot: string, position: string): Promise<boolean> {
  return (await rows(client, SENT, [slot, position]))[0]?.['all'] === 'true';
}

/** A slot that nobody reads any more; its reader may need a moment to go. */
export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const row = (await rows(client, 'select active::text from pg_replication_slots where slot_name = $1', [slot]))[0];
    if (row === undefined) return;
    if (row['active'] === 'false') {
      await client.query('select pg_drop_replication_slot($1)', [slot]);
      return;
    }
    await delay(20);
  }
  throw new Error(`slot ${slot} is still read`);
}
