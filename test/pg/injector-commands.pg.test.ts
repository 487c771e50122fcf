import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import type { StatusReport } from '../../src/app/status/status-report.ts';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, runCommand, startDaemon } from '../support/daemon.ts';
import { newestMajor } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { newerMigrations } from './support/install.ts';
import { schemaDump } from './support/schema-dump.ts';

describe('the commands with the injector', () => {
  let pair: DatabasePair;
  let options: { url: string; slot: string; publication: string };
  let config: Record<string, unknown>;

  beforeEach(async () => {
    pair = await testDatabases({ major: newestMajor() });
    const { source, target } = pair;
    options = { url: source.url(), slot: `${source.name}_slot`, publication: `${source.name}_pub` };
    config = {
      name: source.name,
      source: { postgres: { url: source.url(), slot: options.slot, publication: options.publication } },
      targets: [{ name: 'replica', postgres: { url: target.url() } }],
      snapshot: { mode: 'never' },
    };
  });
  afterEach(() => pair.dispose());

  const setsOfStatus = async (): Promise<string[]> => {
    const report = JSON.parse((await runCommand('status', { config, args: ['--json'] })).stdout) as StatusReport;
    return report.migrations.filter(({ database }) => database === 'source').map(({ set }) => set);
  };
  const triggers = (): Promise<string | null | undefined> =>
    pair.source.value('select string_agg(evtname, $$ $$ order by evtname) from pg_event_trigger');

  it('install both, keep both up to date, and take away one or both', async () => {
    const { source } = pair;
    const untouched = await schemaDump(source);
    const plain = await runCommand('init', { config });
    expect(plain.stderr).toBe('');
    const coreOnly = await triggers();
    const both = await runCommand('init', { config, args: ['--with-injector'] });
    expect(both).toMatchObject({ code: 0 });
    expect(both.stdout).toMatch(/^migrations core: applied 0, skipped \d+$/m);
    expect(both.stdout).toMatch(/^migrations injector: applied 13, skipped 0$/m);
    expect(await triggers()).toBe(`!walcast_0_drop !walcast_0_end ${coreOnly ?? ''}`);
    expect(await setsOfStatus()).toEqual(['core', 'injector']);

    const newer = await newerMigrations({
      injector: {
        later: { up: 'create table walcast.later (id int primary key);', down: 'drop table walcast.later;' },
      },
    });
    try {
      const upgraded = await initSource({ ...options, migrationsFolder: newer });
      expect(upgraded.migrations.map(({ set, applied }) => [set, ...applied])).toEqual([
        ['core'],
        ['injector', '0013_later'],
      ]);
      const refused = await runCommand('init', { config });
      expect(refused.stderr).toContain('injector/0013_later, which this version does not know');
      await source.query(`drop table walcast.later; delete from walcast.schema_migrations where name = 'later'`);
    } finally {
      await rm(newer, { recursive: true });
    }

    const asked = await runCommand('destroy', { config, args: ['--set', 'injector'] });
    expect(asked).toMatchObject({ code: 2 });
    expect(asked.stderr).toContain('this would remove the injector from');
    expect((await runCommand('destroy', { config, args: ['--set', 'injector', '--yes'] })).stdout).toBe(
      'source: injector: its triggers and the ids of the tables are gone\n',
    );
    expect(await triggers()).toBe(coreOnly);
    expect(await setsOfStatus()).not.toContain('injector');
    expect((await destroySource({ ...options, set: 'injector' })).steps).toEqual(['injector: not installed']);
    expect((await runCommand('init', { config })).stdout).not.toContain('injector');

    await initSource({ ...options, sets: ['core', 'injector'] });
    expect((await runCommand('destroy', { config, args: ['--yes'] })).code).toBe(0);
    expect(await schemaDump(source)).toEqual(untouched);
  }, 120_000);

  it('give ids to a table of a transaction that was open during the installation', async () => {
    const { source } = pair;
    await initSource(options);
    const open = await source.client('app');
    await open.query('begin; create table late (id int primary key)');
    const installing = initSource({ ...options, sets: ['core', 'injector'] });
    await waitFor(() => source.value(`select 1 where to_regclass('walcast.table_ids') is not null`), {
      what: 'the injector',
    });
    await open.query('commit');
    await installing;
    expect(await source.value(`select id from walcast.table_ids where relation = 'late'::regclass`)).toMatch(
      /^[0-9a-f]{16}$/,
    );
    await open.end();
  });

  it('renew the key while the daemon is killed again and again: nothing is lost', async () => {
    const { source, target } = pair;
    const client = await source.client('app');
    await initSource(options);
    let daemon: Daemon | undefined;
    try {
      for (let round = 1; round <= 4; round++) {
        daemon = await startDaemon({ config });
        await client.query(`create table t_${round} (id int primary key); insert into t_${round} values (1)`);
        if (round > 1) {
          await waitFor(
            async () => (await target.value(`select to_regclass('public.t_${round - 1}') is not null`)) === 't',
            {
              what: 'the daemon to be at work',
              timeoutMs: 30_000,
            },
          ).catch((cause: unknown) => {
            throw new Error(daemon?.lastLines(), { cause });
          });
        }
        const rotated = runCommand('init', { config, args: ['--rotate-key'] });
        const seen = await waitFor(
          async () => Number(await source.value('select max(generation) from walcast.key')) > round,
          { what: 'the key' },
        );
        expect(seen).toBe(true);
        await client.query(`alter table t_${round} add v int; insert into t_${round} values (2, 2)`);
        daemon.kill('SIGKILL');
        await daemon.exited;
        const { code, stdout } = await rotated;
        expect(code).toBe(0);
        expect(stdout).toContain(`key of the messages: generation ${round + 1} signs from now on`);
        expect(stdout).toContain(`key of the messages: generation ${round} is refused from now on`);
        await client.query(`alter table t_${round} add w int; insert into t_${round} values (3, 3, 3)`);
      }
      daemon = await startDaemon({ config });
      await waitFor(async () => (await target.value(`select count(*) from public.t_4`).catch(() => '')) === '3', {
        what: 'the daemon to catch up',
        timeoutMs: 60_000,
      });
      await expectEqual(source, target);
      await daemon.stop();
      expect((await runCommand('destroy', { config, args: ['--yes'] })).code).toBe(0);
      expect(await source.value(`select count(*) from pg_namespace where nspname = 'walcast'`)).toBe('0');
    } finally {
      await daemon?.stop();
      await client.end();
    }
  }, 180_000);
});
