import { type Ast, child, listOf, textOf } from '../../../ddl/ast.ts';
import { parseStatements, type Statement } from '../../../ddl/statements.ts';

/** `ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY …` and nothing else, if the key is to be valid: the name of the key, where it has one. */
export function addedForeignKey(statement: Statement): { readonly constraint: string | undefined } | null {
  const constraint = child(child(onlyCommand(statement), 'def'), 'Constraint');
  if (textOf(constraint, 'contype') !== 'CONSTR_FOREIGN' || constraint?.['skip_validation'] === true) return null;
  return { constraint: textOf(constraint, 'conname') };
}

/** `ALTER TABLE … ADD CONSTRAINT …` and nothing else: the kind of the constraint, as the parser calls it. */
export function addedConstraint(statement: Statement): string | undefined {
  return textOf(child(child(onlyCommand(statement), 'def'), 'Constraint'), 'contype');
}

export function withoutValidation(sql: string): string {
  return `${sql.replace(/[;\s]+$/, '')} NOT VALID`;
}

/**
 * The same statements, but what they would check of the rows is checked later: a foreign key is made NOT VALID, a VALIDATE left out. Null:
 * there is none among them.
 */
export async function validatedLater(statements: readonly string[]): Promise<string[] | null> {
  const later: string[] = [];
  for (const sql of statements) {
    const [statement, ...more] = await parseStatements(sql);
    if (statement === undefined || more.length > 0) return null;
    if (addedForeignKey(statement) !== null) later.push(withoutValidation(sql));
    else if (textOf(onlyCommand(statement), 'subtype') !== 'AT_ValidateConstraint') later.push(sql);
  }
  return later.join(';') === statements.join(';') ? null : later;
}

function onlyCommand({ kind, node }: Statement): Ast | undefined {
  if (kind !== 'AlterTableStmt') return undefined;
  const commands = listOf(node, 'cmds').flatMap<Ast>((wrapped) => child(wrapped, 'AlterTableCmd') ?? []);
  return commands.length === 1 ? commands[0] : undefined;
}
