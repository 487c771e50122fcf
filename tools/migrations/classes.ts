import type { AlterTableType } from 'libpg-query';

/**
 * What a statement counts as. A statement that is not in these tables is refused: whoever needs it adds it with its reason.
 *
 * - `change`: modifies the schema; a file has at most one, so that no store can stop between two of them.
 * - `repeatable`: leaves every shape as it is, is done when its transaction is, and does no harm a second time.
 * - `data`: the same, but a second time it fails or doubles rows.
 */
export type StatementClass = 'change' | 'repeatable' | 'data';

interface Row {
  readonly class: StatementClass;
  readonly why: string;
}

const AT_ONCE = 'in the catalog as a whole or not at all, with nothing left to be done for rows';

/** By the parser's name of the statement. Changes that may end later than their statement are told apart in verification.ts. */
export const STATEMENTS: Readonly<Record<string, Row>> = {
  CreateSchemaStmt: { class: 'change', why: AT_ONCE },
  CreateStmt: {
    class: 'change',
    why: 'new and empty: its keys and constraints have no row to be built or proved from',
  },
  CreateFunctionStmt: { class: 'change', why: AT_ONCE },
  CreateEventTrigStmt: { class: 'change', why: AT_ONCE },
  AlterEventTrigStmt: { class: 'change', why: AT_ONCE },
  CreateTrigStmt: { class: 'change', why: AT_ONCE },
  CreateSeqStmt: { class: 'change', why: AT_ONCE },
  ViewStmt: { class: 'change', why: AT_ONCE },
  RenameStmt: { class: 'change', why: AT_ONCE },
  DropStmt: { class: 'change', why: 'gone from the catalog at once; what a store clears away later is out of reach' },
  AlterTableStmt: { class: 'change', why: 'by its command: see ALTER_TABLE' },
  IndexStmt: { class: 'change', why: 'verified: built from the rows, by some stores after the statement' },
  SelectStmt: {
    class: 'change',
    why: 'a call: what a function of a migration before does cannot be seen here, so it is the one change of its file',
  },
  GrantStmt: {
    class: 'repeatable',
    why: 'GRANT and REVOKE: who may, not what is there; REVOKE has to stand with CREATE',
  },
  CommentStmt: { class: 'repeatable', why: 'a text beside the object' },
  InsertStmt: { class: 'data', why: 'rows' },
  UpdateStmt: { class: 'data', why: 'rows' },
  DeleteStmt: { class: 'data', why: 'rows' },
  DoStmt: { class: 'data', why: 'rows; refused where it could hide a change: see do-block.ts' },
};

/** `verified`: with its reason, the change may end later than its statement. Else the reason why no look at it is needed. */
export const ALTER_TABLE: Partial<Readonly<Record<AlterTableType, string>>> = {
  AT_AddConstraint: 'verified',
  AT_ValidateConstraint: 'verified',
  // Also NOT NULL DEFAULT: stores that fill columns in the background show the column only when all rows have it.
  AT_AddColumn: 'the column is there with all its values or not at all',
  // There is no IF NOT EXISTS that could take somebody's half for the whole, and a repetition proves the rows again.
  AT_SetNotNull: 'attnotnull appears only when every row has been looked at',
  AT_DropNotNull: AT_ONCE,
  AT_ColumnDefault: AT_ONCE,
  AT_DropColumn: AT_ONCE,
  AT_DropConstraint: AT_ONCE,
  AT_SetRelOptions: AT_ONCE,
  AT_ReplicaIdentity: AT_ONCE,
  AT_SetLogged: 'the table is rewritten by the statement itself; only PostgreSQL knows it',
  AT_SetUnLogged: 'the table is rewritten by the statement itself; only PostgreSQL knows it',
};

/** File names that the rules do not hold for. */
export const EXEMPT: Readonly<Record<string, string>> = {
  '0000_bootstrap.up.sql':
    'makes the table in which its own record is kept, and the schema for it; both IF NOT EXISTS, since every set begins with it',
  '0000_bootstrap.down.sql': 'takes both back, in the transaction that has removed the last record',
};
