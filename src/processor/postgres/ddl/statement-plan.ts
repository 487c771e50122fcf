import {
  addedWithDefault,
  addsIfMissing,
  detachedConcurrently,
  enabledPlainly,
  firingForReplicas,
  partitionOfComputedBound,
  rolesIn,
  withDefault,
  withExtensionVersion,
  withIndexName,
  withPartitionBound,
  withoutConcurrently,
  withRoles,
} from '../../../ddl/edit-statement.ts';
import { isConditional } from '../../../ddl/conditional-statements.ts';
import { lastIdentifier } from '../../../ddl/statement-names.ts';
import { type Ast, listOf } from '../../../ddl/ast.ts';
import type { FoundStatement } from '../../../ddl/statement-finder.ts';
import { relationShapes } from '../../../schema/relation-shape.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../sql/quote.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { foldedMoments } from './folded-moments.ts';
import { leavesBound } from './detached-bound.ts';
import type { TargetRoles } from './target-roles.ts';

export interface Plan {
  /** The statement as the source had it; null: its text is unknown. */
  readonly source: string | null;
  /** Statements, run one after the other with the author's rights. */
  readonly statements: readonly string[];
  readonly how: string;
  /** False: it must not run in a subtransaction, so that its failure is the transaction's. */
  readonly savepoint: boolean;
  /** It may do nothing and succeed: whether it dropped what the source dropped has to be seen. */
  readonly ifExists: boolean;
  /** The same of what it makes or changes: whether that is there afterwards has to be seen. */
  readonly mayDoNothing: boolean;
  /** A partition, as the author names it, whose bound becomes a CHECK before it is detached. */
  readonly detached: string | null;
  /** Triggers and rules that stay plain ENABLE here though the source made them fire for replicated rows. */
  readonly silenced: readonly string[];
  /** It copies another table, by a name under which the source's session may have had a temporary one. */
  readonly copies: boolean;
}

/** From PostgreSQL 17 a transaction may use the values that it adds to its own enum, but not if it makes or adds them in a subtransaction. */
const ENUM_VALUES_AT_ONCE = 170_000;
const ENUM_STATEMENTS: ReadonlySet<string> = new Set(['CreateEnumStmt', 'AlterEnumStmt']);

export function planOf(statements: readonly string[], how: string, source: string | null = null): Plan {
  return {
    source,
    statements,
    how,
    savepoint: true,
    ifExists: false,
    mayDoNothing: false,
    detached: null,
    silenced: [],
    copies: false,
  };
}

/** A found statement with the clauses changed that cannot be repeated as they stand. Asks the target as it is before the statement. */
export async function planStatement(
  found: FoundStatement,
  event: DdlCommandEvent,
  roles: TargetRoles,
  session: SqlSession,
): Promise<Plan> {
  const { statement } = found;
  const { node, kind } = statement;
  const notes = [found.how];
  let sql = statement.sql;
  const after: string[] = [];
  let detached: string | null = null;
  let silenced: readonly string[] = [];

  if ((kind === 'DropStmt' || kind === 'IndexStmt') && node['concurrent'] === true) {
    sql = await withoutConcurrently(sql);
    notes.push('not concurrently');
  }
  if (kind === 'IndexStmt' && node['idxname'] === undefined) {
    const index = event.details?.commands?.find(({ type }) => type === 'index');
    const name = index?.identity === undefined ? null : lastIdentifier(index.identity);
    if (name !== null) {
      sql = await withIndexName(sql, name);
      notes.push('named');
    }
  }
  if (kind === 'AlterTableStmt') {
    detached = detachedConcurrently(node);
    if (detached !== null) {
      if (!(await leavesBound(detached, event, session))) detached = null;
      sql = await withoutConcurrently(sql);
      notes.push('not concurrently');
    }
    silenced = firingForReplicas(node);
    if (silenced.length > 0) {
      sql = await enabledPlainly(sql);
      notes.push('ENABLE only');
    }
    for (const { table, column, value, original } of await frozenDefaults(node, event, session)) {
      sql = await withDefault(sql, column, value);
      const name = `ALTER TABLE ${quoteQualified(table.schema, table.name)} ALTER COLUMN ${quoteIdentifier(column)}`;
      after.push(original === undefined ? `${name} DROP DEFAULT` : `${name} SET DEFAULT ${original}`);
      notes.push('frozen default');
    }
  }
  const bound = kind === 'CreateStmt' || kind === 'AlterTableStmt' ? computedBound(node, event) : undefined;
  if (bound !== undefined) {
    sql = await withPartitionBound(sql, bound);
    notes.push('computed bound');
  }
  const { instead, after: folded } = await foldedMoments(statement, event, session);
  if (instead !== null) sql = instead;
  if (instead !== null || folded.length > 0) {
    after.push(...folded);
    notes.push('moments of the source');
  }
  if (kind === 'CreateExtensionStmt' || kind === 'AlterExtensionStmt') {
    const version = event.details?.commands?.find(({ type }) => type === 'extension')?.version;
    if (version !== undefined) sql = await withExtensionVersion(sql, version);
  }
  const renamed = await roles.renamed(session, rolesIn(node));
  if (renamed.size > 0) {
    sql = await withRoles(sql, renamed);
    notes.push('roles mapped');
  }
  return {
    source: statement.sql,
    statements: [sql, ...after],
    how: notes.join(', '),
    ifExists: (kind === 'DropStmt' || kind === 'DropUserMappingStmt') && node['missing_ok'] === true,
    mayDoNothing: isConditional(node) && renamed.size === 0,
    savepoint: event.server_version_num < ENUM_VALUES_AT_ONCE || !ENUM_STATEMENTS.has(kind),
    detached,
    silenced,
    copies: kind === 'CreateStmt' && listOf(node, 'tableElts').some((element) => 'TableLikeClause' in element),
  };
}

/** The bound of a partition as the source computed it, say from CURRENT_TIMESTAMP. */
function computedBound(node: Ast, { details }: DdlCommandEvent): string | undefined {
  const partition = partitionOfComputedBound(node);
  const [bound, ...others] = (details?.relations ?? []).flatMap(({ name, partition_bound: text }) =>
    name === partition && text !== undefined ? [text] : [],
  );
  return others.length === 0 ? bound : undefined;
}

interface FrozenDefault {
  readonly table: TableMetadata;
  readonly column: string;
  /** The value that existing rows got on the source, as a SQL constant. */
  readonly value: string;
  /** The default of later rows. */
  readonly original: string | undefined;
}

/**
 * ADD COLUMN … DEFAULT now() gives existing rows the moment at which it ran on the source. A column that the target has already is not
 * touched: the statement will not add it either.
 */
async function frozenDefaults(node: Ast, { details }: DdlCommandEvent, session: SqlSession): Promise<FrozenDefault[]> {
  const columns = addedWithDefault(node);
  const altered = details?.commands?.find(({ type }) => type === 'table')?.oid;
  const table = details?.relations?.find(({ oid }) => oid === altered);
  if (columns.length === 0 || table === undefined) return [];
  const [before] = addsIfMissing(node) ? await relationShapes(session, [table]) : [];
  const present = new Set(before?.columns?.map(({ name }) => name));
  return (table.columns ?? []).flatMap(({ name, type, missing, default: original }) =>
    missing === undefined || !columns.includes(name) || present.has(name)
      ? []
      : [{ table, column: name, value: `CAST(${quoteLiteral(missing)} AS ${type})`, original }],
  );
}
