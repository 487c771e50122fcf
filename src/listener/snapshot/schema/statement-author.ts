import { type Ast, child, listOf, nameParts, textOf } from '../../../ddl/ast.ts';
import { mainRelation, namedRelations, type ObjectName } from './statement-relations.ts';
import type { UserCodeMap } from './user-code.ts';

/** Statements with expressions, beside ALTER TABLE. */
const WITH_EXPRESSIONS: ReadonlySet<string> = new Set([
  'CreateStmt',
  'CreateForeignTableStmt',
  'IndexStmt',
  'ViewStmt',
  'CreateTableAsStmt',
  'RuleStmt',
  'CreatePolicyStmt',
  'CreateTrigStmt',
  'CreateStatsStmt',
]);

/** What ALTER TABLE does that reads an expression. The others, OWNER TO among them, need rights that the owner may not have. */
const ALTERS_EXPRESSIONS: ReadonlySet<string> = new Set([
  'AT_AddColumn',
  'AT_AddConstraint',
  'AT_AttachPartition',
  'AT_ColumnDefault',
  'AT_ValidateConstraint',
]);

/** The plain user with whose rights a statement has to run since it may run code of users; null: none of it runs. */
export function statementAuthor(kind: string, node: Ast, code: UserCodeMap): string | null {
  if (WITH_EXPRESSIONS.has(kind)) return firstRole(code, mainRelation(kind, node));
  switch (kind) {
    case 'AlterTableStmt':
      return altersExpressions(node) ? firstRole(code, mainRelation(kind, node), ...namedRelations(node)) : null;
    case 'CreateFunctionStmt':
      return code.roleFor('routine', qualified(listOf(node, 'funcname')));
    case 'DefineStmt':
      return textOf(node, 'kind') === 'OBJECT_AGGREGATE'
        ? code.roleFor('routine', qualified(listOf(node, 'defnames')))
        : null;
    case 'CreateDomainStmt':
      return code.roleFor('type', qualified(listOf(node, 'domainname')));
    case 'AlterDomainStmt':
      return textOf(node, 'subtype') === 'C' || textOf(node, 'subtype') === 'T'
        ? code.roleFor('type', qualified(listOf(node, 'typeName')))
        : null;
    default:
      return null;
  }
}

function altersExpressions(node: Ast): boolean {
  return listOf(node, 'cmds').some((wrapped) =>
    ALTERS_EXPRESSIONS.has(textOf(child(wrapped, 'AlterTableCmd'), 'subtype') ?? ''),
  );
}

function firstRole(code: UserCodeMap, ...relations: readonly (ObjectName | null)[]): string | null {
  for (const relation of relations) {
    const role = relation === null ? null : code.roleFor('relation', relation);
    if (role !== null) return role;
  }
  return null;
}

function qualified(list: readonly Ast[]): ObjectName {
  const parts = nameParts(list);
  return { schema: parts.at(-2) ?? '', name: parts.at(-1) ?? '' };
}
