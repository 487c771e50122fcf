import type { DdlCommandEvent } from '../wal/ddl-event.ts';
import { type Ast, child, listOf, nameParts, textOf } from './ast.ts';

/** Statements that make a relation, whose name means no older one. */
const MAKING: ReadonlySet<string> = new Set([
  'CreateStmt',
  'CreateSeqStmt',
  'CreateForeignTableStmt',
  'CreateTableAsStmt',
  'ViewStmt',
]);
const COMMENTS_ON_RELATIONS: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
]);
/** Named by their relation and a name of their own. */
const COMMENTS_ON_PARTS: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_POLICY',
  'OBJECT_RULE',
]);
const TEMPORARY_SCHEMA = /^pg_temp(_\d+)?$/;

/** Does the statement make or change a temporary relation, of which no event tells? One of that name that lasts may stand behind it. */
export function concernsTemporary({ kind, node }: { kind: string; node: Ast }, event: DdlCommandEvent): boolean {
  const relation = relationOf(kind, node);
  if (relation === null) return false;
  if (relation.temporary || TEMPORARY_SCHEMA.test(relation.schema ?? '')) return true;
  if (MAKING.has(kind) || relation.schema !== undefined) return false;
  return temporaryNames(event).includes(relation.name);
}

/** Temporary relations that an unqualified name means; one that names pg_temp in its path may mean others. */
export function temporaryNames({ caller, details }: DdlCommandEvent): readonly string[] {
  return caller.search_path.includes('pg_temp') ? [] : (details?.temporary ?? []);
}

interface NamedRelation {
  readonly schema: string | undefined;
  readonly name: string;
  readonly temporary: boolean;
}

function relationOf(kind: string, node: Ast): NamedRelation | null {
  if (kind === 'CommentStmt') {
    const object = textOf(node, 'objtype') ?? '';
    const path = nameParts(listOf(child(child(node, 'object'), 'List'), 'items'));
    const relation = COMMENTS_ON_PARTS.has(object) ? path.slice(0, -1) : COMMENTS_ON_RELATIONS.has(object) ? path : [];
    const name = relation.at(-1);
    return name === undefined ? null : { schema: relation.at(-2), name, temporary: false };
  }
  const range =
    child(node, 'relation') ??
    child(node, 'view') ??
    child(node, 'sequence') ??
    child(node, 'table') ??
    child(child(node, 'into'), 'rel');
  const name = textOf(range, 'relname');
  if (name === undefined) return null;
  return { schema: textOf(range, 'schemaname'), name, temporary: textOf(range, 'relpersistence') === 't' };
}
