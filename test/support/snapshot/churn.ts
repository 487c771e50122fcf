import type pg from 'pg';
import { seededRandom } from '../random.ts';
import type { TestDatabase } from '../test-database.ts';
import { waitFor } from '../wait-for.ts';

export interface ChurnOptions {
  readonly seed: number;
  readonly writers: number;
  /** Others change the schema meanwhile: a statement that does not fit any more is left out. */
  readonly tolerant?: boolean;
}

type Random = ReturnType<typeof seededRandom>;

/** Writes to the tables of `BIRTH` by several clients, in transactions with savepoints and rollbacks, until it is stopped. */
export class Churn {
  #committed = 0;
  #stopped = false;
  readonly #done: Promise<unknown>;

  private constructor(clients: readonly pg.Client[], { seed, tolerant = false }: ChurnOptions) {
    this.#done = Promise.all(
      clients.map(async (client, writer) => {
        const random = seededRandom(seed * 1000 + writer);
        while (!this.#stopped) {
          try {
            await client.query(transaction(random, writer));
            this.#committed++;
          } catch (error) {
            await client.query('rollback');
            const sqlstate = (error as { code?: string }).code ?? '';
            // a deadlock, a key that another writer took, and with schema changes what is gone by now
            if (!['40P01', '23505', '23503'].includes(sqlstate) && !(tolerant && /^(42|23|0A)/.test(sqlstate)))
              throw error;
          }
        }
      }),
    );
    this.#done.catch(() => undefined); // told by `stop`
  }

  static async start(database: TestDatabase, options: ChurnOptions): Promise<Churn> {
    const clients = await Promise.all(Array.from({ length: options.writers }, () => database.client()));
    return new Churn(clients, options);
  }

  get committed(): number {
    return this.#committed;
  }

  /** Resolves when so many transactions have been committed. */
  async atLeast(count: number): Promise<void> {
    await Promise.race([
      waitFor(() => this.#committed >= count, { what: `${count} transactions`, timeoutMs: 30_000, everyMs: 5 }),
      this.#done,
    ]);
  }

  /** @returns how many transactions were committed */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#done;
    return this.#committed;
  }
}

function transaction(random: Random, writer: number): string {
  const statements = Array.from({ length: random.int(1, 5) }, () => statement(random, writer));
  const doubtful = statement(random, writer);
  const end = random.next() < 0.15 ? 'rollback' : 'commit';
  const inner = random.next() < 0.3 ? `savepoint s; ${doubtful}; rollback to s;` : '';
  return `begin; ${inner} ${statements.join('; ')}; ${end}`;
}

function statement(random: Random, writer: number): string {
  const key = random.int(1, 1500);
  const fresh = 10_000 + writer * 1_000_000 + random.int(1, 900_000);
  const options = [
    `update wide set n = n + 1 where id = ${key}`,
    `update wide set big = big || 'x' where id = ${key}`,
    `insert into wide (id, n, big) values (${fresh}, 1, repeat('n', 3000)) on conflict do nothing`,
    `update wide set id = ${fresh} where id = ${key} and not exists (select from wide where id = ${fresh})`,
    `delete from wide where id = ${random.int(1, 1500)}`,
    `update uuids set n = n + 1 where n = ${random.int(1, 4000)}`,
    `insert into uuids (n, note) values (${fresh}, 'new')`,
    `delete from uuids where n = ${random.int(1, 4000)}`,
    `insert into keyless values ('w${random.int(1, 50)}', ${fresh})`,
    `delete from keyless where n = ${random.int(1, 3000)}`,
    `update keyless set n = n + 1 where n = ${random.int(1, 3000)}`,
    `update composite set v = v + 1 where a = ${random.int(1, 1000)}`,
    `update texts set v = v || '{"u": 1}' where code = 'c${random.int(1, 2000)}'`,
    `insert into child values (${fresh}, ${random.int(1, 300)}, 'new') on conflict do nothing`,
    `update parts set day = '2026-02-10' where id = ${random.int(1, 3000)}`,
    `update uniques set u = -u where id = ${random.int(1, 4000)}`,
    `update generated set base = base + 1 where id = ${random.int(1, 2000)}`,
    `select nextval('counter')`,
    `insert into ids (v) values ('w${writer}')`,
  ];
  return options[random.int(0, options.length - 1)] ?? 'select 1';
}
