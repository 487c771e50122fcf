import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { sqlstateOf, withConnection } from './database.ts';
import type { ShopMigration } from './shop-migrations.ts';

const TRIES = 20;
/** No lock, or a deadlock with somebody who writes: worth another try. */
const BUSY = new Set(['55P03', '40P01']);

/** Runs a migration as its tool would, on a connection of its own; a lock that does not come at once is asked for again. */
export async function runMigration(url: string, migration: ShopMigration, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await withConnection(url, 'migration', (client) => send(client, migration));
      return;
    } catch (error) {
      if (!BUSY.has(sqlstateOf(error) ?? '') || tries === TRIES) throw error;
      await delay(100, undefined, { signal });
    }
  }
}

async function send(client: pg.Client, { sent, statements }: ShopMigration): Promise<void> {
  // Waiting for a lock stops everybody behind it, so nobody lets a migration wait for long. CONCURRENTLY waits for others by its nature.
  if (sent !== 'single') await client.query(`set lock_timeout = '1s'`);
  switch (sent) {
    case 'script':
      await client.query(`${statements.join(';\n\n')};`);
      return;
    case 'transaction':
      await client.query('begin');
      for (const statement of statements) await client.query(statement);
      await client.query('commit');
      return;
    case 'single':
      for (const statement of statements) await client.query(statement);
      return;
    default:
      sent satisfies never;
  }
}
