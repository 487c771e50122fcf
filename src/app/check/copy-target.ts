import type { SqlSession } from '../../postgres/sql-session.ts';
import { FREE_CONNECTIONS, LOCALE, localeOf, type Locale } from './copy-source.ts';

/** What matters of a target that is to be filled; read only. */
export interface CopyTargetFacts {
  readonly version: number;
  readonly role: string;
  readonly recovery: boolean;
  readonly locale: Locale;
  readonly freeConnections: number;
  /** May make a database beside this one, and give it this one's name. */
  readonly mayReplace: boolean;
  /** Of this pipeline: it is filled, or is being filled. */
  readonly begun: boolean;
  /** A few objects of users, by kind and name. */
  readonly objects: readonly string[];
  readonly extensions: ReadonlySet<string>;
  readonly tablespaces: ReadonlySet<string>;
  readonly collations: ReadonlySet<string>;
}

const SERVER = `
select current_setting('server_version_num') as version, r.rolname as role,
  pg_is_in_recovery()::text as recovery,
  ${LOCALE}, ${FREE_CONNECTIONS},
  (r.rolsuper or (r.rolcreatedb and pg_has_role(d.datdba, 'usage')))::text as may_replace,
  to_regclass('walcast.checkpoint')::text as checkpoint, to_regclass('walcast.snapshot')::text as snapshot
from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`;

const SHOWN = 6;
const MEMBER = (catalog: string): string =>
  `exists (select from pg_depend x where x.classid = '${catalog}'::regclass and x.objid = o.oid and x.deptype in ('e', 'i'))`;
const USERS = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')`;

const OBJECTS = `
select kind || ' ' || name as name from (
  select 1 as rank, case o.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
      when 'c' then 'type' else 'table' end as kind, format('%I.%I', n.nspname, o.relname) as name
  from pg_class o join pg_namespace n on n.oid = o.relnamespace
  where o.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') and o.relpersistence <> 't' and ${USERS} and not ${MEMBER('pg_class')}
  union all
  select 2, 'function', format('%I.%I', n.nspname, o.proname)
  from pg_proc o join pg_namespace n on n.oid = o.pronamespace where ${USERS} and not ${MEMBER('pg_proc')}
  union all
  select 3, 'type', format('%I.%I', n.nspname, o.typname)
  from pg_type o join pg_namespace n on n.oid = o.typnamespace where o.typtype in ('d', 'e', 'r') and ${USERS} and not ${MEMBER('pg_type')}
  union all
  select 4, 'schema', quote_ident(n.nspname)
  from pg_namespace n join (select oid from pg_namespace) o using (oid) where ${USERS} and n.nspname <> 'public' and not ${MEMBER('pg_namespace')}
) found order by rank, name limit ${SHOWN}`;

/** A checkpoint, or a copy that was begun, whatever came of it. */
const BEGUN = (tables: readonly string[]): string =>
  tables.map((table) => `select 1 as one from ${table} where pipeline = $1`).join(' union all ');

export async function readCopyTarget(session: SqlSession, pipeline: string): Promise<CopyTargetFacts> {
  const server = (await session.query(SERVER)).rows[0] ?? {};
  const states = ['checkpoint', 'snapshot'].filter((name) => server[name] !== null).map((name) => `walcast.${name}`);
  const begun = states.length > 0 && (await session.query(BEGUN(states), [pipeline])).rows.length > 0;
  const names = async (sql: string): Promise<string[]> => (await session.query(sql)).rows.map(({ name }) => name ?? '');
  return {
    version: Number(server['version']),
    role: server['role'] ?? '',
    recovery: server['recovery'] === 'true',
    locale: localeOf(server),
    freeConnections: Number(server['free_connections']),
    mayReplace: server['may_replace'] === 'true',
    begun,
    objects: begun ? [] : await names(OBJECTS),
    extensions: new Set(await names('select name from pg_available_extensions')),
    tablespaces: new Set(await names('select spcname as name from pg_tablespace')),
    collations: new Set(
      await names(`select collname as name from pg_collation c join pg_database d on d.datname = current_database()
        where collnamespace = 'pg_catalog'::regnamespace and collencoding in (-1, d.encoding)`),
    ),
  };
}
