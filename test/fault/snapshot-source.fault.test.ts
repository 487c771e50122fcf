import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, runCommand, startDaemon } from '../support/daemon.ts';
import { BIRTH } from '../support/snapshot/changes.ts';
import { copied, copyCommand } from '../support/snapshot/copy-command.ts';
import { copyConfig, copyDone, withPgDump } from '../support/snapshot/copy-daemon.ts';
import { stallWriter } from '../support/snapshot/stalled-writer.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type PrivateCluster, privateCluster } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

/** The largest is copied first. */
const LARGE = `create table large (id int primary key, body text); alter table large alter body set storage plain;
  insert into large select g, repeat(md5(g::text), 60) from generate_series(1, 30000) g; analyze large`;
/** More than the slot may keep, in some steps: a segment each. */
const WRITE_MUCH = `do $$ begin
  for i in 1..8 loop insert into much select repeat(md5(g::text), 200) from generate_series(1, 3000) g; commit; perform pg_switch_wal(); end loop; end $$`;

describe('the source of an initial copy', () => {
  let source: PrivateCluster;
  let target: PrivateCluster;
  let from: TestDatabase;
  let to: TestDatabase;
  let daemon: Daemon | null = null;

  beforeEach(async () => {
    const settings = { max_slot_wal_keep_size: '48MB', min_wal_size: '32MB', max_wal_size: '48MB' };
    [source, target] = await Promise.all([
      privateCluster({ role: 'source', settings }),
      privateCluster({ role: 'target' }),
    ]);
    [from, to] = await Promise.all([source.database(), target.database()]);
    await from.query(BIRTH);
    await from.query(LARGE);
  });
  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await daemon?.exited;
    daemon = null;
    await Promise.all([source.dispose(), target.dispose()]);
  });

  const config = (): Readonly<Record<string, unknown>> => ({
    ...copyConfig({ sourceUrl: from.url(), targetUrl: to.url(), slot: 'walcast_copy', snapshot: { workers: 1 } }),
    source: { postgres: { url: from.url() } },
    name: 'copy',
  });
  const command = async (name: string, ...args: string[]): Promise<void> => {
    const { code, stderr } = await runCommand(name, { config: config(), args });
    if (code !== 0) throw new Error(`replicate ${name} ended with ${code}: ${stderr}`);
  };
  const start = async (): Promise<Daemon> => {
    daemon = await startDaemon({ config: config(), env: await withPgDump() });
    return daemon;
  };

  it('loses tables in the middle: the daemon passes over them', async () => {
    await command('init', '--replica-identity=auto');
    const running = await start();
    const writer = await stallWriter(to, 'large');
    await from.query('drop table doomed; drop table texts cascade; drop table uniques; truncate cut_off');
    await from.query('alter table retyped alter v type text');
    writer.resume();
    await copyDone(to, 60_000, () => running.lastLines());
    await waitFor(async () => (await to.value(`select to_regclass('doomed')`)) === null, {
      what: 'the dropped table to go',
    });
    await expectEqual(from, to);
  });

  it('loses the very table that is being copied, as soon as its rows are read', async () => {
    await command('init', '--replica-identity=auto');
    const running = await start();
    const writer = await stallWriter(to, 'large');
    const dropped = from.query('drop table large');
    writer.resume();
    await dropped;
    await copyDone(to, 60_000, () => running.lastLines());
    await waitFor(async () => (await to.value(`select to_regclass('large')`)) === null, {
      what: 'the dropped table to go',
    });
    await expectEqual(from, to);
  });

  it('loses a table under a copy without a stream: given up with its name, nothing is mixed, and one that replaces is whole', async () => {
    const options = { sourceUrl: from.url(), targetUrl: to.url(), snapshot: { workers: 1 } };
    const running = copyCommand(options);
    const writer = await stallWriter(to, 'large');
    await from.query('drop table doomed');
    writer.resume();
    const failed = await running;
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('E_SNAPSHOT_MOVED');
    expect(failed.stderr).toContain('doomed');
    const refused = await copyCommand(options);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('it is not empty');
    await copied({ ...options, args: ['--on-existing', 'replace'] });
    await expectEqual(from, to);
  });

  it('invalidates the slot in the middle: warned before, told as that, and after destroy and init all of it is copied', async () => {
    await command('init', '--replica-identity=auto');
    const running = await start();
    const writer = await stallWriter(to, 'large');
    await from.query('create table much (body text)');
    await from.query(WRITE_MUCH);
    await from.query('checkpoint');
    const lost = async (): Promise<boolean> =>
      (await from.value('select wal_status from pg_replication_slots')) === 'lost';
    await waitFor(
      async () => {
        await from.query('select pg_switch_wal()');
        await from.query('checkpoint');
        return await lost();
      },
      { what: 'the slot to be invalidated' },
    );
    writer.resume();
    // Nothing that it could do by itself brings that WAL back.
    expect((await running.exited).code).toBe(3);
    expect(running.lastLines()).toContain('E_SLOT_LOST');
    expect(running.logs.some(({ msg }) => /max_slot_wal_keep_size/.test(String(msg)))).toBe(true);

    const again = await startDaemon({ config: config(), env: await withPgDump() });
    expect((await again.exited).code).toBe(3);
    expect(again.lastLines()).toContain('E_SLOT_LOST');
    await command('destroy', '--yes');
    await command('init', '--replica-identity=auto');
    await from.query('truncate much');
    await to.dispose();
    to = await target.database();
    const next = await start();
    await copyDone(to, 60_000, () => next.lastLines());
    await expectEqual(from, to);
  }, 300_000);
});
