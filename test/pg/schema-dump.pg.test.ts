import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enterEnvironment, KEEP } from '../../src/processor/postgres/ddl/author-environment.ts';
import { RoleRunner } from '../../src/processor/postgres/ddl/role-runner.ts';
import { TargetRoles } from '../../src/processor/postgres/ddl/target-roles.ts';
import { readSchema, type ReadSchemaOptions } from '../../src/listener/snapshot/schema/read-schema.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { relationShapes } from '../../src/schema/relation-shape.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../src/wal/snapshot.ts';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import type { TestDatabase } from '../support/test-database.ts';
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

const SHAPED = `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

async function read(source: TestDatabase, changed: Partial<ReadSchemaOptions> = {}): Promise<SchemaStatement[]> {
  const { signal } = new AbortController();
  const snapshot = await SourceSnapshot.open({ url: source.url(), signal, streamed: false });
  try {
    const { rows } = await snapshot.session.query(SHAPED);
    const names = rows.map(({ schema, name }) => ({ schema: schema ?? '', name: name ?? '' }));
    return await readSchema({
      url: source.url(),
      exportId: snapshot.exportId,
      session: snapshot.session,
      schemaSource: 'pg_dump',
      relations: await relationShapes(snapshot.session, names),
      at: '0/1',
      renderCatalog: () => Promise.reject(new Error('the catalog was not asked for')),
      signal,
      logger: { info: () => undefined, warn: () => undefined },
      lockTimeoutMs: 5_000,
      pgDumpPath: await pgDump(),
      ...changed,
    });
  } finally {
    await snapshot.close();
  }
}

/** As a target does: each under its settings, as its author. */
async function execute(statements: readonly SchemaStatement[], target: TestDatabase): Promise<void> {
  const client = await target.client();
  const session = new PgSession(client);
  const runner = new RoleRunner();
  const roles = new TargetRoles('stop', new Map());
  await client.query('create schema if not exists walcast');
  for (const { event } of statements) {
    const { caller, text = '' } = event;
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
