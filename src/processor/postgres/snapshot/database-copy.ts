import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/quote.ts';

/** Columns differ from version to version: the whole row, by name. */
const DATABASE = `
select to_jsonb(d) || jsonb_build_object('owner', pg_get_userbyid(d.datdba), 'tablespace', t.spcname,
  'encoding_name', pg_encoding_to_char(d.encoding), 'comment', shobj_description(d.oid, 'pg_database')) as row
from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = $1`;
const SETTINGS = `
select case when s.setrole <> 0 then pg_get_userbyid(s.setrole) end as role, setting
from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) as setting where d.datname = $1`;
const PRIVILEGES = `
select case when a.grantee <> 0 then pg_get_userbyid(a.grantee) end as grantee, a.privilege_type as privilege, a.is_grantable as grantable
from pg_database d cross join aclexplode(d.datacl) a where d.datname = $1`;

interface DatabaseRow {
  readonly owner: string;
  readonly tablespace: string;
  readonly encoding_name: string;
  readonly datcollate: string;
  readonly datctype: string;
  readonly datconnlimit: number;
  readonly datlocprovider?: string;
  /** 15 and 16. */
  readonly daticulocale?: string | null;
  /** From 17 on. */
  readonly datlocale?: string | null;
  readonly daticurules?: string | null;
  readonly datacl: unknown;
  readonly comment: string | null;
}

/** Settings whose value is a list of names, each quoted by itself. */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

async function readDatabase(session: SqlSession, name: string): Promise<DatabaseRow> {
  const { rows } = await session.query(DATABASE, [name]);
  return JSON.parse(rows[0]?.['row'] ?? 'null') as DatabaseRow;
}

/** An empty database in which text sorts and is stored as in another one. */
export async function createLike(session: SqlSession, name: string, like: string): Promise<string> {
  const row = await readDatabase(session, like);
  const locale = row.datlocale ?? row.daticulocale ?? '';
  const rules = row.daticurules ?? null;
  const provider =
    row.datlocprovider === 'i'
      ? ` locale_provider icu icu_locale ${quoteLiteral(locale)}${rules === null ? '' : ` icu_rules ${quoteLiteral(rules)}`}`
      : row.datlocprovider === 'b'
        ? ` locale_provider builtin builtin_locale ${quoteLiteral(locale)}`
        : row.datlocprovider === undefined
          ? ''
          : ' locale_provider libc';
  return `create database ${quoteIdentifier(name)} with template template0 owner ${quoteIdentifier(row.owner)}
    encoding ${quoteLiteral(row.encoding_name)} lc_collate ${quoteLiteral(row.datcollate)} lc_ctype ${quoteLiteral(row.datctype)}${provider}
    tablespace ${quoteIdentifier(row.tablespace)} connection limit ${row.datconnlimit}`;
}

/** Statements that give a database what another one has beside its content: owner, settings, privileges, comment. */
export async function likenessOf(session: SqlSession, name: string, like: string): Promise<string[]> {
  const row = await readDatabase(session, like);
  const database = quoteIdentifier(name);
  const statements = [
    `alter database ${database} owner to ${quoteIdentifier(row.owner)}`,
    `alter database ${database} connection limit ${row.datconnlimit}`,
    `alter database ${database} reset all`,
  ];
  for (const { role, setting } of (await session.query(SETTINGS, [like])).rows) {
    const subject =
      typeof role === 'string'
        ? `alter role ${quoteIdentifier(role)} in database ${database}`
        : `alter database ${database}`;
    statements.push(`${subject} set ${assignment(setting ?? '')}`);
  }
  if (row.datacl !== null) {
    statements.push(`revoke all on database ${database} from public, ${quoteIdentifier(row.owner)}`);
    for (const { grantee, privilege, grantable } of (await session.query(PRIVILEGES, [like])).rows) {
      const to = typeof grantee === 'string' ? quoteIdentifier(grantee) : 'public';
      const option = grantable === 't' ? ' with grant option' : '';
      statements.push(`grant ${privilege ?? ''} on database ${database} to ${to}${option}`);
    }
  }
  statements.push(`comment on database ${database} is ${row.comment === null ? 'null' : quoteLiteral(row.comment)}`);
  return statements;
}

/** `name=value` of the catalog as SET takes it. */
function assignment(setting: string): string {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at);
  const value = setting.slice(at + 1);
  const parts = name
    .split('.')
    .map((part) => quoteIdentifier(part))
    .join('.');
  if (!LISTS.has(name)) return `${parts} = ${quoteLiteral(value)}`;
  const items = [...value.matchAll(/"((?:[^"]|"")*)"|[^",\s]+/g)].map(([whole, quoted]) =>
    quoteLiteral(quoted?.replaceAll('""', '"') ?? whole),
  );
  return `${parts} = ${items.length === 0 ? "''" : items.join(', ')}`;
}
