import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier } from '../../src/sql/quote.ts';
import { CREATORS, TEMPLATE } from './prepare-server.ts';
import type { TestServer } from './servers.ts';
import { rowsOf, textClient, type TextRow, urlFor, withClient } from './text-client.ts';
import { waitFor } from './wait-for.ts';

/** A database of its own for one test, on a server that it may share. */
export class TestDatabase {
  readonly name: string;
  readonly server: TestServer;
  readonly #clients = new Set<pg.Client>();
  #own: Promise<pg.Client> | undefined;

  private constructor(server: TestServer, name: string) {
    this.server = server;
    this.name = name;
  }

  /** @param name where something asks for it; else one that nobody else has */
  static async create(
    server: TestServer,
    name = `test_${server.role}_${randomBytes(5).toString('hex')}`,
  ): Promise<TestDatabase> {
    await withClient(server.url, async (admin) => {
      await admin.query(`create database ${name} template ${TEMPLATE}`);
      await admin.query(`grant create on database ${name} to ${CREATORS}`);
    });
    return new TestDatabase(server, name);
  }

  /** Of the superuser, unless a user is named. */
  url(user?: string): string {
    return urlFor(this.server.url, this.name, user);
  }

  /** A connection of its own, with values as text; ended by `dispose` at the latest. */
  async client(user?: string): Promise<pg.Client> {
    const client = textClient(this.url(user));
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    await client.connect();
    return client;
  }

  /** As superuser, on one connection that is opened anew if the server went away. The rows of the last statement. */
  async query(sql: string, params?: readonly (string | null)[]): Promise<TextRow[]> {
    const client = await this.#ownClient();
    return rowsOf(await (params === undefined ? client.query(sql) : client.query(sql, [...params])));
  }

  /** The first column of the first row. */
  async value(sql: string, params?: readonly (string | null)[]): Promise<string | null | undefined> {
    const [row] = await this.query(sql, params);
    return row === undefined ? undefined : Object.values(row)[0];
  }

  /** Ends every session, drops the replication slots and the database. */
  async dispose(): Promise<void> {
    await withClient(this.server.url, async (admin) => {
      await this.#rollbackPrepared(admin);
      // Whoever would connect again is kept out.
      await insistently(() => admin.query(`alter database ${quoteIdentifier(this.name)} allow_connections false`));
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [this.name]);
      await this.#dropSlots(admin);
      await insistently(() => admin.query(`drop database ${quoteIdentifier(this.name)} with (force)`));
    });
    await Promise.allSettled([...this.#clients].map((client) => client.end()));
  }

  async #rollbackPrepared(admin: pg.Client): Promise<void> {
    const left = await admin.query('select from pg_prepared_xacts where database = $1', [this.name]);
    if (left.rowCount === 0) return;
    // Only a session of the same database may end them.
    await withClient(this.url(), async (client) => {
      const { rows } = await client.query<{ sql: string }>(
        `select format('rollback prepared %L', gid) as sql from pg_prepared_xacts where database = current_database()`,
      );
      for (const { sql } of rows) await client.query(sql);
    });
  }

  async #dropSlots(admin: pg.Client): Promise<void> {
    const dropIdle = `select pg_drop_replication_slot(slot_name)
      from pg_replication_slots where database = $1 and active_pid is null`;
    const terminate = `select pg_terminate_backend(active_pid)
      from pg_replication_slots where database = $1 and active_pid is not null`;
    const left = async (): Promise<boolean> => {
      await admin.query(terminate, [this.name]);
      await admin.query(dropIdle, [this.name]);
      return (await admin.query('select from pg_replication_slots where database = $1', [this.name])).rowCount === 0;
    };
    await waitFor(left, { what: `the replication slots of ${this.name} to be dropped` });
  }

  async #ownClient(): Promise<pg.Client> {
    const own = (this.#own ??= this.client().then((client) => {
      client.once('end', () => (this.#own = undefined));
      return client;
    }));
    try {
      return await own;
    } catch (error) {
      this.#own = undefined;
      throw error;
    }
  }
}

/** Another session changes the same row of pg_database, for which PostgreSQL does not wait; databases that go at the same time wait for one another. */
const OTHERS_AT_WORK = ['XX000', '40P01'];

async function insistently(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (!OTHERS_AT_WORK.includes((error as { code?: string }).code ?? '') || attempt === 5) throw error;
    }
  }
}
