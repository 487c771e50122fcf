import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import type { InitOptions } from '../../src/app/init/init-report.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import { baseline } from '../../src/migrate/baseline.ts';
import { migrate, unmigrate } from '../../src/migrate/migrate.ts';
import { testMajors } from '../support/majors.ts';
import { CREATORS } from '../support/prepare-server.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, privateCluster, testDatabases } from '../support/test-databases.ts';
import { urlFor } from '../support/text-client.ts';
import { startStandby } from './support/standby.ts';

describe.each(testMajors())('a migration that cannot be on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let options: InitOptions;
  const sessions: ClientSession[] = [];
  const connect = async (url = source.url()): Promise<ClientSession> => {
    const session = await ClientSession.connect(url, 'source');
    sessions.push(session);
    return session;
  };

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    options = { url: source.url(), slot: `${source.name}_slot`, publication: 'walcast_main' };
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await pair.dispose();
  });

  const untouched = async (): Promise<void> =>
    expect(await source.value(`select to_regnamespace('walcast') is null`)).toBe('t');

  it('for lack of CREATE on the database prints the GRANT that helps', async () => {
    await source.query(`revoke create on database ${source.name} from ${CREATORS}`);
    const bob = await connect(source.url('bob'));
    const grant = `GRANT CREATE ON DATABASE "${source.name}" TO "bob";`;
    await expect(migrate(bob, { set: 'target' })).rejects.toMatchObject({
      code: 'E_MIGRATION',
      message: expect.stringMatching(
        /^target\/0000_bootstrap\.up\.sql could not be applied: permission denied/,
      ) as unknown,
      hint: `As a superuser: ${grant}`,
      fields: { sqlstate: '42501' },
    });
    await untouched();
    await source.query(grant);
    expect((await migrate(bob, { set: 'target' })).applied.length).toBeGreaterThan(0);
  });

  it('for lack of superuser names it, and what may be granted instead is granted', async () => {
    const alice = await connect(source.url('alice'));
    const messages = 'GRANT SET ON PARAMETER lc_messages TO "alice";';
    const hint = async (): Promise<string> =>
      await migrate(alice, { set: 'core' }).then(
        () => 'nothing',
        (error: unknown) => (error as { hint: string }).hint,
      );
    const first = await hint();
    expect(first).toContain('ALTER ROLE "alice" SUPERUSER');
    expect(first).not.toContain('ON DATABASE');
    expect(first.includes(messages)).toBe(major >= 15);
    try {
      if (major >= 15) {
        await source.query(messages);
        expect(await hint()).not.toContain(messages);
      }
      await source.query('alter role alice superuser');
      expect((await migrate(await connect(source.url('alice')), { set: 'core' })).applied.length).toBeGreaterThan(0);
      await unmigrate(await connect(source.url('alice')), { set: 'core' });
      await source.query('alter role alice nosuperuser');
      await hint();
      await destroySource({ ...options, url: source.url('alice') });
      await untouched();
      await migrate(await connect(), { set: 'core' });
    } finally {
      await source.query('alter role alice nosuperuser');
      if (major >= 15) await source.query('revoke set on parameter lc_messages from alice');
    }
  });

  it.each([
    ['the database', (name: string) => `alter database ${name}`, (name: string) => `ALTER DATABASE "${name}"`],
    [
      'the role in the database',
      (name: string) => `alter role app in database ${name}`,
      (name: string) => `ALTER ROLE "app" IN DATABASE "${name}"`,
    ],
  ])(
    'because transactions are read-only by %s tells how to change that, for all or for itself',
    async (_, set, cure) => {
      await source.query(`${set(source.name)} set default_transaction_read_only = on`);
      const app = await connect(source.url('app'));
      const own = '?options=-c%20default_transaction_read_only%3Doff';
      await expect(migrate(app, { set: 'target' })).rejects.toMatchObject({
        code: 'E_SERVER_READ_ONLY',
        exitCode: 3,
        message: expect.stringMatching(/default_transaction_read_only is on/) as unknown,
        hint: `${cure(source.name)} RESET default_transaction_read_only; or, for walcast alone, add ${own} to its connection URL.`,
      });
      await untouched();
      await migrate(await connect(`${source.url('app')}${own}`), { set: 'target' });
      await source.query(`begin read write; ${cure(source.name)} RESET default_transaction_read_only; commit`);
      await unmigrate(await connect(source.url('app')), { set: 'target' });
    },
  );

  it('because transactions are read-only: init says so before it begins, baseline too', async () => {
    await source.query(`alter database ${source.name} set default_transaction_read_only = on`);
    await expect(initSource(options)).rejects.toMatchObject({
      code: 'E_PREFLIGHT',
      message: expect.stringContaining(
        `ALTER DATABASE "${source.name}" RESET default_transaction_read_only`,
      ) as unknown,
    });
    await untouched();
    const own = { ...options, url: `${options.url}?options=-c%20default_transaction_read_only%3Doff` };
    await initSource(own);
    await source.query('begin read write; delete from walcast.schema_migrations where version = 30; commit');
    await expect(baseline(await connect(), { set: 'core', upTo: 1 })).rejects.toMatchObject({
      code: 'E_SERVER_READ_ONLY',
    });
    await source.query(`begin read write; alter database ${source.name} reset default_transaction_read_only; commit`);
  });

  it('because of objects that others made in a schema walcast names them', async () => {
    const session = await connect();
    for (const [make, name] of [
      ['create table walcast.key ()', 'key'],
      ['create view walcast.a_view as select 1', 'a_view'],
      [`create function walcast.mac() returns int language sql as 'select 1'`, 'mac'],
      [`create type walcast.a_type as enum ('x')`, 'a_type'],
      // the table of another tool that calls its table the same
      ['create table walcast.schema_migrations (version text primary key)', 'schema_migrations'],
    ] as const) {
      await session.execute(`create schema walcast; ${make}`);
      await expect(migrate(session, { set: 'core' })).rejects.toMatchObject({
        code: 'E_SCHEMA_FOREIGN',
        message: expect.stringContaining(name) as unknown,
        hint: expect.stringContaining('Rename or drop') as unknown,
      });
      await session.execute('drop schema walcast cascade');
    }
  });

  it('because something of that name stands in the way names it, leaves it alone, and goes on when it is gone', async () => {
    const session = await connect();
    await migrate(session, { set: 'target' });
    await session.execute('create table walcast.setting (theirs int); insert into walcast.setting values (1)');
    await expect(migrate(session, { set: 'core' })).rejects.toMatchObject({
      code: 'E_MIGRATION',
      message: expect.stringMatching(
        /^core\/\d+_setting\.up\.sql could not be applied: relation "setting" already exists/,
      ) as unknown,
      hint: expect.stringContaining('migrations baseline --set core') as unknown,
    });
    expect(await source.query('select theirs from walcast.setting')).toEqual([{ theirs: '1' }]);
    await session.execute('drop table walcast.setting');
    await session.execute(`create function public.no() returns event_trigger language plpgsql as 'begin end';
      create event trigger "!walcast_2_end" on ddl_command_end execute function public.no(); alter event trigger "!walcast_2_end" disable`);
    await expect(migrate(session, { set: 'core' })).rejects.toMatchObject({
      message: expect.stringContaining('event trigger "!walcast_2_end" already exists') as unknown,
      hint: expect.stringContaining('rename or drop') as unknown,
    });
    await session.execute('drop event trigger "!walcast_2_end"');
    await migrate(session, { set: 'core' });
  });

  it('because a later version was here says which version to use, whether it knows more migrations or more sets', async () => {
    const session = await connect();
    await migrate(session, { set: 'core' });
    const later = expect.objectContaining({
      code: 'E_MIGRATION',
      hint: expect.stringContaining('A newer version of walcast') as unknown,
    }) as unknown;
    for (const [set, version] of [
      ['core', 900],
      ['later', 0],
    ] as const) {
      await session.execute(
        `insert into walcast.schema_migrations values ('${set}', ${version}, 'later', 'x', now(), '0', '9.9.9', now())`,
      );
      await expect(migrate(session, { set: 'core' })).rejects.toEqual(later);
      await expect(unmigrate(session, { set: 'core' })).rejects.toEqual(later);
      await expect(baseline(session, { set: 'core', upTo: 1 })).rejects.toEqual(later);
      await expect(initSource(options)).rejects.toEqual(later);
      await session.execute(`delete from walcast.schema_migrations where name = 'later'`);
    }
    await initSource(options);
    await destroySource(options);
  });
});

describe.each(testMajors())('a server that takes no changes, PostgreSQL %i', (major) => {
  const opened: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const dispose of opened.reverse()) await dispose();
  });

  it('is told by its configuration or as a standby, each with what helps', async () => {
    const primary = await privateCluster({ role: 'source', major });
    opened.push(() => primary.dispose());
    const database = await primary.database();
    const standby = await startStandby(primary);
    opened.push(() => standby.dispose());
    const url = urlFor(standby.url, database.name);
    const session = await ClientSession.connect(url, 'target');
    opened.unshift(() => session.close());
    const { port } = new URL(primary.server.url);
    const cure = `Connect to the primary; this one follows 127.0.0.1:${port}.`;
    await expect(migrate(session, { set: 'target' })).rejects.toMatchObject({
      code: 'E_SERVER_READ_ONLY',
      message: 'the server is a standby',
      hint: cure,
      retryable: true,
    });
    await expect(initSource({ url, slot: 's', publication: 'p' })).rejects.toMatchObject({
      code: 'E_PREFLIGHT',
      message: expect.stringContaining(`- the server is a standby. ${cure}`) as unknown,
    });
    await database.query('alter system set default_transaction_read_only = on');
    await database.query('select pg_reload_conf()');
    const own = await ClientSession.connect(database.url(), 'target');
    opened.unshift(() => own.close());
    await expect(migrate(own, { set: 'target' })).rejects.toMatchObject({
      code: 'E_SERVER_READ_ONLY',
      hint: expect.stringMatching(
        /^ALTER SYSTEM SET default_transaction_read_only = off; SELECT pg_reload_conf\(\); or, /,
      ) as unknown,
    });
    await own.execute('alter system set default_transaction_read_only = off');
    await own.execute('select pg_reload_conf()');
    await own.query('select pg_sleep(0)');
    expect((await migrate(own, { set: 'target' })).applied.length).toBeGreaterThan(0);
  });
});
