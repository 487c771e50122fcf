import type { AlterTableStmt, ColumnDef, Constraint, IndexStmt, Node, RangeVar } from 'libpg-query';
import { ALTER_TABLE } from './classes.ts';

/** What has to be looked at until it is finished. */
export interface Subject {
  readonly kind: 'index' | 'unique index' | 'constraint';
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/** What a change needs; `problems` say why it may not be made like that. */
export interface Verification {
  readonly subject: Subject | null;
  readonly problems: readonly string[];
}

const NOTHING: Verification = { subject: null, problems: [] };

/**
 * A migration that is verified runs again as a whole when it was killed or given up before: what it makes may be there already. So it has
 * to be repeatable.
 */
export function verificationOf(kind: string, statement: Node): Verification {
  if ('IndexStmt' in statement) return ofIndex(statement.IndexStmt);
  if ('AlterTableStmt' in statement) return ofAlterTable(statement.AlterTableStmt);
  if ('DropStmt' in statement) {
    const { concurrent, objects, removeType, missing_ok } = statement.DropStmt;
    if (concurrent === true) return refused('CONCURRENTLY: a migration is one transaction with its record');
    if ((objects ?? []).length > 1) return refused('DROP of several objects: one change a file');
    if (removeType === 'OBJECT_INDEX' && missing_ok !== true) {
      return refused('DROP INDEX without IF EXISTS: one that stays invalid is dropped by hand');
    }
  }
  if ('SelectStmt' in statement && statement.SelectStmt.intoClause !== undefined) {
    return refused('SELECT INTO: a table and its rows in one, whose columns nobody can read here');
  }
  if ('CreateSchemaStmt' in statement && (statement.CreateSchemaStmt.schemaElts ?? []).length > 0) {
    return refused(`${kind} with objects in it: one change a file`);
  }
  return NOTHING;
}

function ofIndex({ concurrent, if_not_exists, idxname, relation, unique }: IndexStmt): Verification {
  if (concurrent === true) return refused('CONCURRENTLY: a migration is one transaction with its record');
  if (idxname === undefined) return refused('CREATE INDEX without a name cannot be verified');
  if (if_not_exists !== true) return refused('CREATE INDEX without IF NOT EXISTS cannot run again');
  return subjectOf(unique === true ? 'unique index' : 'index', relation, idxname);
}

function ofAlterTable({ cmds = [], relation, objtype }: AlterTableStmt): Verification {
  if (objtype !== 'OBJECT_TABLE') return refused(`ALTER of ${objtype ?? 'something'} that is no table: not classified`);
  const commands = cmds.flatMap((node) => ('AlterTableCmd' in node ? [node.AlterTableCmd] : []));
  const last = commands.at(-1);
  if (last?.subtype === undefined) return refused('ALTER TABLE without a command');
  const why = ALTER_TABLE[last.subtype];
  if (why === undefined) return refused(`ALTER TABLE with ${last.subtype}: not classified`);

  const [first] = commands;
  const constraint = last.def !== undefined && 'Constraint' in last.def ? last.def.Constraint : undefined;
  const replaces =
    commands.length === 2 &&
    first?.subtype === 'AT_DropConstraint' &&
    first.missing_ok === true &&
    last.subtype === 'AT_AddConstraint' &&
    first.name === constraint?.conname;
  if (commands.length > 1 && !replaces) return refused('ALTER TABLE with several commands: one change a file');

  if (last.subtype === 'AT_AddColumn') return ofColumn(last.def);
  if (why !== 'verified') return NOTHING;
  if (last.subtype === 'AT_ValidateConstraint') return subjectOf('constraint', relation, last.name ?? '');
  return ofConstraint(constraint, relation, replaces);
}

function ofConstraint(
  constraint: Constraint | undefined,
  table: RangeVar | undefined,
  replaces: boolean,
): Verification {
  const { conname, contype, skip_validation, is_enforced } = constraint ?? {};
  if (contype === 'CONSTR_NOTNULL')
    return refused('ADD CONSTRAINT NOT NULL: use SET NOT NULL, which every version has');
  const proved = contype === 'CONSTR_CHECK' || contype === 'CONSTR_FOREIGN';
  if (proved && is_enforced !== true) return refused('NOT ENFORCED: only some versions have it');
  // It claims nothing about the rows of before, and holds for new ones with its statement. VALIDATE CONSTRAINT is verified.
  if (skip_validation === true) return NOTHING;
  if (conname === undefined) return refused('ADD CONSTRAINT without a name cannot be verified');
  if (!replaces)
    return refused(
      'ADD CONSTRAINT cannot run again: write DROP CONSTRAINT IF EXISTS in front, in the same ALTER TABLE',
    );
  return subjectOf('constraint', table, conname);
}

/** Constraints of a column would need a verification of their own. */
function ofColumn(definition: Node | undefined): Verification {
  const column: ColumnDef = definition !== undefined && 'ColumnDef' in definition ? definition.ColumnDef : {};
  const allowed = ['CONSTR_NULL', 'CONSTR_NOTNULL', 'CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'];
  const others = (column.constraints ?? []).filter(
    (node) => !('Constraint' in node) || !allowed.includes(node.Constraint.contype ?? ''),
  );
  return others.length > 0 ? refused('ADD COLUMN with a constraint: add it in a file of its own') : NOTHING;
}

function subjectOf(kind: Subject['kind'], relation: RangeVar | undefined, name: string): Verification {
  const { schemaname: schema = '', relname: table = '' } = relation ?? {};
  const odd = [schema, table, name].filter((identifier) => !/^[a-zA-Z0-9_]+$/.test(identifier));
  if (schema === '') return refused(`${table} without its schema`);
  // They go into generated SQL: nothing that would have to be quoted or escaped ever gets there.
  if (odd.length > 0)
    return refused(`the identifier ${JSON.stringify(odd[0])}: only letters, digits and _ go into generated SQL`);
  return { subject: { kind, schema, table, name }, problems: [] };
}

function refused(problem: string): Verification {
  return { subject: null, problems: [problem] };
}
