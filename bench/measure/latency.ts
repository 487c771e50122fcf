import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { connect, value } from '../database.ts';

const SESSIONS = 4;
/** Every tenth transaction is watched on its way. */
const WATCHED_SHARE = 10;

export interface LoadOptions {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly perSecond: number;
  readonly seconds: number;
}

export const BEAT_TABLE = 'create table beat (id int primary key)';

/**
 * Transactions at a steady rate, whatever their answers take; ms from the answer to a COMMIT until the target shows its row. Watched
 * transactions come from one session, so their ids become visible in order, and all that are on their way are watched at the same time.
 */
export async function latencies(options: LoadOptions): Promise<number[]> {
  const workers = await Promise.all(
    Array.from({ length: SESSIONS }, () => connect(options.sourceUrl, 'walcast bench')),
  );
  const watched = await connect(options.sourceUrl, 'walcast bench');
  const observer = await connect(options.targetUrl, 'walcast bench');
  try {
    const flight = new Map<number, number>();
    const measured: number[] = [];
    const sent: Promise<unknown>[] = [];
    let loading = true;
    const observing = observe(observer, flight, measured, () => loading);
    const total = options.perSecond * options.seconds;
    const started = performance.now();
    for (let n = 0; n < total; n++) {
      const due = started + (n * 1000) / options.perSecond;
      if (performance.now() < due) await delay(1);
      if (performance.now() < due) {
        n--;
        continue;
      }
      if (n % WATCHED_SHARE === 0) {
        sent.push(
          watched
            .query(`begin; select touch(${n}); insert into beat values (${n + 1}); commit`)
            .then(() => flight.set(n + 1, performance.now())),
        );
      } else {
        sent.push((workers[n % SESSIONS] as pg.Client).query(`select touch(${n})`));
      }
    }
    await Promise.all(sent);
    loading = false;
    await observing;
    return measured;
  } finally {
    await Promise.all([...workers, watched, observer].map((client) => client.end()));
  }
}

const LOST_AFTER_MS = 60_000;

async function observe(
  client: pg.Client,
  flight: Map<number, number>,
  measured: number[],
  loading: () => boolean,
): Promise<void> {
  let lastProgress = performance.now();
  while (loading() || flight.size > 0) {
    if (flight.size === 0) {
      await delay(1);
      lastProgress = performance.now();
      continue;
    }
    const reached = Number((await value(client, 'select max(id) from beat')) ?? 0);
    const now = performance.now();
    for (const [id, committedAt] of flight) {
      if (id > reached) break;
      measured.push(Math.max(0, now - committedAt));
      flight.delete(id);
      lastProgress = now;
    }
    if (now - lastProgress > LOST_AFTER_MS) throw new Error(`nothing arrived for ${LOST_AFTER_MS / 1000} s`);
  }
}

/** One TPC-B transaction as one statement. */
export function touchFunction(accounts: number): string {
  return `create function touch(n int) returns void language plpgsql as $$
    declare account int := 1 + (n * 7919) % ${accounts}; teller int := 1 + n % 100; amount int := n % 1000 - 500;
    begin
      update pgbench_accounts set abalance = abalance + amount where aid = account;
      update pgbench_tellers set tbalance = tbalance + amount where tid = teller;
      update pgbench_branches set bbalance = bbalance + amount where bid = (teller - 1) / 10 + 1;
      insert into pgbench_history (tid, bid, aid, delta, mtime) values (teller, (teller - 1) / 10 + 1, account, amount, clock_timestamp());
    end $$`;
}
