import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enterEnvironment, KEEP, standingSettings } from '../../src/processor/postgres/ddl/author-environment.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { RoleRunner } from '../../src/processor/postgres/ddl/role-runner.ts';
import { TargetRoles } from '../../src/processor/postgres/ddl/target-roles.ts';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import type { SchemaSource } from '../../src/listener/snapshot/schema/read-schema.ts';
import { schemaReader, type SchemaReaderSettings } from '../../src/listener/snapshot/schema/schema-reader.ts';
import { readRelations } from '../../src/listener/snapshot/schema/relations.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { tableDifferences } from '../../src/schema/compare-tables.ts';
import type { TableMetadata } from '../../src/wal/table-metadata.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../src/wal/snapshot.ts';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { PgSession } from './cases/pg-session.ts';

describe.each(testMajors())('PostgreSQL %i: the schema as pg_dump tells it', (major) => {
  let zoo: DatabasePair;
  let statements: SchemaStatement[];

  beforeAll(async () => {
    zoo = await testDatabases({ major });
    for (const sql of zooStatements(major)) await zoo.source.query(sql);
    await zoo.source.query(`create schema walcast; create table walcast.key (k int);
      create function walcast.emit() returns event_trigger language plpgsql as $$ begin return; end $$;
      create event trigger "!walcast_2_drop" on sql_drop execute function walcast.emit();
      comment on event trigger "!walcast_2_drop" is 'ours'; alter event trigger "!walcast_2_drop" enable always`);
    statements = await read(zoo.source);
  });
  afterAll(() => zoo.dispose());

  it('makes an equal schema, statement by statement', async () => {
    await execute(statements, zoo.target);
    expect((await compareDatabases(zoo.source, zoo.target)).schema).toEqual([]);
    // The order of inherited columns is in no dump.
    const versions = { source: major, target: major };
    const [left, right] = await Promise.all([zoo.source, zoo.target].map(relationsOf));
    const differences = [...(left ?? [])].flatMap(([name, table]) =>
      tableDifferences(table, right?.get(name), versions),
    );
    expect(differences).toEqual([]);
    expect(left?.size).toBeGreaterThan(50);
  });

  it('carries what a target needs to know besides the text', () => {
    const made = statements.filter(({ event }) => (event.details?.relations ?? []).length > 0);
    expect(new Set(made.map(({ event }) => event.tag))).toEqual(
      new Set(['CREATE TABLE', 'CREATE VIEW', 'CREATE MATERIALIZED VIEW', 'CREATE FOREIGN TABLE']),
    );
    const extensions = statements.flatMap(({ event }) => event.details?.commands ?? []);
    expect(extensions.map(({ identity }) => identity)).toContain('"uuid-ossp"');
    expect(extensions.every(({ type, version }) => type === 'extension' && version !== undefined)).toBe(true);
    const others = statements.filter(({ event }) => event.caller.settings['default_table_access_method'] === 'zoo_am');
    expect(others.map(({ event }) => event.details?.relations?.[0]?.name)).toContain('other_am');
    expect(new Set(statements.map(({ event }) => event.text_id)).size).toBe(statements.length);
    expect(statements.every(({ event }) => event.server_version_num >= major * 10_000)).toBe(true);
  });

  it('fills materialized views last, each after what it reads, and none that is empty on the source', () => {
    const refreshes = statements.filter(({ event }) => event.tag === 'REFRESH MATERIALIZED VIEW');
    expect(refreshes.map(({ event }) => [event.text, event.caller.role])).toEqual([
      ['REFRESH MATERIALIZED VIEW zoo.z_first', 'alice'],
      ['REFRESH MATERIALIZED VIEW zoo.a_second', NO_AUTHOR],
    ]);
    const last = statements.findLastIndex(({ event }) => event.tag === 'CREATE INDEX');
    expect(statements.findIndex(({ event }) => event.tag === 'REFRESH MATERIALIZED VIEW')).toBeGreaterThan(last);
  });

  it('leaves out what is ours', () => {
    expect(statements.filter(({ event }) => /walcast[_.](?!order)/.test(event.text ?? ''))).toEqual([]);
  });

  it('repeats a grant as whoever granted', () => {
    const granted = statements.filter(({ event }) => event.tag === 'GRANT' && event.caller.role !== NO_AUTHOR);
    expect(granted.map(({ event }) => [event.text, event.caller.role])).toContainEqual([
      'GRANT SELECT ON TABLE zoo.item TO app',
      'alice',
    ]);
  });

  it('is read from the catalog where no pg_dump fits, if that was left open, and says why', async () => {
    const told: string[] = [];
    const changed: Partial<SchemaReaderSettings> = {
      pgDumpPath: '/nowhere/pg_dump',
      logger: logger((line) => told.push(String(line))),
      renderCatalog: () => Promise.resolve(statements.slice(0, 3)),
    };
    expect(await read(zoo.source, changed, 'auto')).toEqual(statements.slice(0, 3));
    expect(told).toEqual(['the schema is read from the catalog: /nowhere/pg_dump does not run as a pg_dump']);
    await expect(read(zoo.source, changed)).rejects.toMatchObject({ code: 'E_PG_DUMP_MISSING' });
  });

  it('is read from the catalog when pg_dump fails, if that was left open', async () => {
    const locker = await locked('nothing');
    const limits = { ...DEFAULT_LIMITS, lockTimeoutMs: 100 };
    const told: unknown[] = [];
    try {
      await expect(read(zoo.source, { limits })).rejects.toMatchObject({
        code: 'E_PG_DUMP',
        retryable: true,
        message: expect.stringMatching(/LOCK TABLE zoo\.nothing|statement timeout/) as string,
      });
      const changed: Partial<SchemaReaderSettings> = {
        limits,
        logger: logger((fields) => told.push(fields)),
        renderCatalog: () => Promise.resolve(statements.slice(0, 3)),
      };
      expect(await read(zoo.source, changed, 'auto')).toHaveLength(3);
      expect(told).toMatchObject([{ err: { code: 'E_PG_DUMP' } }]);
    } finally {
      await locker.end();
    }
  });

  it('waits no longer for the lock of a table that a view reads', async () => {
    const locker = await locked('item');
    const reading = read(zoo.source, { limits: { ...DEFAULT_LIMITS, lockTimeoutMs: 100 } }, 'auto');
    await expect(reading.finally(() => locker.end())).rejects.toMatchObject({ code: 'E_SNAPSHOT_LOCKED' });
  });

  it('is given up together with its pg_dump when it is told to stop', async () => {
    const locker = await locked('nothing');
    const stop = new AbortController();
    const limits = { ...DEFAULT_LIMITS, lockTimeoutMs: 60_000 };
    const outcome = read(zoo.source, { limits }, 'pg_dump', stop.signal).catch((error: unknown) => error);
    const sessions = (condition: string) => async (): Promise<number> =>
      (await zoo.source.query(`select from pg_stat_activity where datname = current_database() and ${condition}`))
        .length;
    const waiting = sessions(`application_name = 'walcast snapshot schema' and wait_event_type = 'Lock'`);
    try {
      await waitFor(async () => (await waiting()) === 1, { what: 'pg_dump to wait for the lock' });
      stop.abort(new Error('enough'));
      expect(await outcome).toMatchObject({ message: 'enough' });
      const open = sessions(`application_name like 'walcast snapshot%'`);
      await waitFor(async () => (await open()) === 0, { what: 'its connections to end' });
    } finally {
      await locker.end();
    }
  });

  async function locked(table: string): Promise<pg.Client> {
    const client = await zoo.source.client();
    await client.query(`begin; lock table zoo.${table} in access exclusive mode`);
    return client;
  }
});

/** What a plain user may leave on a source, each with code that runs while the object is made on a target, or altered, empty as it is. */
const TRAPS: readonly string[] = [
  `create function lair.evil(a int) returns int language plpgsql immutable as $$ begin raise notice 'EVIL as %', current_user; return a; end $$;
   create function lair.evil_check(a int) returns boolean language plpgsql immutable as $$ begin raise notice 'EVIL as %', current_user; return true; end $$`,
  'create domain lair.d as int check (lair.evil_check(value)); create domain lair.on_d as lair.d[] default $${7}$$::lair.d[]',
  'create table lair.generated (a int, b int generated always as (a + lair.evil(1)) stored)',
  'create table lair.parted (k lair.d) partition by range (k); create table lair.part partition of lair.parted for values from (1) to (10)',
  'create table lair.indexed (a int, x lair.d[]); create index on lair.indexed ((a + lair.evil(2))) where x <> $${1}$$::lair.d[]',
  'create function lair.next(lair.d, int) returns lair.d language sql as $$ select 1 $$; create aggregate lair.agg(int) (sfunc = lair.next, stype = lair.d, initcond = $$5$$)',
  'create view lair.viewed as select $${1,2}$$::lair.d[] as x; create materialized view lair.stored as select $${1}$$::lair.d[] as x',
  'create table lair.defaulted (x lair.d[] default $${3}$$::lair.d[], y int); alter table lair.defaulted add constraint late check (x <> $${4}$$::lair.d[]) not valid',
  'create function lair.with_default(x lair.d[] default $${4}$$::lair.d[]) returns int language sql begin atomic select 1 where x = $${9}$$::lair.d[]; end',
  'create table lair.one (id int primary key); create table lair.many (a int references lair.one); create index on lair.many ((a + lair.evil(3)))',
  'create rule ruled as on insert to lair.defaulted where new.x = $${5}$$::lair.d[] do instead nothing',
  'create policy guarded on lair.defaulted using (x = $${6}$$::lair.d[]); create statistics lair.stat on (x = $${8}$$::lair.d[]), y from lair.defaulted',
  'create function lair.trig() returns trigger language plpgsql as $$ begin return new; end $$; create trigger fired before insert on lair.defaulted for each row when (new.x = $${6}$$::lair.d[]) execute function lair.trig()',
  'create table lair.parent (a int); create table lair.heir (b int) inherits (lair.parent); alter table lair.parent add c int generated always as (a + lair.evil(4)) stored',
  'create view lair.harmless as select lair.evil(1) as x',
];

describe.each(testMajors())('PostgreSQL %i: code of a plain user in a schema', (major) => {
  let pair: DatabasePair;
  let control: TestDatabase;
  let statements: SchemaStatement[];
  const notices: string[] = [];

  beforeAll(async () => {
    pair = await testDatabases({ major });
    control = await TestDatabase.create(pair.target.server);
    await pair.source.query('create schema lair; grant all on schema lair to app');
    const app = await pair.source.client('app');
    for (const sql of TRAPS) await app.query(sql);
    await app.end();
    // it could not make any of it today
    await pair.source.query(
      'revoke all on schema lair from app; create table lair.of_superuser (x lair.d[] default $${1}$$::lair.d[])',
    );
    statements = await read(pair.source);
  });
  afterAll(async () => {
    await control.dispose();
    await pair.dispose();
  });

  it('runs with no more rights than that user has, whoever owns the object', async () => {
    notices.length = 0;
    await execute(statements, pair.target, (notice) => notices.push(notice));
    expect(new Set(notices)).toEqual(new Set(['EVIL as app']));
    expect((await compareDatabases(pair.source, pair.target)).schema).toEqual([]);
  });

  it('would run with those of whoever restores: each trap is one', async () => {
    const [functions, ...traps] = TRAPS.map(
      (sql) => /create [^;]*? (lair\.\w+|ruled|guarded|fired)/.exec(sql)?.[1] ?? '',
    );
    expect(functions).toBe('lair.evil');
    const sprung = new Set<string>();
    const unconfined = statements.map(({ section, event }) => {
      return { section, event: { ...event, caller: { ...event.caller, role: NO_AUTHOR } } };
    });
    const superuser = await control.value('select current_user');
    await execute(unconfined, control, (notice, text) => {
      if (notice === `EVIL as ${superuser ?? ''}`) for (const trap of traps) if (text.includes(trap)) sprung.add(trap);
    });
    expect(traps.filter((trap) => trap !== 'lair.harmless' && !sprung.has(trap))).toEqual([]);
  });
});

/** With the catalog out of reach unless a test puts it in. */
async function read(
  source: TestDatabase,
  changed: Partial<SchemaReaderSettings> = {},
  schemaSource: SchemaSource = 'pg_dump',
  signal: AbortSignal = new AbortController().signal,
): Promise<SchemaStatement[]> {
  const snapshot = await SourceSnapshot.open({ url: source.url(), signal, streamed: false });
  const reader = schemaReader({
    url: source.url(),
    limits: DEFAULT_LIMITS,
    renderCatalog: () => Promise.reject(new Error('the catalog was not asked for')),
    logger: { info: () => undefined, warn: () => undefined },
    pgDumpPath: await pgDump(),
    ...changed,
  });
  try {
    return await reader({ snapshot, schemaSource, signal });
  } finally {
    await snapshot.close();
  }
}

function logger(log: (first: unknown) => void): SchemaReaderSettings['logger'] {
  return { info: log, warn: log };
}

async function relationsOf(database: TestDatabase): Promise<Map<string, TableMetadata>> {
  const client = await database.client();
  await client.query('set search_path = pg_catalog');
  const relations = await readRelations(new PgSession(client));
  await client.end();
  return new Map(relations.map((table) => [`${table.schema}.${table.name}`, table]));
}

/** As a target does: each under its settings, as its author. */
async function execute(
  statements: readonly SchemaStatement[],
  target: TestDatabase,
  noticed: (notice: string, text: string) => void = () => undefined,
): Promise<void> {
  const client = await target.client();
  let running = '';
  client.on('notice', ({ message = '' }) => noticed(message, running));
  const session = new PgSession(client);
  const runner = new RoleRunner();
  const roles = new TargetRoles('stop', new Map());
  await migrate(session, { set: 'target' });
  for (const { event } of statements) {
    const { caller, text = '' } = event;
    running = text;
    await client.query('begin');
    const role = caller.role === NO_AUTHOR ? null : await roles.resolve(session, caller.role);
    if (role !== null) await runner.prepare(session, role);
    await client.query(enterEnvironment(caller, await standingSettings(session), true));
    try {
      if (role === null) await client.query(text);
      else await runner.run(session, role, text);
    } catch (error) {
      throw new Error(`as ${caller.role}: ${text.slice(0, 500)}`, { cause: error });
    }
    await runner.clean(session);
    await client.query(`${KEEP}; commit`);
  }
  await client.end();
}
