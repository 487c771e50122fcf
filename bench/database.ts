import type pg from 'pg';
import { connect, rows, type TextRow, withConnection } from '../src/app/demo/database.ts';
import type { PostgresCluster } from '../src/app/demo/embedded/index.ts';

export { connect, rows, type TextRow };

const NAME = 'walcast bench';

export async function run(url: string, ...statements: readonly string[]): Promise<void> {
  await withConnection(url, NAME, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

/** The first column of the first row. */
export async function value(client: pg.Client, sql: string, values: readonly string[] = []): Promise<string | null> {
  const row = (await rows(client, sql, values))[0];
  return row === undefined ? null : (Object.values(row)[0] ?? null);
}

export async function valueAt(url: string, sql: string, values: readonly string[] = []): Promise<string | null> {
  return await withConnection(url, NAME, (client) => value(client, sql, values));
}

/** A copy of a database, made of its files, after which the server has nothing left to write. */
export async function cloneDatabase(cluster: PostgresCluster, name: string, template: string): Promise<string> {
  const strategy = cluster.binaries.major >= 15 ? ' strategy file_copy' : '';
  await run(cluster.url(), `create database ${name} template ${template}${strategy}`, 'checkpoint');
  return cluster.url(name);
}

export async function dropDatabase(cluster: PostgresCluster, name: string): Promise<void> {
  await run(cluster.url(), `drop database if exists ${name} with (force)`);
}
