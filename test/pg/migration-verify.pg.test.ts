import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { describeResult, type MigrationResult } from '../../src/migrate/migration.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { MIGRATIONS_FOLDER, readMigrations } from '../../src/migrate/read-migrations.ts';
import { migrationRecords } from '../../src/migrate/records.ts';
import { writeVerifyFiles } from '../../tools/migrations/write-verify-files.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const TABLE = { '0001_t.up.sql': 'create table walcast.t (a int)', '0001_t.down.sql': 'drop table walcast.t' };
const INDEX = {
  '0002_t_a.up.sql': 'create index if not exists t_a on walcast.t (a)',
  '0002_t_a.down.sql': 'drop index if exists walcast.t_a',
};

describe.each(testMajors())('a migration that is verified, on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let session: ClientSession;
  let folder: string;
  const sessions: ClientSession[] = [];

  const connect = async (): Promise<ClientSession> => {
    const opened = await ClientSession.connect(pair.source.url(), 'source');
    sessions.push(opened);
    return opened;
  };
  /** Adds files to the set `target` of a folder of its own, with the verify files that the generator makes. */
  const add = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'target', name), `${text};\n`);
    expect((await writeVerifyFiles(folder)).problems).toEqual([]);
  };
  const run = (verifyMs = 30_000, on = session): Promise<MigrationResult> =>
    migrate(on, { set: 'target', folder, verifyMs });
  const unfinished = async (): Promise<(string | null)[]> =>
    (await migrationRecords(session, 'target')).filter(({ finished }) => !finished).map(({ failure }) => failure);
  const isValid = (): Promise<string | null | undefined> =>
    pair.source.value(`select indisvalid from pg_index where indexrelid = 'walcast.t_a'::regclass`);
  const recorded = (): Promise<string | null | undefined> =>
    pair.source.value(`select count(*) from walcast.schema_migrations where version = 2`);
  /** What a build that failed leaves behind. */
  const leaveInvalidIndex = async (): Promise<void> => {
    await pair.source.query('insert into walcast.t values (1), (1)');
    await expect(pair.source.query('create unique index concurrently t_a on walcast.t (a)')).rejects.toThrow();
    expect(await isValid()).toBe('f');
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walcast-migrations-'));
    await mkdir(join(folder, 'target'));
    for (const way of ['up', 'down']) {
      const file = join('target', `0000_bootstrap.${way}.sql`);
      await cp(join(MIGRATIONS_FOLDER, file), join(folder, file));
    }
    pair = await testDatabases({ major });
    session = await connect();
    await add(TABLE);
    await run();
    await add(INDEX);
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((opened) => opened.close()));
    await pair.dispose();
    await rm(folder, { recursive: true });
  });

  it('is applied at once when nobody else is at work, and only once', async () => {
    expect((await readMigrations('target', folder)).map(({ verify }) => verify !== null)).toEqual([false, false, true]);
    expect(await run()).toEqual({ set: 'target', applied: ['0002_t_a'], skipped: 2 });
    expect(await isValid()).toBe('t');
    expect(await unfinished()).toEqual([]);
    expect(describeResult(await run())).toBe('applied 0, skipped 3');
  });

  it.each([
    ['an old snapshot', 'begin isolation level repeatable read; select 1', 'waiting for old snapshots'],
    ['a writer', 'begin; insert into walcast.t values (1)', 'waiting for writers before build'],
  ])(
    'waits for a build that another session has begun and %s holds up, and does not disturb it',
    async (_, hold, phase) => {
      const holder = await pair.source.client();
      await holder.query(hold);
      const builder = await pair.source.client();
      const build = builder.query('create index concurrently t_a on walcast.t (a)').then(
        () => 'built',
        (error: unknown) => String(error),
      );
      await waitFor(
        async () => (await pair.source.value('select max(phase) from pg_stat_progress_create_index')) === phase,
        { what: `the build to be ${phase}` },
      );
      expect(await isValid()).toBe('f');

      let settled = false;
      const migration = run().finally(() => (settled = true));
      migration.catch(() => undefined);
      const attempts = new Set<string>();
      const waiting = async (): Promise<boolean> => {
        const start = await pair.source.value(
          `select xact_start from pg_stat_activity where pid = ${session.processId} and wait_event_type = 'Lock'`,
        );
        if (typeof start === 'string') attempts.add(start);
        return typeof start === 'string' && attempts.size >= 4;
      };
      await waitFor(waiting, { what: 'the migration to try for the fourth time' });
      expect(settled).toBe(false);
      await holder.query('commit');

      expect(await build).toBe('built');
      expect((await migration).applied).toEqual(['0002_t_a']);
      expect(await isValid()).toBe('t');
      expect(await unfinished()).toEqual([]);
    },
  );

  it('is through when somebody repairs, while it waits, what IF NOT EXISTS had skipped', async () => {
    await leaveInvalidIndex();
    const migration = run();
    migration.catch(() => undefined);
    await waitFor(async () => (await recorded()) === '1', { what: 'the migration to be recorded' });
    expect(await unfinished()).toEqual([null]);
    await pair.source.query('delete from walcast.t');
    await pair.source.query('reindex index walcast.t_a');
    expect((await migration).applied).toEqual(['0002_t_a']);
    expect(await unfinished()).toEqual([]);
  });

  it('fails with what to do when the index stays invalid, and runs again as a whole after that was done', async () => {
    await leaveInvalidIndex();
    for (let attempt = 0; attempt < 2; attempt++) {
      const failure = run(200);
      await expect(failure).rejects.toThrow(
        /target\/0002_t_a\.up\.sql is not finished after .*: the index walcast\.t_a of walcast\.t is not valid/,
      );
      await expect(failure).rejects.toMatchObject({
        code: 'E_MIGRATION_UNFINISHED',
        hint: expect.stringMatching(/pg_stat_progress_create_index.*drop the index walcast\.t_a\. Then run/) as unknown,
        fields: { file: 'target/0002_t_a.up.sql' },
      });
      expect(await unfinished()).toEqual(['the index walcast.t_a of walcast.t is not valid']);
    }
    await pair.source.query('drop index walcast.t_a');
    expect((await run()).applied).toEqual(['0002_t_a']);
    expect(await isValid()).toBe('t');
    expect(
      await pair.source.query('select from walcast.schema_migrations where verified_at is null or failure is not null'),
    ).toEqual([]);
  });

  it('fails when something else has its name', async () => {
    await pair.source.query('create table walcast.u (a int); create index t_a on walcast.u (a)');
    await expect(run(0)).rejects.toThrow(/walcast\.t_a is there, but not as an index of walcast\.t/);
  });

  it('does not stand as applied when its process was ended between the change and the look at it', async () => {
    await leaveInvalidIndex();
    const dying = await connect();
    const migration = run(30_000, dying);
    migration.catch(() => undefined);
    await waitFor(async () => (await recorded()) === '1', { what: 'the migration to be recorded' });
    await pair.source.query(`select pg_terminate_backend(${dying.processId})`);
    await expect(migration).rejects.toThrow();
    expect(await unfinished()).toEqual([null]);
    await pair.source.query('drop index walcast.t_a');
    await waitFor(async () => (await run()).applied.length === 1, { what: 'the next run to apply it' });
    expect(await isValid()).toBe('t');
  });

  it('fails when it gets no lock, with nothing recorded and nothing held', async () => {
    const writer = await pair.source.client();
    await writer.query('begin; insert into walcast.t values (1)');
    await expect(run(700)).rejects.toMatchObject({
      code: 'E_MIGRATION_UNFINISHED',
      message: expect.stringMatching(/target\/0002_t_a\.up\.sql got no lock/) as unknown,
    });
    expect(await recorded()).toBe('0');
    await writer.query('rollback');
    expect((await run()).applied).toEqual(['0002_t_a']);
  });

  it('fails when its verify file answers something else', async () => {
    await writeFile(join(folder, 'target/0002_t_a.verify.sql'), 'select 1 as done;\n');
    await expect(run()).rejects.toThrow(/0002_t_a\.verify\.sql does not answer with one row/);
    await writeFile(join(folder, 'target/0002_t_a.verify.sql'), 'select 1/0;\n');
    await expect(run()).rejects.toThrow(/0002_t_a\.verify\.sql failed: division by zero/);
    expect(await unfinished()).toEqual([null]);
  });

  it('tells constraints that are validated from those that are not', async () => {
    await add({
      '0003_c.up.sql': 'alter table walcast.t drop constraint if exists c, add constraint c check (a > 0)',
      '0003_c.down.sql': 'alter table walcast.t drop constraint c',
      '0004_u.up.sql': 'alter table walcast.t drop constraint if exists u, add constraint u unique (a)',
      '0004_u.down.sql': 'alter table walcast.t drop constraint u',
    });
    const files = await readMigrations('target', folder);
    const look = async (version: number): Promise<unknown> => {
      const { finished, reason } = (await session.query(files[version]?.verify ?? '')).rows[0] ?? {};
      return finished === 't' ? true : reason;
    };
    expect(await look(3)).toBe('there is no constraint c of walcast.t');
    await pair.source.query('alter table walcast.t add constraint c check (a > 0) not valid');
    expect(await look(3)).toBe('the constraint c of walcast.t is not validated');
    await pair.source.query('alter table walcast.t validate constraint c');
    expect(await look(3)).toBe(true);

    // What its file makes it says itself, over what was there before and again.
    expect((await run()).applied).toEqual(['0002_t_a', '0003_c', '0004_u']);
    for (const version of [3, 4]) {
      await session.execute(files[version]?.up ?? '');
      expect(await look(version)).toBe(true);
    }
    await pair.source.query(`update pg_index set indisvalid = false where indexrelid = 'walcast.u'::regclass`);
    expect(await look(4)).toBe('the index of the constraint u of walcast.t is not valid');
  });

  it('tells an index from one that is missing or not unique', async () => {
    await add({ '0002_t_a.up.sql': 'create unique index if not exists t_a on walcast.t (a)' });
    const look = async (): Promise<unknown> => {
      const [, , file] = await readMigrations('target', folder);
      return (await session.query(file?.verify ?? '')).rows[0]?.['reason'];
    };
    expect(await look()).toBe('there is no index walcast.t_a of walcast.t');
    await pair.source.query('create index t_a on walcast.t (a)');
    expect(await look()).toBe('walcast.t_a is there, but not as a unique index of walcast.t');
    await pair.source.query('drop index walcast.t_a; create unique index t_a on walcast.t (a)');
    expect(await look()).toBeNull();
  });
});
