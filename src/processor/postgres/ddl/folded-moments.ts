import { mentionsMoment } from '../../../ddl/moments.ts';
import { child, textOf } from '../../../ddl/ast.ts';
import { parseStatements, type Statement } from '../../../ddl/statements.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../sql/quote.ts';
import type { DdlCommand, DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { unsupported } from './ddl-errors.ts';

export interface FoldedMoments {
  /** In place of the statement; null: it runs as it stands. */
  readonly instead: string | null;
  /** What is run after it. */
  readonly after: readonly string[];
}

const NOTHING: FoldedMoments = { instead: null, after: [] };
/** Kinds whose expressions the source always tells. Of functions, it tells only those that keep some. */
const ALWAYS_TOLD: ReadonlySet<string> = new Set(['pg_policy', 'pg_rewrite', 'pg_trigger', 'pg_statistic_ext']);

/**
 * `'now'::timestamp` is the moment at which the statement is read, which is another one here: what the statement makes is then made, or made
 * over, with the constants of the source. Asks the target as it is before the statement.
 */
export async function foldedMoments(
  { kind, node }: Statement,
  event: DdlCommandEvent,
  session: SqlSession,
): Promise<FoldedMoments> {
  // a setting of a function is kept as it is written
  if (!mentionsMoment(node) || kind === 'AlterFunctionStmt') return NOTHING;
  const { commands, relations = [] } = event.details ?? {};
  if (commands === undefined) throw untold(event);
  const made = new Set(commands.map(({ oid }) => oid));
  const touched = relations.filter(({ oid }) => made.has(oid));

  switch (kind) {
    case 'IndexStmt':
      return { instead: textOf(node, 'tableSpace') === undefined ? indexAsOnSource(commands) : null, after: [] };
    case 'CreateStatsStmt':
      return { instead: toldOf(event, commands[0]), after: [] };
    case 'CreateTableAsStmt':
      return { instead: touched[0] === undefined ? null : materializedAsOnSource(touched[0]), after: [] };
    default: {
      const before = await relationShapes(session, touched);
      const after = touched.flatMap((table) => [
        ...viewAsOnSource(table),
        ...defaultsAsOnSource(table),
        ...checksAsOnSource(
          table,
          before.find(({ schema, name }) => schema === table.schema && name === table.name),
        ),
      ]);
      for (const command of commands) after.push(...(await asOnSource(command, event, session)));
      return { instead: null, after };
    }
  }
}

function untold(event: DdlCommandEvent): Error {
  return unsupported(
    event,
    "it holds a literal such as 'now' or 'today', which was read at a moment that is over, and the source does not tell what became of it. " +
      'Run it on the target with the constants that the catalog of the source shows, then pass over it with `replicate ddl skip`',
  );
}

function toldOf(event: DdlCommandEvent, command: DdlCommand | undefined): string {
  if (command?.definition === undefined) throw untold(event);
  return command.definition;
}

async function asOnSource(command: DdlCommand, event: DdlCommandEvent, session: SqlSession): Promise<string[]> {
  const object = command.class ?? '';
  if (command.definition === undefined) {
    if (ALWAYS_TOLD.has(object)) throw untold(event);
    return [];
  }
  switch (object) {
    case 'pg_policy':
      return [command.definition];
    case 'pg_proc': // CREATE OR REPLACE as the server prints it
      return [command.definition];
    case 'pg_rewrite':
    case 'pg_trigger': {
      const plain = /^CREATE (?=RULE |TRIGGER )/;
      if (plain.test(command.definition)) return [command.definition.replace(plain, 'CREATE OR REPLACE ')];
      // a constraint trigger, which cannot have been there before
      return [`DROP TRIGGER ${command.identity ?? ''}`, command.definition];
    }
    case 'pg_type':
      return await domainAsOnSource(command.definition, command.identity ?? '', session);
    default:
      return [];
  }
}

/** Its default, and the checks that it has not got yet: those that it has keep their comments. */
async function domainAsOnSource(definition: string, identity: string, session: SqlSession): Promise<string[]> {
  const { rows } = await session.query(
    `select k.conname as name from pg_catalog.pg_constraint k
     where k.contypid operator(pg_catalog.=) pg_catalog.to_regtype($1) and k.contypid operator(pg_catalog.<>) 0::pg_catalog.oid`,
    [identity],
  );
  const present = new Set(rows.map(({ name }) => name));
  return (await parseStatements(definition)).flatMap(({ sql, node }) => {
    const constraint = textOf(child(child(node, 'def'), 'Constraint'), 'conname') ?? textOf(node, 'name');
    return constraint !== undefined && present.has(constraint) ? [] : [sql];
  });
}

/** The index of a partitioned table is printed without those of its partitions: the comparison afterwards tells of it. */
function indexAsOnSource(commands: readonly DdlCommand[]): string | null {
  const definition = commands.find(({ type }) => type === 'index')?.definition;
  return definition === undefined || definition.includes(' ON ONLY ') ? null : definition;
}

function materializedAsOnSource(view: TableMetadata): string | null {
  const { schema, name, kind, options, definition, access_method: method, tablespace, populated } = view;
  if (kind !== 'm' || definition === undefined) return null;
  return [
    `CREATE MATERIALIZED VIEW ${quoteQualified(schema, name)}`,
    method === undefined ? '' : ` USING ${quoteIdentifier(method)}`,
    options === undefined ? '' : ` WITH (${options.map(storageOption).join(', ')})`,
    tablespace === undefined ? '' : ` TABLESPACE ${quoteIdentifier(tablespace)}`,
    ` AS ${definition.replace(/;\s*$/, '')} WITH ${populated === false ? 'NO ' : ''}DATA`,
  ].join('');
}

function storageOption(option: string): string {
  const [name = '', ...value] = option.split('=');
  return `${name} = ${quoteLiteral(value.join('='))}`;
}

function viewAsOnSource({ schema, name, kind, options, definition }: TableMetadata): string[] {
  if (kind !== 'v' || definition === undefined) return [];
  const clause = options === undefined ? '' : ` WITH (${options.join(', ')})`;
  return [`CREATE OR REPLACE VIEW ${quoteQualified(schema, name)}${clause} AS ${definition}`];
}

function defaultsAsOnSource(table: TableMetadata): string[] {
  return (table.columns ?? []).flatMap(({ name, default: value, generated }) =>
    value === undefined || generated !== undefined || !value.includes("'")
      ? []
      : [`${alter(table)} ALTER COLUMN ${quoteIdentifier(name)} SET DEFAULT ${value}`],
  );
}

/** Those that the target has not got yet: the others keep their comments. */
function checksAsOnSource(table: TableMetadata, before: TableMetadata | undefined): string[] {
  return (table.constraints ?? []).flatMap(({ name, type, definition }) => {
    const known = before?.constraints?.some((other) => other.name === name && other.definition === definition);
    if ((type !== 'c' && type !== 'x') || known === true || !definition.includes("'")) return [];
    const constraint = quoteIdentifier(name);
    return [`${alter(table)} DROP CONSTRAINT ${constraint}, ADD CONSTRAINT ${constraint} ${definition}`];
  });
}

function alter({ kind, schema, name }: TableMetadata): string {
  return `ALTER ${kind === 'f' ? 'FOREIGN ' : ''}TABLE ${quoteQualified(schema, name)}`;
}
