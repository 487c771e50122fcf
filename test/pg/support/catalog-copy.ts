import { renderCatalog } from '../../../src/schema/catalog/render-catalog.ts';
import { READING_OPTIONS } from '../../../src/postgres/pinned-settings.ts';
import { enterEnvironment, KEEP } from '../../../src/processor/postgres/ddl/author-environment.ts';
import { quoteIdentifier } from '../../../src/sql/quote.ts';
import { relationShapes } from '../../../src/schema/relation-shape.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../../src/wal/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { PgSession } from '../cases/pg-session.ts';
import { textClient } from '../../support/text-client.ts';

export interface Rendered {
  readonly statements: readonly SchemaStatement[];
  readonly findings: readonly string[];
}

const SHAPED = `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** As the snapshot reads it: in one REPEATABLE READ transaction with pinned settings. */
export async function renderSchema(source: TestDatabase, user?: string): Promise<Rendered> {
  const url = new URL(source.url(user));
  url.searchParams.set('options', READING_OPTIONS);
  const client = textClient(url.href);
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const session = new PgSession(client);
    const names = (await session.query(SHAPED)).rows.map(({ schema, name }) => ({
      schema: schema ?? '',
      name: name ?? '',
    }));
    const shapes = await relationShapes(session, names);
    const version = (await session.query(`select current_setting('server_version_num') as version`)).rows[0]?.[
      'version'
    ];
    const findings: string[] = [];
    const statements = await renderCatalog({
      session,
      tables: new Map(shapes.map((shape) => [shape.oid, shape])),
      serverVersion: Number(version),
      report: ({ object, message }) => findings.push(`${object}: ${message}`),
    });
    return { statements, findings };
  } finally {
    await client.end();
  }
}

/** Each statement under its settings and as its author; the failures, not more than a few. */
export async function runStatements(statements: readonly SchemaStatement[], target: TestDatabase): Promise<string[]> {
  const failures: string[] = [];
  const client = await target.client();
  for (const { event } of statements) {
    const { caller, text = '' } = event;
    await client.query(`begin; ${enterEnvironment(caller)}`);
    if (caller.role !== NO_AUTHOR) await client.query(`set session authorization ${quoteIdentifier(caller.role)}`);
    try {
      await client.query(text);
      await client.query(`${KEEP}; commit; reset session authorization; reset all`);
    } catch (error) {
      failures.push(`${String(error)}: ${text.slice(0, 400)}`);
      await client.query('rollback; reset session authorization; reset all');
      if (failures.length > 20) break;
    }
  }
  await client.end();
  return failures;
}
