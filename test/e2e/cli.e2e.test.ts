import { afterEach, describe, expect, it } from 'vitest';
import type { StatusReport } from '../../src/app/status/status-report.ts';
import { freePort } from '../../src/app/demo/embedded/index.ts';
import { type CommandResult, type Daemon, runCommand, startDaemon } from '../support/daemon.ts';
import { type DatabasePair, privateCluster, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

interface Setting {
  readonly pair: DatabasePair;
  readonly config: Record<string, unknown>;
  run(command: string, ...args: string[]): Promise<CommandResult>;
  status(): Promise<{ code: number; report: StatusReport }>;
  daemon(): Promise<Daemon>;
}

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setting(): Promise<Setting> {
  const pair = await testDatabases();
  cleanups.push(() => pair.dispose());
  const config = {
    name: pair.source.name,
    source: { postgres: { url: pair.source.url() } },
    targets: [{ name: 'replica', postgres: { url: pair.target.url() } }],
    snapshot: { mode: 'never' },
    server: { listen: `127.0.0.1:${await freePort()}` },
  };
  const run = (command: string, ...args: string[]) => runCommand(command, { config, args });
  return {
    pair,
    config,
    run,
    status: async () => {
      const { code, stdout } = await run('status', '--json');
      return { code, report: JSON.parse(stdout) as StatusReport };
    },
    daemon: async () => {
      const daemon = await startDaemon({ config });
      cleanups.push(() => daemon.stop());
      await waitFor(async () => (await daemon.http('/readyz').catch(() => undefined))?.status === 200, {
        what: 'the daemon to stream',
      });
      return daemon;
    },
  };
}

describe('the commands', () => {
  it('go from an untouched source to a followed one and back', async () => {
    const { pair, run, status, daemon } = await setting();
    const { source, target } = pair;

    const before = await status();
    expect(before.code).toBe(3);
    expect(before.report.problems[0]?.message).toContain('E_NOT_INITIALISED');
    const refused = await run('run');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('E_NOT_INITIALISED');

    expect((await run('check')).code).toBe(0);
    const init = await run('init', '--replica-identity=auto');
    expect(init).toMatchObject({ code: 0 });
    expect(init.stdout).toMatch(/^slot walcast_test_source_\w+: created/m);
    const again = await run('init');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/applied 0, skipped \d+/);

    const ready = await status();
    expect(ready.report).toMatchObject({ ok: true, daemon: { kind: 'none' }, targets: [{ state: 'unknown' }] });
    expect(ready.code).toBe(0);

    const running = await daemon();
    await source.query('create table t (id int primary key, v text); insert into t values (1, $$one$$)');
    await source.query('create sequence s; create unlogged table u (id int primary key)');
    await waitFor(
      () => target.value(`select count(*) = 1 as there from pg_class where relname = 'u'`).then((v) => v === 't'),
      {
        what: 'the schema on the target',
      },
    );
    const live = await status();
    expect(live.report).toMatchObject({
      ok: true,
      problems: [],
      daemon: { kind: 'reached', pid: running.pid, streaming: true },
      slot: { active: true, walStatus: 'reserved', safeBytes: null, secondsLeft: null },
      targets: [{ name: 'replica', state: 'streaming', reachable: true, ddl: 3, error: null }],
      lastDdl: { tag: 'CREATE TABLE', target: 'replica' },
    });
    expect(live.report.exceptions.map(({ kind, objects }) => [kind, objects])).toEqual([
      ['sequence', ['public.s']],
      ['unlogged-table', ['public.u']],
    ]);
    expect(live.report.migrations.map(({ set, database, pending }) => [set, database, pending])).toEqual([
      ['core', 'source', []],
      ['target', 'replica', []],
    ]);
    expect(live.code).toBe(0);
    const shown = await run('status');
    expect(shown.stdout).toMatch(/: healthy$/m);
    expect(shown.stdout).toMatch(/^replica +streaming +[0-9A-F]+\/[0-9A-F]+ /m);
    expect(shown.stdout).not.toContain('\u001b');

    const busy = await run('destroy', '--yes');
    expect(busy.code).not.toBe(0);
    expect(busy.stderr).toContain('E_SLOT_ACTIVE');

    const begun = performance.now();
    expect(await running.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - begun).toBeLessThan(10_000);
    const stopped = await status();
    expect(stopped).toMatchObject({ code: 0, report: { daemon: { kind: 'none' }, lastDdl: { tag: 'CREATE TABLE' } } });
    expect(stopped.report.targets[0]?.checkpointLsn).toMatch(/^[0-9A-F]+\//);

    expect((await run('destroy', '--yes')).code).toBe(0);
    expect(await source.value('select count(*) from pg_replication_slots where database = current_database()')).toBe(
      '0',
    );
    for (const side of [source, target]) {
      expect(await side.value(`select count(*) from pg_namespace where nspname = 'walcast'`)).toBe('0');
      expect(await side.value('select count(*) from t')).toBe('1');
    }
  });

  it('say that a target has stopped, where, and what to do, with exit code 3', async () => {
    const { pair, run, status, daemon } = await setting();
    const { source, target } = pair;
    await run('init', '--replica-identity=auto');
    await daemon();
    await source.query('create table t (id int primary key); insert into t values (1), (2)');
    await waitFor(() => target.value(`select to_regclass('t') is not null`).then((v) => v === 't'), {
      what: 'the table',
    });
    await target.query('delete from t where id = 2');
    await source.query('delete from t where id = 2');
    const report = await waitFor(
      async () => {
        const seen = await status();
        return seen.report.targets[0]?.state === 'stopped' && seen;
      },
      { what: 'the target to stop' },
    );
    expect(report.code).toBe(3);
    expect(report.report.problems).toMatchObject([{ where: 'target replica' }]);
    expect(report.report.problems[0]?.message).toContain('E_TARGET_CONFLICT');
    expect(report.report.problems[0]?.hint).toBeTruthy();
    const shown = await run('status');
    expect(shown.stdout).toContain('unhealthy, 1 problem');
    expect(shown.stdout).toContain('what to do:');
  });

  it('notice event triggers that somebody has disabled', async () => {
    const { pair, run, status } = await setting();
    await run('init', '--replica-identity=auto');
    await pair.source.query('alter event trigger "!walcast_2_end" disable');
    const { code, report } = await status();
    expect(code).toBe(3);
    expect(report.problems.map(({ message }) => message).join()).toContain('!walcast_2_end');
  });

  it('tell how long the WAL of the slot still lasts at the rate of the moment', async () => {
    const source = await privateCluster({ role: 'source', settings: { max_slot_wal_keep_size: '256MB' } });
    cleanups.push(() => source.dispose());
    const database = await source.database();
    const config = {
      source: { postgres: { url: database.url() } },
      targets: [{ name: 'replica', postgres: { url: source.cluster.url() } }],
      server: { listen: `127.0.0.1:${await freePort()}` },
    };
    await runCommand('init', { config, args: ['--replica-identity=auto'] });
    const writing = new AbortController();
    const written = (async () => {
      while (!writing.signal.aborted) {
        await database.query(
          `select pg_logical_emit_message(false, 'test', repeat('x', 100000)), pg_sleep(0.005) from generate_series(1, 10)`,
        );
      }
    })();
    try {
      const { stdout } = await runCommand('status', { config, args: ['--json'] });
      const { slot } = JSON.parse(stdout) as StatusReport;
      expect(slot?.safeBytes).toBeGreaterThan(1_000_000);
      expect(slot?.safeBytes).toBeLessThan(300 * 2 ** 20);
      expect(slot?.retainedBytes).toBeGreaterThan(0);
      expect(slot?.secondsLeft).toBeGreaterThanOrEqual(0);
      expect(slot?.secondsLeft).toBeLessThan(3_600);
    } finally {
      writing.abort();
      await written;
    }
    const quiet = await runCommand('status', { config });
    expect(quiet.stdout).toMatch(/slot .* (MB|kB|B) left \(/);
  });

  it('end with 75 for a source that does not answer, and tell the temporary from the wrong', async () => {
    const config = {
      source: { postgres: { url: `postgres://postgres@127.0.0.1:${await freePort()}/x` } },
      targets: [{ name: 'replica', postgres: { url: `postgres://postgres@127.0.0.1:${await freePort()}/x` } }],
    };
    const init = await runCommand('init', { config });
    expect(init).toMatchObject({ code: 75, stdout: '' });
    expect(init.stderr).toContain('error E_SOURCE_CONNECTION');
    const status = await runCommand('status', { config });
    expect(status.code).toBe(3);
    expect(status.stdout).toContain('not reachable');
  });
});
