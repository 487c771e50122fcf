import { type Ast, child, listOf, nameParts, textOf, walk } from '../../../ddl/ast.ts';

export interface ObjectName {
  readonly schema: string;
  readonly name: string;
}

/** Kinds that make a relation whose metadata goes with the statement. */
const MAKERS: ReadonlySet<string> = new Set(['CreateStmt', 'CreateForeignTableStmt', 'ViewStmt', 'CreateTableAsStmt']);

/** The table, view, materialized view or foreign table that a statement makes. */
export function madeRelation(kind: string, node: Ast): ObjectName | null {
  return MAKERS.has(kind) ? mainRelation(kind, node) : null;
}

/** The relation that a statement makes, alters or belongs to. */
export function mainRelation(kind: string, node: Ast): ObjectName | null {
  switch (kind) {
    case 'CreateForeignTableStmt':
      return relationName(child(child(node, 'base'), 'relation') ?? child(child(node, 'baseStmt'), 'relation'));
    case 'ViewStmt':
      return relationName(child(node, 'view'));
    case 'CreateTableAsStmt':
      return relationName(child(child(node, 'into'), 'rel'));
    case 'CreatePolicyStmt':
      return relationName(child(node, 'table'));
    case 'CreateStatsStmt':
      return relationName(child(listOf(node, 'relations')[0], 'RangeVar'));
    default:
      return relationName(child(node, 'relation'));
  }
}

/** All relations in a statement's clauses, as RangeVars: of a foreign key both ends, of ATTACH parent and partition. */
export function namedRelations(node: Ast): ObjectName[] {
  const found: ObjectName[] = [];
  for (const [, part] of walk(node)) {
    const name = relationName(part);
    if (name !== null) found.push(name);
  }
  return found;
}

/** Every first part of a name with several parts; more than schemas, since columns are named with their tables. */
export function qualifiers(node: Ast): Set<string> {
  const found = new Set<string>();
  for (const [, part] of walk(node)) {
    const relation = textOf(part, 'schemaname');
    if (relation !== undefined) found.add(relation);
    for (const value of Object.values(part)) {
      if (!Array.isArray(value) || value.length < 2) continue;
      const first = nameParts([value[0] as Ast])[0];
      if (first !== undefined && first !== '') found.add(first);
    }
  }
  return found;
}

function relationName(range: Ast | undefined): ObjectName | null {
  const name = textOf(range, 'relname');
  return name === undefined ? null : { schema: textOf(range, 'schemaname') ?? '', name };
}
