import type pg from 'pg';
import { value } from '../database.ts';

/** A row that is written after all the work: who has it has everything before it. */
export const FENCE_TABLE = 'create table fence (id int primary key)';

export async function raiseFence(client: pg.Client, id: number): Promise<string> {
  await client.query(`insert into fence values (${id})`);
  return (await value(client, 'select pg_current_wal_lsn()::text')) ?? '0/0';
}

export async function hasFence(client: pg.Client, id: number): Promise<boolean> {
  return (await value(client, `select 1 from fence where id = ${id}`)) !== null;
}
