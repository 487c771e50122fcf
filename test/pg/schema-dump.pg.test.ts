import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enterEnvironment, KEEP } from '../../src/processor/postgres/ddl/author-environment.ts';
import { RoleRunner } from '../../src/processor/postgres/ddl/role-runner.ts';
import { TargetRoles } from '../../src/processor/postgres/ddl/target-roles.ts';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import type { SchemaSource } from '../../src/listener/snapshot/schema/read-schema.ts';
import { schemaReader, type SchemaReaderSettings } from '../../src/listener/snapshot/schema/schema-reader.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../src/wal/snapshot.ts';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { PgSession } from './cases/pg-session.ts';

describe.each(testMajors())('PostgreSQL %i: the schema as pg_dump tells it', (major) => {
  let zoo: DatabasePair;
  let statements: SchemaStatement[];

  beforeAll(async () => {
    zoo = await testDatabases({ major });
    for (const sql of zooStatements(major)) await zoo.source.query(sql);
    statements = await read(zoo.source);
  });
  afterAll(() => zoo.dispose());

  it('makes an equal schema, statement by statement', async () => {
    await execute(statements, zoo.target);
    expect((await compareDatabases(zoo.source, zoo.target)).schema).toEqual([]);
  });
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
): Promise<SchemaStatement[]> {
  const { signal } = new AbortController();
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
  await client.query('create schema if not exists walcast');
  for (const { event } of statements) {
    const { caller, text = '' } = event;
    running = text;
    await client.query('begin');
    const role = caller.role === NO_AUTHOR ? null : await roles.resolve(session, caller.role);
    if (role !== null) await runner.prepare(session, role);
    await client.query(enterEnvironment(caller));
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
