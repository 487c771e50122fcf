import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serverUser } from '../../src/app/demo/embedded/server-user.ts';
import { pgDump } from '../support/pg-dump.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, type PrivateCluster } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';
import { expectDecisions, expectOneMeetingPoint, type Copy } from './support/snapshot-cut.ts';

const run = promisify(execFile);
const EPOCH = 2n ** 32n;
/** Transaction ids that are left of the epoch when the test begins: the snapshots lie on both sides of its end. */
const LEFT = 1000;
/** Transactions a page of pg_xact, and pages a file. */
const XACT_FILE = 8192 * 4 * 32;

/** pg_dump's neighbour, of the same version as the newest server; a copy, since its folder may be closed to the server's user. */
async function resetTool(folder: string): Promise<string> {
  const dump = await pgDump();
  if (dump === 'pg_dump') return join((await run('pg_config', ['--bindir'])).stdout.trim(), 'pg_resetwal');
  const tool = join(folder, 'pg_resetwal');
  await copyFile(join(dirname(dump), 'pg_resetwal'), tool);
  await chmod(tool, 0o755);
  return tool;
}

/** As if the server had run for years: the next transaction gets that id. */
async function jumpTo(server: PrivateCluster, xid: bigint): Promise<void> {
  const { cluster } = server;
  await cluster.stop();
  const user = await serverUser();
  await run(await resetTool(cluster.folder), ['-x', String(xid), '-D', cluster.dataFolder], { ...user, cwd: '/' });
  // The tool leaves the file that holds the states of the next transactions to us.
  const file = (Number(xid) / XACT_FILE) >>> 0;
  const path = join(cluster.dataFolder, 'pg_xact', file.toString(16).toUpperCase().padStart(4, '0'));
  await writeFile(path, Buffer.alloc(XACT_FILE / 4));
  if (user.uid !== undefined) await chown(path, user.uid, user.gid);
  await cluster.start();
}

let server: PrivateCluster;
let database: TestDatabase;

beforeAll(async () => {
  const settings = { max_prepared_transactions: '20', wal_level: 'logical', autovacuum: 'off' };
  server = await privateCluster({ role: 'source', major: 18, settings });
  database = await server.database();
  // Ids from before the jump would seem to lie in the future.
  for (const name of ['postgres', 'template1', database.name]) {
    await withClient(urlFor(server.server.url, name), async (client) => void (await client.query('vacuum freeze')));
  }
  await jumpTo(server, EPOCH - BigInt(LEFT));
});

afterAll(async () => {
  await server.dispose();
});

it('the cut holds while the transaction ids of the stream begin anew', async () => {
  expect(BigInt((await database.value('select pg_current_xact_id()')) ?? 0)).toBeLessThan(EPOCH);
  const crossed = (copies: readonly Copy[]): boolean => (copies.at(-1)?.cut.snapshot.xmin ?? 0n) > EPOCH;
  const { copies, rows } = await expectOneMeetingPoint(database, 7, crossed);
  expectDecisions(copies, rows);
  expect(copies[0]?.cut.snapshot.xmax).toBeLessThan(EPOCH);
  expect(rows.some(({ xid }) => xid < LEFT)).toBe(true);
  expect(rows.some(({ xid }) => xid > Number(EPOCH) - LEFT)).toBe(true);
});
