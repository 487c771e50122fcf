import type { SqlSession, SqlValue } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { metLater } from './met-later.ts';
import { RUNNER_CODE } from './runner-code.ts';
import type { TargetRole } from './target-roles.ts';

/** Untouched since we made it: same owner, same code, no settings of its own. */
const SOUND = `select p.oid::regprocedure::text as function, p.proowner = $1::oid and p.prosecdef and p.proconfig is null and p.prosrc = $2 as sound
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'walcast' and p.proname = $3`;

/** Takes back every setting that user code may have left, and every prepared statement that it may have put in place of ours. */
const CLEAN = 'reset all; deallocate all';

/**
 * Runs statements with the rights of a role, which their code cannot shed: inside a SECURITY DEFINER function of that role neither SET ROLE
 * nor SET SESSION AUTHORIZATION nor RESET of either is allowed. SET LOCAL ROLE alone would be escaped by RESET ROLE.
 */
export class RoleRunner {
  #userCodeRan = false;
  #generation = 0;

  /** Since `begin`: statements of plain users ran, so that COMMIT needs care. */
  get userCodeRan(): boolean {
    return this.#userCodeRan;
  }

  /** Grows whenever the session's prepared statements were dropped. */
  get generation(): number {
    return this.#generation;
  }

  begin(): void {
    this.#userCodeRan = false;
  }

  /** To be called before any setting of the statement's author is in force: it reads the catalog by unqualified names. */
  async prepare(session: SqlSession, role: TargetRole): Promise<void> {
    if (role.superuser || role.own || role.runnerSound === true) return;
    const { rows } = await session.query(SOUND, [role.oid, RUNNER_CODE, functionName(role)]);
    if (rows.length === 1 && rows[0]?.['sound'] === 't') return;
    for (const { function: found } of rows) await session.execute(`drop function ${found ?? ''}`);
    const signature = `walcast.${functionName(role)}(text, text[], text)`;
    await session.execute(`create function walcast.${functionName(role)}(statement text, parameters text[], path text)
      returns bigint language plpgsql security definer as $walcast$${RUNNER_CODE}$walcast$;
      revoke all on function ${signature} from public;
      alter function ${signature} owner to ${quoteIdentifier(role.name)}`);
  }

  /** One or more statements without values, sent at once, so that others may follow before they are answered. A superuser's run directly. */
  async run(session: SqlSession, role: TargetRole, sql: string): Promise<void> {
    if (role.own) {
      await session.execute(sql);
    } else if (role.superuser) {
      const became = metLater(session.execute(`set local role ${quoteIdentifier(role.name)}`));
      const ran = metLater(session.execute(sql));
      const left = metLater(session.execute('reset role'));
      await became;
      await ran;
      await left;
    } else {
      await this.send(session, role, sql);
    }
  }

  /** One statement of a plain user, sent at once, so that others may follow it before it is answered. Its function has to be there. */
  async send(session: SqlSession, role: TargetRole, sql: string): Promise<void> {
    this.#userCodeRan = true;
    await session.query(`select walcast.${functionName(role)}($1, null, null)`, [sql]);
  }

  /** After `run` or a failure of it: no setting and no prepared statement of user code outlives it. */
  async clean(session: SqlSession): Promise<void> {
    if (this.#userCodeRan) this.#generation++;
    await session.execute(this.#userCodeRan ? CLEAN : 'reset all');
  }

  /** One statement on rows, with values as $1, $2 … and the search_path that its code relies on. @returns rows hit */
  async runRow(
    session: SqlSession,
    role: TargetRole,
    sql: string,
    values: readonly SqlValue[],
    searchPath: string,
  ): Promise<number> {
    await this.prepare(session, role);
    this.#userCodeRan = true;
    const call = `select walcast.${functionName(role)}($1, $2, $3) as hit`;
    const { rows } = await session.query(call, [asTemplate(sql), textArray(values), searchPath]);
    await this.clean(session);
    return Number(rows[0]?.['hit'] ?? 0);
  }
}

function functionName(role: TargetRole): string {
  return `run_as_${role.oid}`;
}

/** `$2` → `%2$L`, outside quoted names and literals; `%` doubled everywhere. */
export function asTemplate(sql: string): string {
  return sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)|%/g, (part: string, n: string | undefined) =>
    n === undefined ? part.replaceAll('%', '%%') : `%${n}$L`,
  );
}

/** The text form of a text[]. */
export function textArray(values: readonly SqlValue[]): string {
  const elements = values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, '\\$&')}"`));
  return `{${elements.join(',')}}`;
}
