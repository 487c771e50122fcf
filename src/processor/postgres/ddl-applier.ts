import type { SqlSession, SqlValue } from '../../postgres/sql-session.ts';
import type { BackfillEvent, DdlCommandEvent, DdlEvent } from '../../wal/ddl-event.ts';
import type { PendingIndex } from './concurrent-index.ts';
import type { MissingRolePolicy } from './ddl/target-roles.ts';
import type { Relation } from '../../wal/relation.ts';

/** What a person decided about roles. */
export interface ReplayPolicies {
  readonly roles: MissingRolePolicy;
  /** Source role → target role. */
  readonly roleMap: ReadonlyMap<string, string>;
  /** search_path under which rows of tables with user code are written; the source database's default. */
  readonly rowSearchPath?: string;
  /** A role without superuser for the rows of superusers' tables that reach a plain user's code. */
  readonly rowsRole?: string;
}

/** Decides with whose rights rows are written, and writes them so. */
export interface RowAuthority<Role = unknown, Reached = unknown> {
  /** What writing a row of the table reaches: one question, for `rowRole`. */
  reached(session: SqlSession, schema: string, table: string): Promise<Reached>;
  /** The role whose rights rows of the table need, since writing one runs code of users; null: they go in directly. */
  rowRole(session: SqlSession, schema: string, table: string, reached?: Reached): Promise<Role | null>;
  /** One statement with values as $1, $2 …. @returns rows hit */
  runAs(session: SqlSession, role: Role, sql: string, values: readonly SqlValue[]): Promise<number>;
}

/** Replays captured commands inside the target transaction that also carries the rows before and after them. */
export interface DdlApplier {
  readonly userCode: RowAuthority;
  readonly policies: ReplayPolicies;
  /** Grows whenever the session's prepared statements were dropped, with all that came after ours under their names. */
  readonly preparedGeneration: number;
  /** Since `beginTransaction`, code of plain users ran: `endTransaction` has much to do. */
  readonly userCodeRan: boolean;
  /** A transaction of the target begins: whatever others may have changed meanwhile is asked again. */
  beginGroup(): void;
  /** A transaction of the source begins. */
  beginTransaction(): void;
  /** The text of an event that comes soon: it may be parsed meanwhile. */
  expect(event: DdlEvent): void;
  /** Foreign keys, by oid, that may be NOT VALID until later; new ones may join them. Null: all are held to at once. */
  postpone(keys: { has(oid: number): boolean } | null): void;
  /**
   * `statement` null: nothing had to run; `how` says why. Throws when it cannot be done exactly.
   * @param sent may be called more than once: what is asked of the session in it sees the command's result, if there is one; the last call counts
   */
  apply(
    event: DdlCommandEvent,
    session: SqlSession,
    sent?: () => void,
  ): Promise<{
    readonly source?: string | null;
    readonly statement: string | null;
    readonly how: string;
    readonly later?: readonly PendingIndex[];
  }>;
  /** An event that is passed over: its text may be needed by later ones of the transaction. */
  passOver(event: DdlCommandEvent): void;
  /** @returns rows written */
  rows(event: BackfillEvent, session: SqlSession): Promise<number>;
  /** Makes a table that rows came for and no event announced. */
  gap(relation: Relation, session: SqlSession): Promise<void>;
  /**
   * At the end of a transaction of the source: what user code may have left to run at COMMIT is closed, or refused. True: prepared statements are
   * gone.
   */
  endTransaction(session: SqlSession): Promise<boolean>;
}
