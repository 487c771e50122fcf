import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession, SqlValue } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';
import type { RoleRunner } from './role-runner.ts';
import type { TargetRole, TargetRoles } from './target-roles.ts';

/** Object ids below belong to the server itself. */
const FIRST_USER_OID = 16384;

/**
 * The functions that are not built in and that writing a row of a relation reaches: CHECKs, exclusion constraints, index expressions,
 * generated columns, domains and composite types with their CHECKs, operators, casts, partition keys and bounds of it and its ancestors, and
 * triggers and rules that fire under the replica role. A rule counts as its table's owner's code.
 */
const REACHED = `with recursive reached(class, object) as (
  select 'pg_class'::regclass::oid, to_regclass($1)::oid
  union
  select next.class, next.object from reached r cross join lateral (
    select d.refclassid, d.refobjid from pg_depend d where d.classid = r.class and d.objid = r.object and d.refobjid >= ${FIRST_USER_OID}
      and d.refclassid in ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
        'pg_opfamily'::regclass, 'pg_cast'::regclass, 'pg_collation'::regclass)
    union all select 'pg_amproc'::regclass, p.oid from pg_amproc p where r.class = 'pg_opfamily'::regclass and p.amprocfamily = r.object
    union all select 'pg_amop'::regclass, o.oid from pg_amop o where r.class = 'pg_opfamily'::regclass and o.amopfamily = r.object
    union all select 'pg_constraint'::regclass, k.oid from pg_constraint k where k.contype in ('c', 'x')
      and (r.class = 'pg_class'::regclass and k.conrelid = r.object or r.class = 'pg_type'::regclass and k.contypid = r.object)
    union all select 'pg_attrdef'::regclass, d.oid from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where r.class = 'pg_class'::regclass and d.adrelid = r.object and a.attgenerated <> ''
    union all select 'pg_class'::regclass, i.indexrelid from pg_index i where r.class = 'pg_class'::regclass and i.indrelid = r.object
    union all select 'pg_class'::regclass, t.typrelid from pg_type t where r.class = 'pg_type'::regclass and t.oid = r.object and t.typrelid <> 0
    union all select 'pg_type'::regclass, t.typelem from pg_type t where r.class = 'pg_type'::regclass and t.oid = r.object and t.typelem >= ${FIRST_USER_OID}
    union all select 'pg_type'::regclass, g.rngsubtype from pg_range g where r.class = 'pg_type'::regclass and g.rngtypid = r.object and g.rngsubtype >= ${FIRST_USER_OID}
    union all select 'pg_class'::regclass, i.inhparent from pg_inherits i where r.class = 'pg_class'::regclass and i.inhrelid = r.object
    union all select 'pg_trigger'::regclass, t.oid from pg_trigger t
      where r.class = 'pg_class'::regclass and t.tgrelid = r.object and not t.tgisinternal and t.tgenabled in ('A', 'R')
    union all select 'pg_rewrite'::regclass, w.oid from pg_rewrite w
      where r.class = 'pg_class'::regclass and w.ev_class = r.object and w.ev_enabled in ('A', 'R') and w.rulename <> '_RETURN'
  ) as next(class, object))
select r.class = 'pg_rewrite'::regclass as rule, p.proowner as owner, o.rolsuper as superuser,
    c.relowner as table_owner, pg_get_userbyid(c.relowner) as table_owner_name, t.rolsuper as table_superuser,
    pg_get_userbyid(c.relowner) = current_user as own, p.oid::regprocedure as function
  from reached r left join pg_proc p on r.class = 'pg_proc'::regclass and p.oid = r.object left join pg_roles o on o.oid = p.proowner
    cross join pg_class c join pg_roles t on t.oid = c.relowner
  where r.class in ('pg_proc'::regclass, 'pg_rewrite'::regclass) and c.oid = to_regclass($1)
  order by o.rolsuper limit 1`;

export interface UserCodeOptions {
  /** search_path of the rows' code: the writer's own is unknown, so the source database's default. */
  readonly rowSearchPath: string;
  /** For tables of a superuser that reach code of a plain user: a role without superuser that may write them. Null: stop there. */
  readonly rowsRole: string | null;
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

  /** Does writing a row of it run anything that is not built in? */
  async reaches(session: SqlSession, schema: string, table: string): Promise<boolean> {
    return (await session.query(REACHED, [quoteQualified(schema, table)])).rows.length > 0;
  }

  /** The role whose rights the rows need; null: none of a user's code runs, they may go in directly. */
  async rowRole(session: SqlSession, schema: string, table: string): Promise<TargetRole | null> {
    const { rows } = await session.query(REACHED, [quoteQualified(schema, table)]);
    const reached = rows[0];
    if (reached === undefined) return null;
    if (reached['table_superuser'] !== 't') {
      return {
        name: reached['table_owner_name'] ?? '',
        oid: reached['table_owner'] ?? '',
        superuser: false,
        own: false,
      };
    }
    if (reached['rule'] === 't' || reached['superuser'] === 't') return null;
    const substitute =
      this.#options.rowsRole === null ? null : await this.#roles.resolve(session, this.#options.rowsRole);
    if (substitute !== null && !substitute.superuser) return substitute;
    throw new WalcastError(
      'E_USER_CODE_SUPERUSER',
      `Rows of ${schema}.${table}, a superuser's table, reach ${reached['function'] ?? ''}, a plain user's function.`,
      { fields: { table: `${schema}.${table}`, function: reached['function'] ?? '' } },
    );
  }

  /** One statement on rows with the rights of `role`; values as $1, $2 …. Afterwards prepared statements are gone. @returns rows hit */
  runAs(session: SqlSession, role: TargetRole, sql: string, values: readonly SqlValue[]): Promise<number> {
    return this.#runner.runRow(session, role, sql, values, this.#options.rowSearchPath);
  }
}
