import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/app/demo/embedded/index.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import { sharedBuild } from '../support/broker.ts';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { newestMajor, testMajors } from '../support/majors.ts';
import { prepareSource, PUBLICATION, TestPipeline } from '../support/pipeline.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { functionText, newerMigrations } from './support/install.ts';

/** Migrations of a later walcast, whose triggers send messages of that version, with a field that nobody knows yet. */
async function migrationsOfVersion(version: number): Promise<string> {
  const [emit, announce] = [await functionText('core', 'emit'), await functionText('core', 'announce_key')];
  const later = (text: string): string =>
    text.replaceAll(`'v', 1,`, `'v', ${version}, 'unheard_of', json_build_object('a', 1),`);
  expect(later(emit)).not.toBe(emit);
  return newerMigrations({
    core: {
      later_emit: { up: later(emit), down: emit },
      later_announce_key: { up: later(announce), down: announce },
      later_table: { up: 'create table walcast.later (id int primary key);', down: 'drop table walcast.later;' },
    },
  });
}

/** A plain user who changes schemas and rows without a pause, but never far ahead of the daemon. */
class Writer {
  readonly #running: Promise<void>;
  #stopped = false;
  longestMs = 0;
  rounds = 0;

  constructor(source: TestDatabase, name: string, caughtUp: () => Promise<void>) {
    this.#running = this.#write(source, name, caughtUp);
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #write(source: TestDatabase, name: string, caughtUp: () => Promise<void>): Promise<void> {
    const client = await source.client('app');
    for (let i = 0; !this.#stopped; i++) {
      for (const sql of [
        `create table ${name}_${i} (id int primary key, v text)`,
        `begin; insert into ${name}_${i} values (1, 'a'); alter table ${name}_${i} add w int default ${i}; insert into ${name}_${i} values (2, 'b', 2); commit`,
        `alter table ${name}_${i} alter w type bigint; update ${name}_${i} set v = 'c'`,
        ...(i % 3 === 0 ? [`drop table ${name}_${i}`] : []),
      ]) {
        const started = performance.now();
        await client.query(sql);
        this.longestMs = Math.max(this.longestMs, performance.now() - started);
      }
      this.rounds++;
      if (this.rounds % 5 === 0) await caughtUp();
    }
    await client.end();
  }
}

describe.each(testMajors())('an upgrade of the source on PostgreSQL %i', (major) => {
  let newer: string;
  let pair: DatabasePair;
  let pipeline: TestPipeline | undefined;

  beforeAll(async () => {
    newer = await migrationsOfVersion(2);
  });
  afterAll(() => rm(newer, { recursive: true }));
  beforeEach(async () => {
    pair = await testDatabases({ major });
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    await pair.dispose();
  });

  it('goes on beside an older daemon and users who change their schema: nothing is lost, nobody waits', async () => {
    const { source, target } = pair;
    const slot = `${source.name}_slot`;
    await prepareSource(source, slot);
    pipeline = new TestPipeline({ source, targets: [{ name: 'replica', url: target.url() }], slot });
    const running = pipeline;
    const writers = ['one', 'two'].map((name) => new Writer(source, name, () => running.caughtUp(60_000)));
    await waitFor(() => writers.every(({ rounds }) => rounds >= 3), {
      what: 'the writers to be at work',
      timeoutMs: 60_000,
    });
    const before = writers.map(({ rounds }) => rounds);
    for (const writer of writers) writer.longestMs = 0;

    const started = performance.now();
    const options = { url: source.url(), slot, publication: PUBLICATION, migrationsFolder: newer };
    const report = await initSource({ ...options, sets: ['core', 'injector'] });
    const upgradeMs = performance.now() - started;
    // Whatever was under way or begun meanwhile has ended: its wait counts.
    await waitFor(() => writers.every(({ rounds }, index) => rounds > (before[index] ?? 0)), {
      what: 'what the writers did meanwhile to end',
      timeoutMs: 60_000,
    });
    const longest = Math.max(...writers.map(({ longestMs }) => longestMs));
    expect(report.migrations.map(({ applied }) => applied.length > 0)).toEqual([true, true]);
    // The busy machine makes statements slow, an upgrade that locks them out makes one as long as itself.
    expect(longest).toBeLessThan(Math.max(1_000, upgradeMs / 2));

    const after = writers.map(({ rounds }) => rounds);
    await waitFor(() => writers.every(({ rounds }, index) => rounds >= (after[index] ?? 0) + 3), {
      what: 'messages of the new version',
      timeoutMs: 60_000,
    });
    await Promise.all(writers.map((writer) => writer.stop()));
    await running.caughtUp(60_000);
    expect(running.supervisor.forged).toBe(0);
    expect(running.supervisor.reconnects).toBe(0);
    await expectEqual(source, target);
  }, 300_000);
});

describe('a daemon two versions behind', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** The built walcast as the version that follows it. */
  async function nextVersion(): Promise<string> {
    await sharedBuild();
    const folder = await mkdtemp(join(tmpdir(), 'walcast-next-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    await cp(join(PACKAGE_ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
    for (const name of ['node_modules', 'migrations', 'package.json'])
      await symlink(join(PACKAGE_ROOT, name), join(folder, name));
    const file = join(folder, 'dist', 'ddl', 'message-verifier.js');
    const code = await readFile(file, 'utf8');
    expect(code).toContain('MESSAGE_VERSION = 1;');
    await writeFile(file, code.replace('MESSAGE_VERSION = 1;', 'MESSAGE_VERSION = 2;'));
    return join(folder, 'dist', 'cli', 'main.js');
  }

  it('stops at the first message that it cannot read, says where and what to do, and its successor goes on from there', async () => {
    const pair = await testDatabases({ major: newestMajor() });
    cleanups.push(() => pair.dispose());
    const { source, target } = pair;
    const options = { url: source.url(), slot: `${source.name}_slot`, publication: `${source.name}_pub` };
    await initSource(options);
    const config = {
      name: source.name,
      source: { postgres: { url: source.url(), slot: options.slot, publication: options.publication } },
      targets: [{ name: 'replica', postgres: { url: target.url() } }],
      snapshot: { mode: 'never' },
    };
    const daemon = async (program?: string): Promise<Daemon> => {
      const running = await startDaemon({ config, ...(program === undefined ? {} : { program }) });
      cleanups.push(() => running.stop());
      return running;
    };
    const old = await daemon();
    await source.query('create table t (id int primary key); insert into t values (1)');
    await waitFor(async () => (await target.value(`select to_regclass('public.t') is not null`)) === 't', {
      what: 'the old daemon',
    });

    const newer = await migrationsOfVersion(3);
    cleanups.push(() => rm(newer, { recursive: true }));
    await initSource({ ...options, migrationsFolder: newer });
    await source.query('insert into t values (2)');
    const from = await source.value('select pg_current_wal_insert_lsn()');
    await source.query('alter table t add v int; insert into t values (3, 3)');
    const line = await old.waitForLog(({ code }) => code === 'E_DDL_MESSAGE_VERSION', 'the unknown version');
    expect(line).toMatchObject({ level: 'error' });
    expect(line['hint']).toContain('Install the version of walcast that ran `init`');
    expect(line['msg']).toContain(`at ${String(line['lsn'])} `);
    expect(await source.value('select $1::pg_lsn >= $2::pg_lsn', [String(line['lsn']), from ?? ''])).toBe('t');
    expect((await old.http('/status')).body).toContain('E_DDL_MESSAGE_VERSION');
    expect((await old.http('/readyz')).status).toBe(503);
    await source.query('alter table t add w int; insert into t values (4, 4, 4)');
    expect(
      await target.value(`select count(*) from pg_attribute where attrelid = 'public.t'::regclass and attnum > 0`),
    ).toBe('1');
    expect(
      await source.value(`select confirmed_flush_lsn < $2::pg_lsn from pg_replication_slots where slot_name = $1`, [
        options.slot,
        String(line['lsn']),
      ]),
    ).toBe('t');
    await old.stop();

    const next = await daemon(await nextVersion());
    await waitFor(async () => (await target.value('select count(*) from public.t').catch(() => '')) === '4', {
      what: 'the next version to catch up',
      timeoutMs: 30_000,
    }).catch((cause: unknown) => {
      throw new Error(next.lastLines(), { cause });
    });
    await expectEqual(source, target);
  }, 180_000);
});
