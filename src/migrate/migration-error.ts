import { WalcastError } from '../errors/walcast-error.ts';
import { PostgresError } from '../postgres/postgres-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { classifySqlstate } from '../sql/sqlstate.ts';
import type { MigrationSet } from './migration.ts';

const DENIED = '42501';
/** duplicate_table, duplicate_object, duplicate_function, duplicate_schema */
const IN_THE_WAY: readonly string[] = ['42P07', '42710', '42723', '42P06'];

/** What a person reads when a migration failed, with what helps against it. The session is outside of the failed transaction again. */
export async function migrationError(
  session: SqlSession,
  { set, file }: { readonly set: MigrationSet; readonly file: string },
  cause: unknown,
): Promise<WalcastError> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const sqlstate = cause instanceof PostgresError ? cause.sqlstate : undefined;
  const hint = sqlstate === undefined ? undefined : await cureOf(session, set, sqlstate).catch(() => undefined);
  return new WalcastError('E_MIGRATION', `${file} could not be applied: ${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
    // it runs once whenever it runs: a connection that was lost, a deadlock or a full disk passes
    retryable: sqlstate === undefined || classifySqlstate(sqlstate) !== 'stop',
    fields: { file, ...(sqlstate === undefined ? {} : { sqlstate }) },
  });
}

async function cureOf(session: SqlSession, set: MigrationSet, sqlstate: string): Promise<string | undefined> {
  if (sqlstate === DENIED) return await missingRights(session, set);
  if (IN_THE_WAY.includes(sqlstate)) {
    return `What has that name was not made by walcast: rename or drop it. If it is what the migration makes, done by hand, record it with \`replicate migrations baseline --set ${set}\`.`;
  }
  return undefined;
}

/** The rights that the role lacks for a set, each as the command that gives it. */
async function missingRights(session: SqlSession, set: MigrationSet): Promise<string | undefined> {
  const { rows } =
    await session.query(`select current_user::text as role, current_database() as database, rolsuper::text as superuser,
      (has_database_privilege(current_database(), 'create') or to_regnamespace('walcast') is not null)::text as may_create,
      (current_setting('server_version_num')::int >= 150000)::text as grantable
    from pg_roles where rolname = current_user`);
  const facts = rows[0];
  if (facts === undefined || facts['superuser'] === 'true') return undefined;
  const role = quoteIdentifier(facts['role'] ?? '');
  const cures: string[] = [];
  if (facts['may_create'] !== 'true')
    cures.push(`GRANT CREATE ON DATABASE ${quoteIdentifier(facts['database'] ?? '')} TO ${role};`);
  if (set !== 'target') {
    const grantable = facts['grantable'] === 'true';
    if (grantable && !(await maySetMessages(session))) cures.push(`GRANT SET ON PARAMETER lc_messages TO ${role};`);
    cures.push(
      `event triggers need a superuser: let one run the command, or ALTER ROLE ${role} SUPERUSER: the triggers run with its rights`,
    );
  }
  return cures.length === 0 ? undefined : `As a superuser: ${cures.join(' ')}`;
}

/** The function is unknown before 15. */
async function maySetMessages(session: SqlSession): Promise<boolean> {
  const { rows } = await session.query(`select has_parameter_privilege('lc_messages', 'set')::text as may`);
  return rows[0]?.['may'] === 'true';
}
