import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { sqlstateOf } from '../../../src/postgres/client.ts';
import { type Random, seededRandom } from '../random.ts';
import { rowsOf, textClient } from '../text-client.ts';
import { ACCOUNTS, BRANCHES, TELLERS } from './schema.ts';

export interface LoadOptions {
  readonly url: string;
  readonly seed: number;
  readonly clients?: number;
  /** Of all clients together. */
  readonly perSecond?: number;
  /** Share of the transactions that draw the ticket. */
  readonly ticketShare?: number;
}

/** Deadlock, serialization failure, lock timeout, query cancelled: a migration came in between. */
const TRANSIENT = new Set(['40P01', '40001', '55P03', '57014']);

/** TPC-B as pgbench runs it, at a bounded rate. Survives restarts of the server and knows afterwards which commits it lost. */
export class Load {
  readonly #options: Required<LoadOptions>;
  readonly #abort = new AbortController();
  readonly #running: Promise<unknown>;
  #committed = 0;
  #reconnects = 0;

  constructor(options: LoadOptions) {
    this.#options = { clients: 8, perSecond: 200, ticketShare: 0.4, ...options };
    const writers = Array.from({ length: this.#options.clients }, (_, i) => this.#write(i + 1));
    this.#running = Promise.all(writers);
    this.#running.catch(() => undefined); // told by `stop`
  }

  get committed(): number {
    return this.#committed;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** After the transactions at hand. Rejects with the first error that was not to be expected. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    const random = seededRandom(this.#options.seed * 1000 + writer);
    while (!this.#abort.signal.aborted) {
      const client = textClient(this.#options.url);
      try {
        await client.connect();
        await this.#session(client, writer, random);
      } catch (error) {
        if (!connectionLost(error)) throw error;
        this.#reconnects++;
        await this.#pause(100);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  async #session(client: pg.Client, writer: number, random: Random): Promise<void> {
    // What the connection's end left open is answered by the log itself.
    const [row] = rowsOf(
      await client.query('select coalesce(max(n), 0) as n from commit_log where writer = $1', [writer]),
    );
    let n = Number(row?.['n']);
    while (!this.#abort.signal.aborted) {
      await this.#pause((2000 * random.next() * this.#options.clients) / this.#options.perSecond);
      try {
        if (await transaction(client, writer, n + 1, random, this.#options.ticketShare)) {
          n++;
          this.#committed++;
        }
      } catch (error) {
        if (!TRANSIENT.has(sqlstateOf(error) ?? '')) throw error;
        await client.query('rollback');
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }
}

/** False when it was rolled back on purpose. */
async function transaction(
  client: pg.Client,
  writer: number,
  n: number,
  random: Random,
  ticketShare: number,
): Promise<boolean> {
  const [aid, tid, bid] = [random.int(1, ACCOUNTS), random.int(1, TELLERS), random.int(1, BRANCHES)];
  const delta = random.int(-5000, 5000);
  await client.query(`begin; update accounts set abalance = abalance + ${delta} where aid = ${aid}`);
  if (random.chance(0.1)) await client.query(sideWork(random));
  await client.query(`update tellers set tbalance = tbalance + ${delta} where tid = ${tid};
    update branches set bbalance = bbalance + ${delta} where bid = ${bid};
    insert into history (tid, bid, aid, delta, mtime) values (${tid}, ${bid}, ${aid}, ${delta}, now())`);
  if (random.chance(0.03)) {
    await client.query('rollback');
    return false;
  }
  await client.query(
    random.chance(ticketShare)
      ? `with drawn as (update ticket set n = n + 1, digest = md5(digest || '${writer},${n},${aid},${delta}') returning n, digest)
         insert into commit_log (writer, n, ticket, digest) select ${writer}, ${n}, drawn.n, drawn.digest from drawn`
      : `insert into commit_log (writer, n) values (${writer}, ${n})`,
  );
  await client.query('commit');
  return true;
}

/** More of what real transactions do: rows changed and taken back, long values that stay, several rows at once. */
function sideWork(random: Random): string {
  const id = random.int(1, 20);
  const from = random.int(1, ACCOUNTS - 50);
  return random.pick([
    `savepoint s; update documents set edits = edits + 100 where id = ${id}; rollback to s`,
    `update documents set edits = edits + 1 where id = ${id}`,
    `update documents set body = reverse(body) where id = ${id}`,
    `savepoint s; insert into documents values (1000, 'x', 0); delete from documents where id = 1000; release s`,
    `update accounts set filler = 'touched' where aid in (select aid from accounts where aid between ${from} and ${from + 50} order by aid for update)`,
  ]);
}

/** The server went away, is not yet back, or ended the session. */
export function connectionLost(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  if (sqlstate !== undefined && !sqlstate.startsWith('E'))
    return sqlstate.startsWith('57P') || sqlstate.startsWith('08');
  const { code, message } = error as { code?: string; message?: string };
  return (
    (code !== undefined && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code)) ||
    /terminated|not queryable|Client was closed|connection error|timeout/i.test(message ?? '')
  );
}
