import { child, textOf } from '../../../ddl/ast.ts';
import { COMMAND_CLASSES } from '../../../ddl/command-classes.ts';
import {
  enabledPlainly,
  firingForReplicas,
  rolesIn,
  withExtensionVersion,
  withRoles,
} from '../../../ddl/edit-statement.ts';
import { parseStatements, type Statement } from '../../../ddl/statements.ts';
import { NO_AUTHOR } from '../../../wal/snapshot.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TargetRole } from '../ddl/target-roles.ts';
import { unsupported } from '../ddl/ddl-errors.ts';
import { addedConstraint, addedForeignKey } from '../ddl/foreign-key.ts';
import type { StoredStatement } from './state-store.ts';

const INDEXED: ReadonlySet<string> = new Set(['CONSTR_PRIMARY', 'CONSTR_UNIQUE']);

/** A statement of the script as it runs here. */
export interface PlannedStatement {
  readonly number: number;
  readonly event: DdlCommandEvent;
  /** Null: nothing has to run. */
  readonly sql: string | null;
  /** Null: our own. */
  readonly role: TargetRole | null;
  /** The foreign key that it makes, if it makes one that is to be valid. */
  readonly foreignKey: TableConstraint | null;
  /** The table that it belongs to, as the statement names it. */
  readonly table: RelationName | null;
  /** It makes an index and nothing that other statements of its section could be needed for. */
  readonly buildsIndex: boolean;
}

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

export interface TableConstraint extends RelationName {
  readonly constraint: string;
}

export interface PlanFacts {
  /** By the source's name, made or refused as the policy says. */
  resolve(role: string): Promise<TargetRole>;
  readonly schemas: ReadonlySet<string>;
}

/** What the event's statement comes to on this target. */
export async function planStored({ number, event }: StoredStatement, facts: PlanFacts): Promise<PlannedStatement> {
  const role = event.caller.role === NO_AUTHOR ? null : await facts.resolve(event.caller.role);
  const planned = { number, event, role, foreignKey: null, table: null, buildsIndex: false };
  const known = COMMAND_CLASSES.get(event.tag);
  if (known === undefined && event.text === undefined) throw unsupported(event, 'its text did not come with it');
  if (known?.replay === 'ignore') return { ...planned, sql: null };
  if (known?.replay === 'stop') throw unsupported(event, known.why ?? 'it cannot be repeated');
  const text = event.text ?? '';
  const statement = await parsed(text);
  if (statement === null) return { ...planned, sql: text };
  const { kind, node } = statement;
  if (kind === 'CreateSchemaStmt' && facts.schemas.has(textOf(node, 'schemaname') ?? ''))
    return { ...planned, sql: null };
  let sql = statement.sql;
  if ((kind === 'AlterTableStmt' || kind === 'AlterEventTrigStmt') && firingForReplicas(node).length > 0)
    sql = await enabledPlainly(sql);
  if (kind === 'CreateExtensionStmt') {
    const version = event.details?.commands?.find(({ type }) => type === 'extension')?.version;
    if (version !== undefined) sql = await withExtensionVersion(sql, version);
  }
  const renamed = new Map<string, string>();
  for (const name of rolesIn(node)) {
    const { name: here } = await facts.resolve(name);
    if (here !== name) renamed.set(name, here);
  }
  if (renamed.size > 0) sql = await withRoles(sql, renamed);
  return {
    ...planned,
    sql,
    foreignKey: foreignKeyOf(statement),
    table: tableOf(statement),
    buildsIndex: kind === 'IndexStmt' || INDEXED.has(addedConstraint(statement) ?? ''),
  };
}

/** Null: a newer grammar than ours; the server will know. */
async function parsed(text: string): Promise<Statement | null> {
  const statements = await parseStatements(text).catch(() => []);
  return statements.length === 1 ? (statements[0] ?? null) : null;
}

function tableOf({ node }: Statement): RelationName | null {
  const relation = child(node, 'relation');
  const name = textOf(relation, 'relname');
  return name === undefined ? null : { schema: textOf(relation, 'schemaname') ?? 'public', name };
}

function foreignKeyOf(statement: Statement): TableConstraint | null {
  const constraint = addedForeignKey(statement)?.constraint;
  const table = tableOf(statement);
  return table === null || constraint === undefined ? null : { ...table, constraint };
}
