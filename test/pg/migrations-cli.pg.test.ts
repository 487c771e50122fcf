import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { withInstallLock } from '../../src/migrate/lock.ts';
import { migrateLocked } from '../../src/migrate/migrate.ts';
import { label } from '../../src/migrate/migration.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { CLI } from '../support/build.ts';
import { sharedBuild } from '../support/broker.ts';
import { type CommandResult, runCommand } from '../support/daemon.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

interface SetJson {
  readonly set: string;
  readonly database: string;
  readonly version: number | null;
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  readonly error: { readonly code: string; readonly hint: string } | null;
}

describe.each(testMajors())('the commands of migrations on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let folder: string;
  let config: Record<string, unknown>;
  let core: string[];
  let target: string[];

  beforeEach(async () => {
    pair = await testDatabases({ major });
    folder = await mkdtemp(join(tmpdir(), 'walcast-migrations-'));
    config = {
      source: { postgres: { url: pair.source.url(), slot: `${pair.source.name}_slot` } },
      targets: [{ name: 'replica', postgres: { url: pair.target.url() } }],
      server: { listen: '127.0.0.1:0' },
    };
    [core, target] = (await Promise.all(
      (['core', 'target'] as const).map(async (set) => (await readMigrations(set)).map(label)),
    )) as [string[], string[]];
  });
  afterEach(async () => {
    await pair.dispose();
    await rm(folder, { recursive: true });
  });

  const command = (name: string, args: readonly string[] = []): Promise<CommandResult> =>
    runCommand(name, { args, config, env: { XDG_STATE_HOME: folder } });
  const lastLine = ({ stdout }: CommandResult): string => stdout.trimEnd().split('\n').at(-1) ?? '';
  const sets = async (name: string): Promise<SetJson[]> => {
    const json: unknown = JSON.parse((await command(name, ['--json'])).stdout);
    return Array.isArray(json) ? (json as SetJson[]) : (json as { migrations: SetJson[] }).migrations;
  };
  const migrateSource = async (count: number): Promise<void> => {
    const session = await ClientSession.connect(pair.source.url(), 'source');
    await migrateLocked(session, [(await readMigrations('core')).slice(0, count)]);
    await session.close();
  };

  it('init says at its end how many it applied: all, then none', async () => {
    const first = await command('init');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(lastLine(first)).toBe(`applied ${core.length}, skipped 0`);
    expect(lastLine(await command('init'))).toBe(`applied 0, skipped ${core.length}`);
  });

  it.each(['status', 'migrations status'])('%s --json shows every set before, between and after', async (name) => {
    const none = { version: null, applied: [], failed: [], error: null };
    const ofTarget = { set: 'target', database: 'replica', pending: target, ...none };
    const all = {
      set: 'core',
      database: 'source',
      version: core.length - 1,
      applied: core,
      pending: [],
      failed: [],
      error: null,
    };
    expect(await sets(name)).toEqual([{ set: 'core', database: 'source', pending: core, ...none }, ofTarget]);
    await migrateSource(5);
    const some = { ...all, version: 4, applied: core.slice(0, 5), pending: core.slice(5) };
    expect(await sets(name)).toEqual([some, ofTarget]);
    expect((await command(name)).stdout).toContain(core[5]);
    await command('init');
    expect(await sets(name)).toEqual([all, ofTarget]);
  });

  it('status shows what failed: a file that changed, a later version, a set that is not known, an unverified one', async () => {
    await command('init');
    const changed = `update walcast.schema_migrations set checksum = 'x' where set = 'core' and version = 1`;
    await pair.source.query(changed);
    expect(await sets('migrations status')).toMatchObject([{ failed: [core[1]], error: { code: 'E_MIGRATION' } }, {}]);
    const text = await command('migrations status');
    expect(text.code).toBe(3);
    expect(text.stdout).toMatch(/core\/0001_\w+\.up\.sql is not the file that was applied[^]*what to do: /);
    await pair.source.query(`update walcast.schema_migrations set checksum = '${(await readMigrations('core'))[1]?.checksum ?? ''}' where set = 'core' and version = 1;
      insert into walcast.schema_migrations values ('core', 900, 'later', 'x', now(), '0', '9.9.9', now()), ('later', 3, 'unknown', 'x', now(), '0', '9.9.9', now())`);
    expect(await sets('migrations status')).toMatchObject([
      {
        set: 'core',
        version: 900,
        failed: ['0900_later'],
        error: { code: 'E_MIGRATION', hint: expect.stringContaining('9.9.9') as unknown },
      },
      { set: 'later', version: 3, failed: ['0003_unknown'], error: { code: 'E_MIGRATION' } },
      {},
    ]);
    expect((await command('status')).stdout).toContain(
      'later on source: version 3, 1 applied, 1 failed (0003_unknown), E_MIGRATION',
    );
    await pair.source.query(`delete from walcast.schema_migrations where version = 900 or set = 'later';
      update walcast.schema_migrations set verified_at = null, failure = 'the index is not valid' where version = ${core.length - 1}`);
    expect(await sets('migrations status')).toMatchObject([
      {
        version: core.length - 2,
        pending: core.slice(-1),
        failed: core.slice(-1),
        error: { code: 'E_MIGRATION_UNFINISHED' },
      },
      {},
    ]);
  });

  it('two processes of init at once: one works, the other waits and finds it done', async () => {
    const both = await Promise.all([command('init'), command('init')]);
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    expect(both.map(lastLine).sort()).toEqual([
      `applied 0, skipped ${core.length}`,
      `applied ${core.length}, skipped 0`,
    ]);
  });

  it('whoever waits for another installation is told for whom', async () => {
    const other = await pair.source.client('app');
    await other.query(`set application_name = 'another one'; select pg_advisory_lock(x'77616c63617374'::bigint)`);
    const [row] = (await other.query<{ pid: string }>('select pg_backend_pid() as pid')).rows;
    await sharedBuild();
    let stderr = '';
    const env = { ...process.env, REPLICATE_SOURCE_URL: pair.source.url(), XDG_STATE_HOME: folder };
    const ended = new Promise<string>((resolve) => {
      const args = [CLI, 'init', '--slot', `${pair.source.name}_slot`];
      const child = execFile(process.execPath, args, { env }, (_error, stdout) => resolve(stdout));
      child.stderr?.on('data', (text: string) => (stderr += text));
    });
    await waitFor(() => stderr.includes('\n'), { what: 'the message' });
    const who = `the server process ${row?.pid ?? ''} (another one, role app, from 127.0.0.1), connected since `;
    expect(stderr).toContain(`waiting for another installation in this database: ${who}`);
    await other.end();
    expect(await ended).toMatch(new RegExp(`applied ${core.length}, skipped 0\n$`));
  });

  it('a role that may not see others is told what it may see', async () => {
    const other = await pair.target.client();
    await other.query(`select pg_advisory_lock(x'77616c63617374'::bigint)`);
    const [row] = (await other.query<{ pid: string }>('select pg_backend_pid() as pid')).rows;
    const bob = await ClientSession.connect(pair.target.url('bob'), 'target');
    const told: string[] = [];
    const waiting = withInstallLock(bob, { waitMs: 1_500, onWait: (message) => told.push(message) }, () =>
      Promise.resolve(),
    );
    await expect(waiting).rejects.toMatchObject({ code: 'E_INSTALL_LOCKED', retryable: true });
    await bob.close();
    expect(told).toEqual([
      expect.stringContaining(`the server process ${row?.pid ?? ''} (role postgres), connected since unknown`),
    ]);
  });

  it('baseline records what was done by hand, and refuses what was not', async () => {
    const half = Math.floor(core.length / 2);
    const refused = async (args: readonly string[], code: number, reason: RegExp): Promise<void> => {
      const result = await command('migrations baseline', args);
      expect(result).toMatchObject({ code, stdout: '' });
      expect(result.stderr).toMatch(reason);
    };
    await refused(['--set', 'core', '--upto', '3'], 1, /there is no schema walcast[^]*replicate init/);
    await refused(
      ['--set', 'core', '--upto', '999'],
      2,
      new RegExp(`the set core has 0 to ${core.length - 1}, not 999`),
    );
    await refused(['--set', 'core', '--upto', 'x'], 2, /whole number/);
    await refused(['--set', 'nonsense', '--upto', '3'], 2, /core/);
    await refused(['--set', 'core', '--upto', '3', '--target', 'replica'], 2, /belongs to the source/);
    await refused(['--set', 'target', '--upto', '3', '--target', 'nobody'], 2, /no target nobody[^]*replica/);
    // by hand: the files one after the other, and no table of records
    const hand = await pair.source.client();
    for (const { up } of (await readMigrations('core')).slice(0, half + 1)) {
      await hand.query(`set search_path = pg_catalog, pg_temp; begin; ${up}; commit`);
    }
    await hand.query('drop table walcast.schema_migrations');
    await refused(
      ['--set', 'core', '--upto', String(core.length - 1)],
      1,
      /is not done here, nothing was recorded: [^]*--upto/,
    );
    expect(await pair.source.value(`select to_regclass('walcast.schema_migrations')`)).toBeNull();
    const done = await command('migrations baseline', ['--set', 'core', '--upto', String(half)]);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(lastLine(done)).toBe(`recorded ${half + 1}, skipped 0`);
    expect(await sets('migrations status')).toMatchObject([
      { version: half, pending: core.slice(half + 1), error: null },
      {},
    ]);
    expect(lastLine(await command('migrations baseline', ['--set', 'core', '--upto', String(half)]))).toBe(
      `recorded 0, skipped ${half + 1}`,
    );
    await refused(['--set', 'core', '--upto', String(half - 1)], 1, /is recorded, which comes after/);
    await pair.source.query('delete from walcast.schema_migrations where version = 2');
    await refused(
      ['--set', 'core', '--upto', String(half)],
      1,
      /0002_\w+\.up\.sql is not recorded although later ones are[^]*DELETE the records of the set core/,
    );
    // as the error says
    await pair.source.query(`delete from walcast.schema_migrations where set = 'core'`);
    await command('migrations baseline', ['--set', 'core', '--upto', String(half)]);
    expect(lastLine(await command('init'))).toBe(`applied ${core.length - half - 1}, skipped ${half + 1}`);
  });

  it('baseline of a target finds the only one, and knows what other objects need as there', async () => {
    const session = await ClientSession.connect(pair.target.url(), 'target');
    const files = await readMigrations('target');
    await migrateLocked(session, [files]);
    await session.execute(`create view walcast.needs_it as select * from walcast.checkpoint;
      delete from walcast.schema_migrations where version > 0`);
    await session.close();
    const result = await command('migrations baseline', ['--set', 'target', '--upto', String(files.length - 1)]);
    expect(lastLine(result)).toBe(`recorded ${files.length - 1}, skipped 1`);
    expect(await pair.target.value(`select count(*) from walcast.needs_it`)).toBe('0');
  });

  it('backup writes a file for each database that has something, and prints the paths', async () => {
    expect(await command('migrations backup')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'source: nothing of walcast is installed there\ntarget replica: nothing of walcast is installed there\n',
    });
    await command('init');
    const { stdout, stderr } = await command('migrations backup');
    expect(stderr).toBe('target replica: nothing of walcast is installed there\n');
    const path = stdout.trim();
    expect(path).toMatch(
      new RegExp(`^${folder}/walcast/backups/walcast-${pair.source.name}-[0-9TZ]+-[0-9a-f]{6}\\.sql$`),
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'walcast/backups'))).mode & 0o777).toBe(0o700);
    expect((await command('migrations backup', ['--side', 'source', '--backup-dir', folder])).stdout).toContain(
      `${folder}/walcast-`,
    );
    expect((await command('migrations backup', ['replica'])).stdout).toBe('');
    expect((await command('migrations backup', ['nobody'])).code).toBe(2);
    const missing = await command('migrations backup', ['--backup-dir', join(folder, 'missing')]);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/error E_BACKUP: .*ENOENT[^]*--backup-dir/);
  });

  it('backup of much takes little memory', async () => {
    await command('init');
    await pair.source.query(`create table walcast.large (id int, body text);
      insert into walcast.large select g, repeat(md5(g::text), case when g % 100 = 0 then 100000 else 100 end) from generate_series(1, 6000) g`);
    const args = ['--side', 'source', '--backup-dir', folder];
    // the text of the table is many times what the heap may hold
    const env = { NODE_OPTIONS: '--max-old-space-size=48' };
    const { stdout } = await runCommand('migrations backup', { args, config, env });
    expect((await stat(stdout.trim())).size).toBeGreaterThan(200 * 2 ** 20);
  });

  it('init on a full disk saves nothing and migrates nothing, then both', async () => {
    await migrateSource(core.length - 1);
    await pair.source.query(`update walcast.schema_migrations set tool_version = '0.0.1';
      create table walcast.filler (body text); insert into walcast.filler select repeat(md5(g::text), 100) from generate_series(1, 400) g`);
    await sharedBuild();
    const init = (limit: string): Promise<CommandResult> =>
      new Promise((resolve) => {
        // the shell's limit on the size of a file; ignored, its signal leaves the write to fail
        const script = `trap '' XFSZ; ${limit}; exec "$@"`;
        const slot = `${pair.source.name}_slot`;
        const words = ['-c', script, 'sh', process.execPath, CLI, 'init', '--slot', slot, '--backup-dir', folder];
        const env = { ...process.env, REPLICATE_SOURCE_URL: pair.source.url() };
        execFile('bash', words, { env }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        });
      });
    const failed = await init('ulimit -f 512');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error E_BACKUP: no backup could be written to .*, so nothing was migrated: EFBIG/);
    expect(await readdir(folder)).toEqual([]);
    expect(await pair.source.value('select count(*) from walcast.schema_migrations')).toBe(String(core.length - 1));
    const done = await init('true');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const [file = ''] = await readdir(folder);
    const [first = ''] = done.stdout.split('\n');
    expect(first).toBe(
      `backup of the schema walcast before the upgrade of the set core from 0.0.1 to 0.1.0: ${join(folder, file)}`,
    );
    expect(await readFile(join(folder, file), 'utf8')).toContain('commit;');
    expect(lastLine(done)).toBe(`applied 1, skipped ${core.length - 1}`);
  });
});
