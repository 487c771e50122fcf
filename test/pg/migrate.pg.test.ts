import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { describeResult, MIGRATION_SETS } from '../../src/migrate/migration.ts';
import { migrate, unmigrate } from '../../src/migrate/migrate.ts';
import { MIGRATIONS_FOLDER, readMigrations } from '../../src/migrate/read-migrations.ts';
import { migrationRecords } from '../../src/migrate/records.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('migrations on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let session: ClientSession;
  let folder: string;
  const sessions: ClientSession[] = [];

  const connect = async (user?: string): Promise<ClientSession> => {
    const opened = await ClientSession.connect(pair.source.url(user), 'source');
    sessions.push(opened);
    return opened;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walcast-migrations-'));
    await cp(MIGRATIONS_FOLDER, folder, { recursive: true });
    const count = String((await readMigrations('target')).length).padStart(4, '0');
    await writeFile(join(folder, 'target', `${count}_broken.up.sql`), 'create table walcast.half (); select 1/0;');
    await writeFile(join(folder, 'target', `${count}_broken.down.sql`), 'drop table walcast.half;');
  });
  afterAll(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    pair = await testDatabases({ major });
    session = await connect();
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((opened) => opened.close()));
    await pair.dispose();
  });

  it.each(MIGRATION_SETS)('of the set %s run once and are recorded', async (set) => {
    const all = await readMigrations(set);
    expect(describeResult(await migrate(session, { set }))).toBe(`applied ${all.length}, skipped 0`);
    expect(describeResult(await migrate(session, { set }))).toBe(`applied 0, skipped ${all.length}`);
    const records = await session.query(`select name, checksum, tool_version <> '' as tool, duration >= '0' as duration
      from walcast.schema_migrations where set = '${set}' order by version`);
    expect(records.rows).toEqual(all.map(({ name, checksum }) => ({ name, checksum, tool: 't', duration: 't' })));
  });

  it('leave nothing behind when all sets are taken back, and the schema as long as one is there', async () => {
    for (const set of MIGRATION_SETS) await migrate(session, { set });
    await unmigrate(session, { set: 'core' });
    expect(await migrationRecords(session, 'core')).toEqual([]);
    expect(
      await pair.source.value(
        `select to_regclass('walcast.checkpoint') is not null and to_regclass('walcast.key') is null`,
      ),
    ).toBe('t');
    for (const set of ['target', 'injector'] as const) await unmigrate(session, { set });
    expect(
      await pair.source.query(
        `select nspname from pg_namespace where nspname = 'walcast' union all select evtname from pg_event_trigger`,
      ),
    ).toEqual([]);
  });

  it('of two processes at once: one works, the other waits and finds it done', async () => {
    const second = await connect();
    const results = await Promise.all([migrate(session, { set: 'core' }), migrate(second, { set: 'core' })]);
    expect(results.map(({ applied }) => applied.length > 0).sort()).toEqual([false, true]);
  });

  it('give up waiting for another process after a while, with the lock free for the next', async () => {
    const other = await connect();
    await other.query(`select pg_advisory_lock(x'77616c63617374'::bigint)`);
    await expect(migrate(session, { set: 'core', waitMs: 200 })).rejects.toMatchObject({
      code: 'E_INSTALL_LOCKED',
      retryable: true,
    });
    await other.close();
    await waitFor(async () => (await migrate(session, { set: 'core' })).applied.length, {
      what: 'the migrations to be applied',
    });
  });

  it('that fail leave nothing of themselves, and what ran before them', async () => {
    const failing = migrate(session, { set: 'target', folder });
    await expect(failing).rejects.toThrow(/target\/\d{4}_broken\.up\.sql could not be applied: division by zero/);
    expect(
      await pair.source.value(
        `select to_regclass('walcast.half') is null and to_regclass('walcast.checkpoint') is not null`,
      ),
    ).toBe('t');
    const all = await readMigrations('target');
    expect(describeResult(await migrate(session, { set: 'target' }))).toBe(`applied 0, skipped ${all.length}`);
  });

  it('refuse a schema of that name that belongs to somebody else, or holds what is not ours', async () => {
    const app = await connect('app');
    await app.execute('create schema walcast');
    await expect(migrate(session, { set: 'core' })).rejects.toMatchObject({ code: 'E_SCHEMA_FOREIGN' });
    await session.execute('drop schema walcast; create schema walcast; create table walcast.theirs ()');
    await expect(migrate(session, { set: 'core' })).rejects.toThrow(/theirs/);
    expect(await pair.source.value(`select count(*) from pg_class where relnamespace = 'walcast'::regnamespace`)).toBe(
      '1',
    );
  });

  it('give nobody a right, whatever the default privileges of the owner say', async () => {
    await session.execute(`alter default privileges grant all on schemas to public; alter default privileges grant all on tables to app;
      alter default privileges grant all on functions to bob`);
    for (const set of MIGRATION_SETS) await migrate(session, { set });
    const grants = await pair.source.query(`
      select 'walcast' as object, a.* from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'walcast' and a.grantee <> n.nspowner
      union all select c.relname, a.* from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'walcast'::regnamespace and a.grantee <> c.relowner
      union all select p.proname, a.* from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace = 'walcast'::regnamespace and a.grantee <> p.proowner`);
    expect(grants).toEqual([]);
  });

  it('of the target work for a role that only may create a schema', async () => {
    const app = await connect('app');
    expect(describeResult(await migrate(app, { set: 'target' }))).toMatch(/^applied/);
    expect(describeResult(await migrate(app, { set: 'target' }))).toMatch(/^applied 0/);
  });

  it('set the checkpoint only from the position where it is', async () => {
    const app = await connect('app');
    await migrate(app, { set: 'target' });
    const slot = '6c0b1bb8-54a5-4d2a-9f0e-4a6d6c1c9d10';
    const advance = (previous: string | null, next: string, id = slot): Promise<unknown> =>
      app.query(`select walcast.advance_checkpoint('7', 'db', 'main', $1::pg_lsn, $2::pg_lsn, 1, $3::uuid)`, [
        previous,
        next,
        id,
      ]);
    const refused = expect.objectContaining({ sqlstate: 'WC001' }) as unknown;
    await expect(advance('0/1', '0/2')).rejects.toEqual(refused);
    await advance(null, '0/10');
    await expect(advance(null, '0/20')).rejects.toEqual(refused);
    await advance('0/10', '0/20');
    await expect(advance('0/10', '0/30')).rejects.toThrow(/not where this transaction expects it/);
    await expect(advance('0/20', '0/10')).rejects.toEqual(refused);
    await expect(advance('0/20', '0/30', '00000000-0000-4000-8000-000000000000')).rejects.toEqual(refused);
    await app.execute(`create schema evil; create function evil.ge(pg_lsn, pg_lsn) returns bool language sql as 'select true';
      create operator evil.= (leftarg = pg_lsn, rightarg = pg_lsn, function = evil.ge); set search_path = evil, pg_catalog`);
    await expect(advance('0/11', '0/30')).rejects.toEqual(refused);
    expect((await app.query('select lsn, timeline from walcast.checkpoint')).rows).toEqual([
      { lsn: '0/20', timeline: '1' },
    ]);
    const bob = await connect('bob');
    await expect(bob.query('select * from walcast.checkpoint')).rejects.toMatchObject({ sqlstate: '42501' });
  });
});
