import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { backUp, MigrationBackup } from '../../src/migrate/backup/back-up.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { MIGRATIONS_FOLDER, readMigrations } from '../../src/migrate/read-migrations.ts';
import { TOOL_VERSION } from '../../src/migrate/tool-version.ts';
import { openApplyConnection } from '../../src/processor/postgres/apply-connection.ts';
import { quoteIdentifier } from '../../src/sql/quote.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

const run = promisify(execFile);

/** What somebody may have put beside our tables: each type that has something to lose on the way, and each part of a definition. */
const WILD = String.raw`
create type walcast."mood ""x""" as enum ('sad', 'it''s', 'a\b');
create domain walcast.positive as int default 7 constraint "more than 0" check (value > 0);
create type walcast.pair as (a numeric, "B c" text[]);
create sequence walcast.loose increment by 3 start with 5 cycle maxvalue 1000;
create table walcast."Upper ""quoted"" \ ünï" (
  id bigint generated always as identity (start with 100 increment by 5),
  "select" text collate "C" default 'it''s \' not null,
  mood walcast."mood ""x""",
  positive walcast.positive,
  pair walcast.pair,
  n numeric(20, 5), f4 real, f8 double precision, b bytea, j json, jb jsonb, ts timestamp, tz timestamptz(3), d date, t time, ttz timetz,
  i interval, u uuid, lsn pg_lsn, x8 xid8, bits bit varying(9), box box, net inet, mac macaddr, r int4range, mr nummultirange,
  texts text[], grid int[][], moods walcast."mood ""x"""[], vector tsvector, x xml, m money, c "char", ch char(5), ok boolean, vc varchar(30),
  twice int generated always as (octet_length("select") * 2) stored,
  serial int not null default nextval('walcast.loose'),
  primary key (id), unique ("select", u), check (n > -1000 or n = 'NaN'), exclude using gist (box with &&)
) with (fillfactor = 71);
create index "an index" on walcast."Upper ""quoted"" \ ünï" (lower("select") desc nulls last) where ok;
create unlogged table walcast.child (id serial primary key, parent bigint references walcast."Upper ""quoted"" \ ünï" (id) on delete cascade,
  self int references walcast.child deferrable initially deferred);
create table walcast.nothing ();
create table walcast.parted (k int not null, v text) partition by range (k);
create table walcast.parted_1 (v text, k int not null);
alter table walcast.parted attach partition walcast.parted_1 for values from (1) to (10);
create table walcast.parted_rest partition of walcast.parted default;
alter table walcast.parted add primary key (k);
create index on walcast.parted (v);
create table walcast.heir (more text) inherits (walcast.child);
insert into walcast."Upper ""quoted"" \ ünï" ("select", mood, positive, pair, n, f4, f8, b, j, jb, ts, tz, d, t, ttz, i, u, lsn, x8, bits, box, net, mac,
    r, mr, texts, grid, moods, vector, x, m, c, ch, ok, vc) values
  (E'tab\t nl\n cr\r quote'' backslash\\ {"a"} ; -- €𝄞', 'a\b', 3, row(1.50, array['x,y', null, '"']), 'NaN', 'NaN', '-Infinity', '\x00ff275c',
    '{"a":  1.10, "a": "\u00e9"}', '{"b": [1e400, null], "a": "\\ ''"}', 'infinity', '-infinity', '0044-03-15 BC', '24:00', '12:34:56.789012+05:30',
    '-1 year 2 mons -3 days 04:05:06.789', '6c0b1bb8-54a5-4d2a-9f0e-4a6d6c1c9d10', 'FFFFFFFF/FFFFFFFF', '18446744073709551615', b'0101',
    '((1.1,2.2),(0.1,1e-300))', '::ffff:1.2.3.4/128', '08:00:2b:01:02:03', '[1,)', '{[1.5,2.5],(7,)}', array['NULL', null, '', E'a\\"b''', '{}'],
    '{{1,2},{3,null}}', array['sad', 'it''s']::walcast."mood ""x"""[], '''a\\b'':1A c:2', '<a b="&lt;''">x</a>', '-12345.67', 'q', 'ab', true, 'x'),
  ('', null, null, null, 0.1, 0.1, 1e-323, '', 'null', 'null', '2024-02-29 23:59:59.999999', '9999-12-31 23:59:59.999999+00', 'infinity', null, null,
    '0', null, '0/0', '0', '', null, null, null, 'empty', '{}', '{}', '{}', null, '', null, 0, '\200', '', false, null);
insert into walcast."Upper ""quoted"" \ ünï" ("select", b, f8) select 'row ' || g, sha256(int4send(g)), random() * 1e300 from generate_series(1, 2500) g;
insert into walcast.child (parent, self) values (100, 2), (105, 1);
insert into walcast.nothing select from generate_series(1, 3);
insert into walcast.parted values (1, 'one'), (100, 'rest');
insert into walcast.heir (id, more) values (7, 'heir');`;

describe.each(testMajors())('a backup of the tables on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let session: ClientSession;
  let folder: string;
  let files: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walcast-backup-'));
    files = join(folder, 'migrations');
    await cp(MIGRATIONS_FOLDER, files, { recursive: true });
    pair = await testDatabases({ major });
    session = await ClientSession.connect(pair.source.url(), 'source');
  });
  afterEach(async () => {
    await session.close();
    await pair.dispose();
    await rm(folder, { recursive: true });
  });

  const here = (): { path: string; create: boolean } => ({ path: folder, create: false });
  const backups = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name !== 'migrations');

  /** Definitions of the tables, without what a backup says that it leaves out. */
  const definitions = async (database: TestDatabase): Promise<string[]> => {
    const flags = ['--schema-only', '--no-owner', '--no-acl', '--no-comments', '--exclude-schema=public'];
    const kinds = ['--table=walcast.*', '--dbname', database.url()];
    const { stdout } = await run(await pgDump(), [...flags, ...kinds]);
    // a dump of tables leaves the types out
    return stdout
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^(--|\\(un)?restrict |SELECT pg_catalog\.set_config|SET )/.test(line));
  };
  const rows = async (database: TestDatabase): Promise<unknown> => {
    const tables = await database.query(
      `select c.oid::regclass::text as name, relname, relkind as kind from pg_class c where relnamespace = 'walcast'::regnamespace and relkind in ('r', 'S') order by 2`,
    );
    const contents: unknown[] = [];
    for (const { name, relname, kind } of tables) {
      if (/^key(_\d+)?$/.test(relname ?? '')) continue;
      const all =
        kind === 'S'
          ? `select last_value, is_called from ${name ?? ''}`
          : `select t::text as row from only ${name ?? ''} t order by t::text collate "C"`;
      contents.push([relname, await database.query(all)]);
    }
    return contents;
  };
  const restore = async (path: string, database: TestDatabase): Promise<void> => {
    const client = await database.client();
    // whoever restores has other settings than whoever made it
    await client.query(`set DateStyle = 'SQL, DMY'; set IntervalStyle = 'sql_standard'; set TimeZone = 'Asia/Kolkata'; set search_path = public;
      set xmloption = document`);
    await client.query(await readFile(path, 'utf8'));
  };

  it('restored into an empty database gives the same definitions, rows and sequences', async () => {
    for (const set of ['core', 'target'] as const) await migrate(session, { set });
    await pair.source.query(WILD);
    await pair.source.query(`select walcast.advance_checkpoint('7', 'db', 'it''s', null, 'A/B', 1, gen_random_uuid());
      insert into walcast.applied_ddl (system_identifier, database, pipeline, lsn, tag, role, statement, how, milliseconds)
      values ('7', 'db', 'main', '0/1', 'CREATE TABLE', 'r', E'create table "a\\\\b" (c text default ''\\\\'')', 'slice', 'Infinity')`);
    await restore(await backUp(session, here(), 'by hand'), pair.target);
    expect(await definitions(pair.target)).toEqual(await definitions(pair.source));
    expect(await rows(pair.target)).toEqual(await rows(pair.source));
    expect((await definitions(pair.source)).join('\n').length).toBeGreaterThan(5_000);
  });

  it('can be read by its owner alone, and does not hold the key', async () => {
    await migrate(session, { set: 'core' });
    const path = await backUp(session, here(), 'by hand');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    const key = (await session.query(`select to_json(k)::text as json from walcast.key k`)).rows[0]?.['json'] ?? '';
    const secrets = [...key.matchAll(/\\\\x([0-9a-f]{64,})/g)].map((match) => match[1]);
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).toMatch(/create table walcast\.key \(/);
    expect(text).toMatch(/-- walcast\.key: its rows are left out on purpose/);
  });

  it('is made once before a migration that is marked irreversible, and its path is told before that begins', async () => {
    const number = String((await readMigrations('target')).length).padStart(4, '0');
    const up = join(files, 'target', `${number}_narrow.up.sql`);
    await writeFile(
      up,
      '-- walcast: irreversible: the positions go\nalter table walcast.checkpoint drop column lsn; select 1/0;\n',
    );
    await writeFile(
      join(files, 'target', `${number}_narrow.down.sql`),
      'alter table walcast.checkpoint add column lsn pg_lsn;',
    );
    await migrate(session, { set: 'target' });
    await pair.source.query(`select walcast.advance_checkpoint('7', 'db', 'main', null, 'A/B', 1, gen_random_uuid())`);
    const told: string[] = [];
    const backup = new MigrationBackup({
      folder: here(),
      onWritten: (path, why) => told.push(`${path} ${why}`),
    });
    const tried = (): Promise<unknown> => migrate(session, { set: 'target', folder: files, backup });
    await expect(tried()).rejects.toMatchObject({ code: 'E_MIGRATION', fields: { sqlstate: '22012' } });
    expect(told).toEqual([expect.stringContaining(`before the irreversible migration target/${number}_narrow.up.sql`)]);
    await writeFile(up, (await readFile(up, 'utf8')).replace('select 1/0;', ''));
    await tried();
    expect(told).toHaveLength(1);
    const [file = '', ...others] = await backups();
    expect(others).toEqual([]);
    expect(told[0]).toContain(join(folder, file));
    expect(await readFile(join(folder, file), 'utf8')).toContain(`'A/B'`);
  });

  it('is made before the upgrade from another release, told by number, and not for a patch', async () => {
    const number = String((await readMigrations('core')).length).padStart(4, '0');
    await writeFile(join(files, 'core', `${number}_more.up.sql`), 'create table walcast.more (id int primary key);');
    await writeFile(join(files, 'core', `${number}_more.down.sql`), 'drop table walcast.more;');
    const release = TOOL_VERSION.split('.').slice(0, 2).join('.');
    const backup = new MigrationBackup({ folder: here(), onWritten: () => undefined });
    for (const [version, count] of [
      [`${release}.999`, 0],
      ['0.0.9', 1],
    ] as const) {
      await migrate(session, { set: 'core' });
      await pair.source.query('update walcast.schema_migrations set tool_version = $1', [version]);
      await migrate(session, { set: 'core', folder: files, backup });
      expect(await backups()).toHaveLength(count);
      await pair.source.query(`drop table walcast.more; delete from walcast.schema_migrations where name = 'more'`);
    }
  });

  it('that cannot be written lets nothing be migrated, and leaves nothing half-written', async () => {
    const number = String((await readMigrations('target')).length).padStart(4, '0');
    await migrate(session, { set: 'target' });
    await writeFile(join(files, 'target', `${number}_a.up.sql`), 'create table walcast.a ();');
    await writeFile(join(files, 'target', `${number}_a.down.sql`), 'drop table walcast.a;');
    await pair.source.query(`update walcast.schema_migrations set tool_version = '0.0.1'`);
    const told: string[] = [];
    const attempt = (path: string | undefined): Promise<unknown> =>
      migrate(session, {
        set: 'target',
        folder: files,
        backup:
          path === undefined
            ? undefined
            : new MigrationBackup({ folder: { path, create: false }, onWritten: (written) => told.push(written) }),
      });
    await writeFile(join(folder, 'a-file'), '');
    for (const [path, reason] of [
      [join(folder, 'missing'), /ENOENT/],
      [join(folder, 'a-file'), /ENOTDIR/],
      ['/sys/kernel', /EACCES|EPERM|EROFS/],
      [undefined, /nobody said where/],
    ] as const) {
      await expect(attempt(path)).rejects.toMatchObject({
        code: 'E_BACKUP',
        message: expect.stringMatching(reason) as unknown,
      });
    }
    expect(told).toEqual([]);
    expect(await backups()).toEqual(['a-file']);
    expect(await pair.source.value(`select to_regclass('walcast.a')`)).toBeNull();
    // the session is as usable as before
    await attempt(folder);
    expect(await pair.source.value(`select to_regclass('walcast.a')`)).toBe('walcast.a');
  });

  it('is made on the connection that applies as well, which goes on after one that could not be written', async () => {
    const number = String((await readMigrations('target')).length).padStart(4, '0');
    await writeFile(
      join(files, 'target', `${number}_a.up.sql`),
      '-- walcast: irreversible\ncreate table walcast.a ();',
    );
    await writeFile(join(files, 'target', `${number}_a.down.sql`), 'drop table walcast.a;');
    await migrate(session, { set: 'target' });
    const { connection } = await openApplyConnection(pair.source.url(), AbortSignal.timeout(20_000), () => undefined);
    try {
      const told: string[] = [];
      const attempt = (path: string): Promise<unknown> => {
        const backup = new MigrationBackup({
          folder: { path, create: false },
          onWritten: (written) => told.push(written),
        });
        return migrate(connection, { set: 'target', folder: files, backup });
      };
      await expect(attempt(join(folder, 'missing'))).rejects.toMatchObject({ code: 'E_BACKUP' });
      await attempt(folder);
      expect(await readFile(told[0] ?? '', 'utf8')).toContain('insert into walcast.schema_migrations');
      expect(told).toHaveLength(1);
      expect(await pair.source.value(`select to_regclass('walcast.a')`)).toBe('walcast.a');
    } finally {
      connection.close();
    }
  });

  it('that cannot be read lets nothing be migrated, and says why', async () => {
    const number = String((await readMigrations('target')).length).padStart(4, '0');
    await writeFile(
      join(files, 'target', `${number}_a.up.sql`),
      '-- walcast: irreversible\ncreate table walcast.a ();',
    );
    await writeFile(join(files, 'target', `${number}_a.down.sql`), 'drop table walcast.a;');
    const app = await ClientSession.connect(pair.source.url('app'), 'source');
    try {
      await migrate(app, { set: 'target' });
      await pair.source.query('create table walcast.theirs (id int); insert into walcast.theirs values (1)');
      const attempt = (): Promise<unknown> => {
        const backup = new MigrationBackup({ folder: here(), onWritten: () => undefined });
        return migrate(app, { set: 'target', folder: files, backup });
      };
      await expect(attempt()).rejects.toMatchObject({
        code: 'E_BACKUP',
        message: expect.stringMatching(/nothing was migrated: permission denied for table theirs/) as unknown,
        retryable: false,
      });
      expect(await backups()).toEqual([]);
      await pair.source.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'app' and datname = current_database()`);
      await expect(attempt()).rejects.not.toMatchObject({ code: 'E_BACKUP' });
      expect(await pair.source.value(`select to_regclass('walcast.a')`)).toBeNull();
    } finally {
      await app.close();
    }
  });

  it('names every object with the quotes that it needs', async () => {
    const name = 'a"b\nc\\d';
    await migrate(session, { set: 'target' });
    await pair.source.query(`create table walcast.${quoteIdentifier(name)} (${quoteIdentifier(name)} text);
      insert into walcast.${quoteIdentifier(name)} values (E'x\\\\y')`);
    await restore(await backUp(session, here(), `a reason\nwith a line`), pair.target);
    expect(await pair.target.value(`select ${quoteIdentifier(name)} from walcast.${quoteIdentifier(name)}`)).toBe(
      'x\\y',
    );
  });
});
