import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession, SqlValue } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import { type LentRights, missingRights } from './lent-rights.ts';
import type { RoleRunner } from './role-runner.ts';
import type { TargetRole, TargetRoles } from './target-roles.ts';

/** A function or rule of a user that writing a row reaches, of a plain user if there is one. */
export interface RowCode {
  readonly rule: boolean;
  /** Is its owner a superuser? */
  readonly superuser: boolean | null;
  readonly table_owner: string;
  readonly table_owner_name: string;
  readonly table_superuser: boolean;
  readonly function: string | null;
}

export interface UserCodeOptions {
  /** search_path of the rows' code: the writer's own is unknown, so the source database's default. */
  readonly rowSearchPath: string;
  /** For tables of a superuser that reach code of a plain user: a role without superuser that may write them. Null: stop there. */
  readonly rowsRole: string | null;
}

/** With whose rights the rows of a table are written. */
export interface RowRole extends TargetRole {
  /** What it has only while it writes them. */
  readonly lent: LentRights | null;
}

/** Decides with whose rights the rows of a table are written, and writes them so. */
export class UserCode {
  readonly #runner: RoleRunner;
  readonly #roles: TargetRoles;
  readonly #options: UserCodeOptions;

  constructor(runner: RoleRunner, roles: TargetRoles, options: UserCodeOptions) {
    this.#runner = runner;
    this.#roles = roles;
    this.#options = options;
  }

  async reached(session: SqlSession, schema: string, table: string): Promise<RowCode | null> {
    const { rows } = await session.query('select walcast.row_code(pg_catalog.to_regclass($1)) as code', [
      quoteQualified(schema, table),
    ]);
    return JSON.parse(rows[0]?.['code'] ?? 'null') as RowCode | null;
  }

  /** The role whose rights the rows need; null: none of a user's code runs, they may go in directly. */
  async rowRole(session: SqlSession, schema: string, table: string, reached?: RowCode | null): Promise<RowRole | null> {
    const code = reached === undefined ? await this.reached(session, schema, table) : reached;
    const role = await this.#writer(session, schema, table, code);
    return role === null ? null : { ...role, lent: await missingRights(session, role, schema, table) };
  }

  async #writer(session: SqlSession, schema: string, table: string, code: RowCode | null): Promise<TargetRole | null> {
    if (code === null) return null;
    if (!code.table_superuser) {
      return { name: code.table_owner_name, oid: code.table_owner, superuser: false, own: false };
    }
    if (code.rule || code.superuser === true) return null;
    const substitute =
      this.#options.rowsRole === null ? null : await this.#roles.resolve(session, this.#options.rowsRole);
    if (substitute !== null && !substitute.superuser) return substitute;
    throw new WalcastError(
      'E_USER_CODE_SUPERUSER',
      `Rows of ${schema}.${table}, a superuser's table, reach ${code.function ?? ''}, a plain user's function.`,
      { fields: { table: `${schema}.${table}`, function: code.function ?? '' } },
    );
  }

  /** One statement on rows with the rights of `role`; values as $1, $2 …. Afterwards prepared statements are gone. @returns rows hit */
  async runAs(session: SqlSession, role: RowRole, sql: string, values: readonly SqlValue[]): Promise<number> {
    if (role.lent !== null) await session.execute(role.lent.give);
    const hit = await this.#runner.runRow(session, role, sql, values, this.#options.rowSearchPath);
    if (role.lent !== null) await session.execute(role.lent.take);
    return hit;
  }
}
