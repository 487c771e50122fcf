import pg from 'pg';
import type { TestDatabase } from '../../support/test-database.ts';

/** Holds a slot active, as a running daemon does, and reads nothing. */
export class StreamReader {
  readonly #client: pg.Client;
  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async start(database: TestDatabase, slot: string, publication: string): Promise<StreamReader> {
    const client = new pg.Client({ connectionString: database.url(), replication: 'database' } as pg.ClientConfig);
    client.on('error', () => undefined);
    await client.connect();
    const connection = (client as unknown as { connection: { once(event: string, then: () => void): void } })
      .connection;
    const streaming = new Promise<void>((resolve) => connection.once('replicationStart', resolve));
    client
      .query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '${publication}')`)
      .catch(() => undefined);
    await streaming;
    return new StreamReader(client);
  }

  async stop(): Promise<void> {
    await this.#client.end();
  }
}
