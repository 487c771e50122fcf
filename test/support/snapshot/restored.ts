import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pgDump } from '../pg-dump.ts';
import type { TestServer } from '../servers.ts';
import { TestDatabase } from '../test-database.ts';

const run = promisify(execFile);

/**
 * The source's schema as pg_dump alone would have brought it to another server: what a newer version prints of an old schema differs by
 * itself, in names that it makes and in how it writes expressions.
 */
export async function restoredSchema(source: TestDatabase, server: TestServer): Promise<TestDatabase> {
  const flags = ['-s', '--no-publications', '--no-subscriptions', '-N', 'walcast', '-d', source.url()];
  const { stdout } = await run(await pgDump(), flags, { maxBuffer: 256 * 2 ** 20, timeout: 120_000 });
  const database = await TestDatabase.create(server);
  const client = await database.client();
  try {
    // The lines of psql are the first and the last that begin so: a body may hold others.
    const text = stdout.replace(/^\\restrict .*$/m, '').replace(/\n\\unrestrict [^\n]*\s*$/, '\n');
    await client.query(text);
    return database;
  } catch (error) {
    await database.dispose();
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
