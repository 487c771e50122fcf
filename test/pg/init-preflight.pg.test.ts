import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSource } from '../../src/app/check/check-source.ts';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import { destroyTarget } from '../../src/app/destroy/destroy-target.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import type { InitOptions } from '../../src/app/init/init-report.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, privateCluster, testDatabases } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';
import { schemaDump } from './support/schema-dump.ts';

describe.each(testMajors())('the preflight on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let options: InitOptions;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    options = { url: source.url(), slot: `${source.name}_slot`, publication: 'walcast_main' };
  });
  afterEach(() => pair.dispose());

  const errors = async (): Promise<string[]> =>
    (await checkSource(options)).flatMap(({ level, what }) => (level === 'error' ? [what] : []));
  const refused = (message: RegExp): Promise<unknown> =>
    expect(initSource(options)).rejects.toMatchObject({
      code: 'E_PREFLIGHT',
      exitCode: 3,
      message: expect.stringMatching(message) as unknown,
    });

  it('finds nothing wrong with a fresh database, nor with an installed one, and changes neither', async () => {
    const fresh = await schemaDump(source);
    expect(await errors()).toEqual([]);
    expect(await schemaDump(source)).toEqual(fresh);
    await initSource(options);
    const installed = await schemaDump(source);
    expect((await checkSource(options)).filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(await schemaDump(source)).toEqual(installed);
  });

  it('lists other readers of the database and goes on by force only', async () => {
    await source.query(`select pg_create_logical_replication_slot('${source.name}_other', 'pgoutput')`);
    await source.query('create publication theirs for all tables');
    await refused(/other logical replication slots read this database: .*_other[^]*FOR ALL TABLES: theirs/);
    await initSource({ ...options, force: true });
    await initSource(options);
    await destroySource(options);
    expect(
      await source.query(`select slot_name from pg_replication_slots where database = current_database()`),
    ).toEqual([{ slot_name: `${source.name}_other` }]);
    expect(await source.query('select pubname from pg_publication')).toEqual([{ pubname: 'theirs' }]);
  });

  it('refuses a slot or publication of our name that somebody else made, also by force', async () => {
    await source.query(`select pg_create_logical_replication_slot('${options.slot}', 'pgoutput')`);
    await expect(initSource({ ...options, force: true })).rejects.toThrow(/did not make here/);
    await source.query(`select pg_drop_replication_slot('${options.slot}')`);
    await source.query('create publication walcast_main for all tables');
    await expect(initSource({ ...options, force: true })).rejects.toThrow(/walcast_main that walcast did not make/);
    expect(await source.query(`select nspname from pg_namespace where nspname = 'walcast'`)).toEqual([]);
  });

  it('refuses a publication that was dropped or changed', async () => {
    await initSource(options);
    await source.query(`alter publication walcast_main set (publish = 'insert')`);
    await refused(/somebody changed the publication/);
    await source.query('drop publication walcast_main');
    await refused(/was dropped/);
    await destroySource(options);
    await initSource(options);
  });

  it('refuses a database that is a target', async () => {
    const session = await ClientSession.connect(source.url(), 'target');
    await migrate(session, { set: 'target' });
    await session.close();
    await refused(/is a target of walcast/);
    await destroyTarget({ url: source.url(), pipeline: 'main' });
    await initSource(options);
  });

  it('refuses a schema walcast of another role', async () => {
    const app = await source.client('app');
    await app.query('create schema walcast');
    await refused(/belongs to the role app/);
  });

  it('refuses a role without the rights, changing nothing', async () => {
    const before = await schemaDump(source);
    options = { ...options, url: source.url('app') };
    await refused(/app may not replicate/);
    expect(await schemaDump(source)).toEqual(before);
  });

  it('fails with the reason when the role may replicate but make no event trigger, and can be completed by a superuser', async () => {
    await source.query('create role repl login replication');
    try {
      await source.query(`grant create on database ${source.name} to repl`);
      await expect(initSource({ ...options, url: source.url('repl') })).rejects.toMatchObject({
        code: 'E_MIGRATION',
        fields: { sqlstate: '42501' },
      });
    } finally {
      await source.query('drop owned by repl cascade; drop role repl');
    }
    await initSource(options);
  });

  it('refuses a database that is not in UTF8', async () => {
    const name = `${source.name}_ascii`;
    await source.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale 'C'`);
    try {
      options = { ...options, url: urlFor(source.url(), name) };
      expect(await errors()).toEqual(['the database is encoded in SQL_ASCII']);
      await refused(/SQL_ASCII/);
    } finally {
      await source.query(`drop database ${name} with (force)`);
    }
  });

  it('reports a source that cannot be reached as a finding', async () => {
    options = { ...options, url: urlFor(source.url(), 'there_is_no_such_database') };
    expect(await errors()).toEqual([expect.stringMatching(/cannot connect to the source .*does not exist/)]);
  });

  it('removes the checkpoint of one pipeline from a target, and with the last one the schema, but no data', async () => {
    const target = pair.target;
    const before = await schemaDump(target);
    const session = await ClientSession.connect(target.url(), 'target');
    await migrate(session, { set: 'target' });
    await session.close();
    await target.query(`create table kept (id int); insert into kept values (1);
      select walcast.advance_checkpoint('7', 'db', name, null, '0/1', 1, gen_random_uuid()) from unnest('{one,two}'::text[]) name;
      create function walcast.run_as_10(statement text) returns void language sql as ''`);
    await destroyTarget({ url: target.url(), pipeline: 'one' });
    expect(await target.query('select pipeline from walcast.checkpoint')).toEqual([{ pipeline: 'two' }]);
    await destroyTarget({ url: target.url(), pipeline: 'two' });
    expect(await target.query('select id from kept')).toEqual([{ id: '1' }]);
    await target.query('drop table kept');
    expect(await schemaDump(target)).toEqual(before);
  });
});

describe('the preflight of a server that is not set up for it', () => {
  const opened: (() => Promise<void>)[] = [];
  afterAll(async () => void (await Promise.all(opened.map((dispose) => dispose()))));

  it('names wal_level, slots and senders at once', async () => {
    const settings = { wal_level: 'replica', max_replication_slots: '0', max_wal_senders: '0' };
    const own = await privateCluster({ role: 'source', settings });
    opened.push(() => own.dispose());
    const url = own.cluster.url();
    const findings = await checkSource({ url, slot: 's', publication: 'p' });
    expect(findings.flatMap(({ level, what }) => (level === 'error' ? [what] : []))).toEqual([
      'wal_level is replica',
      'no free replication slots',
      'no free WAL senders',
    ]);
    await expect(initSource({ url, slot: 's', publication: 'p' })).rejects.toMatchObject({ code: 'E_PREFLIGHT' });
    await withClient(url, async (client) => {
      expect((await client.query(`select nspname from pg_namespace where nspname = 'walcast'`)).rows).toEqual([]);
    });
  });
});
