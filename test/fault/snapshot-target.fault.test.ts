import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/app/demo/embedded/index.ts';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { prepareSource } from '../support/pipeline.ts';
import { BULK } from '../support/snapshot/bulk.ts';
import { BIRTH } from '../support/snapshot/changes.ts';
import { copied, copyCommand, type CopyCommandOptions } from '../support/snapshot/copy-command.ts';
import { copyConfig, copyDone, withPgDump } from '../support/snapshot/copy-daemon.ts';
import { SmallDisk } from '../support/snapshot/small-disk.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type PrivateCluster, privateCluster } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';

const SLOT = 'walcast_copy';
const PASSWORD = 'the right one';
const DISK_IS_POSSIBLE = await SmallDisk.possible();

describe('the target of an initial copy', () => {
  let servers: { source: PrivateCluster; target: PrivateCluster };
  let from: TestDatabase;
  let to: TestDatabase;
  let daemon: Daemon | null = null;

  beforeAll(async () => {
    const [source, target] = await Promise.all([
      privateCluster({ role: 'source' }),
      privateCluster({ role: 'target' }),
    ]);
    servers = { source, target };
  });
  afterAll(() => Promise.all([servers.source.dispose(), servers.target.dispose()]));
  beforeEach(async () => {
    [from, to] = await Promise.all([servers.source.database(), servers.target.database()]);
    await from.query(BIRTH);
  });
  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await daemon?.exited;
    daemon = null;
    await Promise.all([from.dispose(), to.dispose()]);
  });

  const options = (targetUrl = to.url()): CopyCommandOptions => ({ sourceUrl: from.url(), targetUrl });
  const start = async (targetUrl = to.url()): Promise<Daemon> => {
    const config = copyConfig({ sourceUrl: from.url(), targetUrl, slot: SLOT, snapshot: { range_size: '1MB' } });
    daemon = await startDaemon({ config, env: await withPgDump() });
    return daemon;
  };

  it('cannot be reached: the copy ends with 75, the daemon tries until it is there', async () => {
    const port = await freePort();
    const nowhere = new URL(to.url());
    nowhere.port = String(port);
    const failed = await copyCommand(options(nowhere.href));
    expect(failed).toMatchObject({ code: 75 });
    expect(failed.stderr).toContain('E_TARGET_CONNECTION');

    await prepareSource(from, SLOT);
    await servers.target.cluster.stop();
    const running = await start();
    await running.waitForLog(({ code }) => code === 'E_TARGET_CONNECTION', 'the target that is away');
    await servers.target.cluster.start();
    await copyDone(to, 60_000, () => running.lastLines());
    await expectEqual(from, to);
  });

  it('refuses the password: told without the password, and the next start copies', async () => {
    await withClient(servers.target.server.url, (client) =>
      client.query(`drop role if exists keeper; create role keeper superuser login password '${PASSWORD}'`),
    );
    const rules = join(servers.target.cluster.dataFolder, 'pg_hba.conf');
    const before = await readFile(rules, 'utf8');
    await writeFile(rules, `host all keeper 127.0.0.1/32 scram-sha-256\n${before}`);
    const reload = (): Promise<unknown> =>
      withClient(servers.target.server.url, (client) => client.query('select pg_reload_conf()'));
    await reload();
    try {
      const url = (password: string): string => {
        const given = new URL(to.url('keeper'));
        given.password = encodeURIComponent(password);
        return given.href;
      };
      const failed = await copyCommand(options(url('not the right one')));
      expect(failed.code).toBe(75);
      expect(failed.stderr).toContain('E_TARGET_CONNECTION');
      expect(failed.stderr).toMatch(/password authentication failed/);
      expect(failed.stderr).not.toContain('not the right one');
      await copied(options(url(PASSWORD)));
      await expectEqual(from, to);
    } finally {
      await writeFile(rules, before);
      await reload();
    }
  });

  it.skipIf(!DISK_IS_POSSIBLE)('has no room left in the middle: told as that; with more room it goes on', async () => {
    const disk = await SmallDisk.mount(servers.target, 48);
    const name = `on_disk_${from.name}`;
    const admin = (sql: string): Promise<unknown> =>
      withClient(servers.target.server.url, (client) => client.query(sql));
    try {
      await admin(`create tablespace small_disk location '${disk.folder}'`);
      await admin(`create database ${name} template template0 tablespace small_disk`);
      await from.query(BULK);
      await from.query('vacuum analyze');
      const url = urlFor(servers.target.server.url, name);
      const failed = await copyCommand({ ...options(url), snapshot: { range_size: '1MB' } });
      expect(failed.code).toBe(75);
      expect(failed.stderr).toContain('E_TARGET_BUSY');
      expect(failed.stderr).toMatch(/No space left on device/);

      await disk.grow(60);
      const command = copyCommand({ ...options(url), snapshot: { range_size: '1MB' } });
      expect((await command).stderr).toMatch(/No space left on device/);
      await disk.grow(800);
      const line = await copied({ ...options(url), snapshot: { range_size: '1MB' } });
      expect(line.bytesMoved).toBeLessThan(60 * 2 ** 20);
      await expectEqual(from.url(), url);
    } finally {
      await admin(`drop database if exists ${name} with (force)`);
      await admin('drop tablespace if exists small_disk');
      await disk.unmount();
    }
  });
});
