import { DEFAULT_LIMITS } from '../../../src/listener/snapshot/limits.ts';
import { schemaReader } from '../../../src/listener/snapshot/schema/schema-reader.ts';
import { SourceSnapshot } from '../../../src/listener/snapshot/source-snapshot.ts';
import { enterEnvironment, standingSettings } from '../../../src/processor/postgres/ddl/author-environment.ts';
import { migrate } from '../../../src/migrate/migrate.ts';
import { RoleRunner } from '../../../src/processor/postgres/ddl/role-runner.ts';
import { TargetRoles } from '../../../src/processor/postgres/ddl/target-roles.ts';
import { renderCatalog } from '../../../src/schema/catalog/render-catalog.ts';
import { describeDifferences, tableDifferences } from '../../../src/schema/compare-tables.ts';
import { plainShapes } from '../../support/plain-shapes.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../../src/wal/snapshot.ts';
import type { TableMetadata } from '../../../src/wal/table-metadata.ts';
import { pgDump } from '../../support/pg-dump.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { PgSession } from '../cases/pg-session.ts';

export interface Rendered {
  readonly statements: readonly SchemaStatement[];
  readonly findings: readonly string[];
}

export interface RenderOptions {
  readonly schemaSource?: 'catalog' | 'pg_dump';
  readonly user?: string;
  /** When the snapshot is taken and nothing is read yet. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** As a snapshot reads it. */
export async function renderSchema(
  source: TestDatabase,
  { schemaSource = 'catalog', user, meanwhile = () => Promise.resolve() }: RenderOptions = {},
): Promise<Rendered> {
  const { signal } = new AbortController();
  const url = source.url(user);
  const findings: string[] = [];
  const snapshot = await SourceSnapshot.open({ url, signal, streamed: false });
  await meanwhile();
  const read = schemaReader({
    url,
    limits: DEFAULT_LIMITS,
    pgDumpPath: await pgDump(),
    logger: { info: () => undefined, warn: () => undefined },
    renderCatalog: ({ relations, ...rest }) =>
      renderCatalog({
        ...rest,
        tables: new Map(relations.map((relation) => [relation.oid, relation])),
        report: ({ object, message }) => findings.push(`${object}: ${message}`),
      }),
  });
  try {
    return { statements: await read({ snapshot, schemaSource, signal }), findings };
  } finally {
    await snapshot.close();
  }
}

/** As a target does: each under its settings and as its author. The failures, not more than a few. */
export async function runStatements(statements: readonly SchemaStatement[], target: TestDatabase): Promise<string[]> {
  const failures: string[] = [];
  const client = await target.client();
  const session = new PgSession(client);
  const runner = new RoleRunner();
  const roles = new TargetRoles('stop', new Map());
  await migrate(session, { set: 'target' });
  for (const { event } of statements) {
    const { caller, text = '' } = event;
    await client.query('begin');
    const role = caller.role === NO_AUTHOR ? null : await roles.resolve(session, caller.role);
    if (role !== null) await runner.prepare(session, role);
    await client.query(enterEnvironment(caller, await standingSettings(session), false));
    try {
      if (role === null) await client.query(text);
      else await runner.run(session, role, text);
      await runner.clean(session);
      await client.query('commit');
    } catch (error) {
      failures.push(`as ${caller.role}: ${String(error)}: ${text.slice(0, 400)}`);
      await client.query('rollback');
      await runner.clean(session);
      if (failures.length > 60) break;
    }
  }
  await client.end();
  return failures;
}

const SHAPED = `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')`;

/** What the check after every schema change looks at: order of columns, names of inherited constraints. */
export async function shapeDifferences(source: TestDatabase, target: TestDatabase): Promise<string[]> {
  const major = source.server.major;
  const shapes = await shapesOf(source);
  const made = new Map((await shapesOf(target)).map((shape) => [`${shape.schema}.${shape.name}`, shape]));
  return shapes.flatMap((shape) => {
    const name = `${shape.schema}.${shape.name}`;
    const differences = tableDifferences(shape, made.get(name), { source: major, target: target.server.major });
    return differences.length === 0 ? [] : [describeDifferences(name, differences)];
  });
}

async function shapesOf(database: TestDatabase): Promise<TableMetadata[]> {
  const client = await database.client();
  try {
    await client.query('set search_path = pg_catalog');
    const session = new PgSession(client);
    const { rows } = await session.query(SHAPED);
    return await plainShapes(
      session,
      rows.map(({ schema, name }) => ({ schema: schema ?? '', name: name ?? '' })),
    );
  } finally {
    await client.end();
  }
}
