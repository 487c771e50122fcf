import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { type Random, seededRandom } from '../random.ts';
import { textClient } from '../text-client.ts';

/** A migration takes a name away for a moment, or holds a lock that a writer waits for in a circle; another writer took the key. */
const PASSING = new Set(['42P01', '42703', '40P01', '3F000', '0A000', '23505']);

export const STORM_SCHEMA = `
  create table items (id bigint primary key, n int not null, name text not null, price numeric(12,2), big text);
  create table pairs (a int, b text, v int, primary key (a, b));
  create function noise(count int) returns text language sql volatile as
    $$ select string_agg(md5(random()::text), '') from generate_series(1, count) $$`;

/** Every hundredth row has a value that is stored apart, so that later updates don't carry it. */
export function fillItems(count: number): string {
  return `insert into items select g, g % 1000, 'item ' || g, (g % 100000) / 4.0,
      case when g % 100 = 0 then noise(120) end from generate_series(1, ${count}) g;
    insert into pairs select g, 'b' || g % 7, g from generate_series(1, ${Math.ceil(count / 10)}) g`;
}

/** Sessions that write without pause, on few ids, so that operations on the same document meet. */
export class StormLoad {
  readonly #writers: Promise<void>[];
  readonly #count: number;
  #stopping = false;
  transactions = 0;

  constructor(url: string, seed: number, count: number, writers: number, pauseMs: number) {
    this.#count = count;
    this.#writers = Array.from({ length: writers }, (_, i) => this.#write(url, seededRandom(seed + i), pauseMs));
    for (const writer of this.#writers) writer.catch(() => undefined); // told by `stop`
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#writers);
  }

  async #write(url: string, random: Random, pauseMs: number): Promise<void> {
    const client = textClient(url);
    await client.connect();
    try {
      while (!this.#stopping) {
        await this.#transaction(client, random);
        await delay(pauseMs);
      }
    } finally {
      await client.end();
    }
  }

  async #transaction(client: pg.Client, random: Random): Promise<void> {
    const statements = Array.from({ length: random.int(1, 6) }, () => this.#statement(random));
    const end = random.chance(0.1) ? 'rollback' : 'commit';
    try {
      await client.query(['begin', ...statements, end].join('; '));
      this.transactions++;
    } catch (error) {
      await client.query('rollback');
      if (!PASSING.has((error as { code?: string }).code ?? '')) throw error;
    }
  }

  #statement(random: Random): string {
    // Most on few ids, some anywhere.
    const id = random.chance(0.7) ? random.int(1, 200) : random.int(1, this.#count * 2);
    const pick = random.next();
    if (pick < 0.3) return `update items set n = n + 1, price = price + 0.25 where id = ${id}`;
    if (pick < 0.4) return `update items set big = noise(${random.int(1, 200)}) where id = ${id}`;
    if (pick < 0.5) return `delete from items where id = ${id}`;
    if (pick < 0.7) {
      return `insert into items values (${id}, ${random.int(0, 999)}, 'again', 1.5, null) on conflict (id) do update set name = excluded.name`;
    }
    if (pick < 0.75) return `update items set id = id + ${this.#count * 10} where id = ${id}`;
    if (pick < 0.85) {
      return `insert into pairs values (${id}, 'b${random.int(0, 6)}', 0) on conflict (a, b) do update set v = pairs.v + 1`;
    }
    if (pick < 0.9) return `update pairs set b = 'x' || b where a = ${id} and length(b) < 20`;
    if (pick < 0.95) return `delete from pairs where a = ${id}`;
    return `update items set name = name || '.' where id between ${id} and ${id + random.int(1, 50)} and length(name) < 60`;
  }
}
