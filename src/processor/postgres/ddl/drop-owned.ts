import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import type { DdlCommandEvent, DroppedObject } from '../../../wal/ddl-event.ts';
import { type Ast, child, listOf, textOf } from '../../../ddl/ast.ts';
import { rolesIn } from '../../../ddl/edit-statement.ts';
import { isPostgresFailure } from './server-errors.ts';
import type { TargetRole, TargetRoles } from './target-roles.ts';

/** Kinds whose identity, as the source's catalog prints it, is what DROP takes. */
const DROP_WORDS: Readonly<Record<string, string>> = {
  table: 'TABLE',
  view: 'VIEW',
  'materialized view': 'MATERIALIZED VIEW',
  'foreign table': 'FOREIGN TABLE',
  sequence: 'SEQUENCE',
  index: 'INDEX',
  function: 'FUNCTION',
  procedure: 'PROCEDURE',
  aggregate: 'AGGREGATE',
  type: 'TYPE',
  'composite type': 'TYPE',
  domain: 'DOMAIN',
  schema: 'SCHEMA',
  collation: 'COLLATION',
  conversion: 'CONVERSION',
  'statistics object': 'STATISTICS',
  'text search configuration': 'TEXT SEARCH CONFIGURATION',
  'text search dictionary': 'TEXT SEARCH DICTIONARY',
  'text search parser': 'TEXT SEARCH PARSER',
  'text search template': 'TEXT SEARCH TEMPLATE',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
  server: 'SERVER',
  extension: 'EXTENSION',
  operator: 'OPERATOR',
  'operator class': 'OPERATOR CLASS',
  'operator family': 'OPERATOR FAMILY',
  language: 'LANGUAGE',
};

/** Still in the way of something else: tried again after the rest. */
const DEPENDED_ON = '2BP01';

/** The objects that a command dropped by name or by owner, as DROP statements; what went with them is left to their dependencies. */
export function dropRoots(dropped: readonly DroppedObject[], cascade: boolean): string[] {
  return dropped.flatMap(({ original, type, identity, names, args }) => {
    if (original !== true) return [];
    if (type === 'user mapping') return dropUserMapping(names?.[0] ?? '', args?.[0] ?? '');
    if (!(type in DROP_WORDS)) return [];
    return `DROP ${DROP_WORDS[type] ?? ''} IF EXISTS ${identity}${cascade ? ' CASCADE' : ''}`;
  });
}

/** Its identity is printed without quotes. */
function dropUserMapping(user: string, server: string): string {
  const whose = user === 'public' ? user : quoteIdentifier(user);
  return `DROP USER MAPPING IF EXISTS FOR ${whose} SERVER ${quoteIdentifier(server)}`;
}

/** Objects in this database that a role owns, apart from default privileges, which go with the privileges. */
const STILL_OWNED = `select pg_describe_object(d.classid, d.objid, 0) as object from pg_shdepend d
  where d.refclassid = 'pg_authid'::regclass and d.refobjid = $1::oid and d.deptype = 'o' and d.classid <> 'pg_default_acl'::regclass
    and d.dbid = (select oid from pg_database where datname = current_database()) limit 1`;

const OUR_FUNCTIONS = `select p.oid::regprocedure::text as function from pg_proc p
  where p.proowner = $1::oid and p.pronamespace = 'walcast'::regnamespace and p.proname ~ '^run_as_[0-9]+$'`;

/**
 * DROP OWNED drops what the role owns *here*, which is more than on the source if a REASSIGN OWNED went before it: no server announces that
 * one. So the objects that went on the source go one by one; the statement itself, for the privileges, runs only when nothing is left to lose.
 */
export async function dropOwnedByEvent(
  event: DdlCommandEvent,
  statement: Ast,
  targetRoles: TargetRoles,
  session: SqlSession,
): Promise<string[]> {
  const cascade = statement['behavior'] === 'DROP_CASCADE';
  const byKeyword = listOf(statement, 'roles').some(
    (role) => textOf(child(role, 'RoleSpec') ?? role, 'roletype') !== 'ROLESPEC_CSTRING',
  );
  const roles: TargetRole[] = [];
  for (const name of [...rolesIn(statement), ...(byKeyword ? [event.caller.role] : [])])
    roles.push(await targetRoles.resolve(session, name));
  const author = await targetRoles.resolve(session, event.caller.role);
  for (const { oid } of roles) {
    // Its own, and those of others that a REASSIGN OWNED gave it.
    const { rows } = await session.query(OUR_FUNCTIONS, [oid]);
    for (const { function: ours } of rows) await session.execute(`drop function ${ours ?? ''}`);
  }
  const done = await dropInAnyOrder(dropRoots(event.details?.dropped ?? [], cascade), session);
  for (const role of roles) {
    await refuseForeign(author, role, session);
    const { rows } = await session.query(STILL_OWNED, [role.oid]);
    if (rows[0] !== undefined) {
      throw new WalcastError(
        'E_DDL_DRIFT',
        `The source ran DROP OWNED BY ${role.name}; on the target that role still owns ${rows[0]['object'] ?? ''}, which the source did not drop.`,
        { fields: { statement: `DROP OWNED BY ${role.name}` } },
      );
    }
    const privileges = `DROP OWNED BY ${quoteIdentifier(role.name)}`;
    // As the author, whose rights decide what is revoked. It runs no code of users that could RESET ROLE.
    await session.execute(`set local role ${quoteIdentifier(author.name)}; ${privileges}; reset role`);
    done.push(privileges);
  }
  return done;
}

async function dropInAnyOrder(statements: readonly string[], session: SqlSession): Promise<string[]> {
  const done: string[] = [];
  let waiting = [...statements];
  while (waiting.length > 0) {
    const blocked: string[] = [];
    let reason: unknown;
    for (const sql of waiting) {
      await session.execute('savepoint walcast_drop');
      try {
        await session.execute(sql);
        await session.execute('release walcast_drop');
        done.push(sql);
      } catch (error) {
        if (!isPostgresFailure(error, [DEPENDED_ON])) throw error;
        await session.execute('rollback to walcast_drop; release walcast_drop');
        blocked.push(sql);
        reason = error;
      }
    }
    if (blocked.length === waiting.length) throw reason;
    waiting = blocked;
  }
  return done;
}

/** This runs with our rights: only for roles whose rights the author has. */
async function refuseForeign(author: TargetRole, role: TargetRole, session: SqlSession): Promise<void> {
  if (author.superuser || author.own) return;
  const { rows } = await session.query("select pg_has_role($1::oid, $2::oid, 'usage') as allowed", [
    author.oid,
    role.oid,
  ]);
  if (rows[0]?.['allowed'] === 't') return;
  throw new WalcastError(
    'E_DDL_FAILED',
    `DROP OWNED BY ${role.name} by ${author.name}: on the target ${author.name} does not have the rights of ${role.name}.`,
    {
      fields: { role: role.name },
    },
  );
}
