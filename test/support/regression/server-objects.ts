import { quoteIdentifier } from '../../../src/sql/quote.ts';
import type { TestDatabase } from '../test-database.ts';
import type { TextRow } from '../text-client.ts';

const OWN = ['alice', 'app', 'bob', 'postgres'];

const ROLES = `select oid, rolname as name, concat_ws(' ',
    case when rolsuper then 'superuser' else 'nosuperuser' end, case when rolinherit then 'inherit' else 'noinherit' end,
    case when rolcreaterole then 'createrole' else 'nocreaterole' end, case when rolcreatedb then 'createdb' else 'nocreatedb' end,
    case when rolcanlogin then 'login' else 'nologin' end, case when rolbypassrls then 'bypassrls' else 'nobypassrls' end) as options
  from pg_roles where rolname !~ '^pg_' and rolname <> all ('{${OWN.join(',')}}') order by oid`;
const TABLESPACES = `select oid, spcname as name, '' as options from pg_tablespace where spcname !~ '^pg_' order by oid`;
const MEMBERS = (major: number): string => `select distinct g.rolname as role, m.rolname as member, concat_ws(', ',
    ${major >= 16 ? `'inherit ' || inherit_option, 'set ' || set_option, 'admin ' || admin_option` : `case when admin_option then 'admin option' end`}) as options
  from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member order by 1, 2, 3`;
const RIGHTS = `select lower(a.privilege_type) as right, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), '') as role, a.is_grantable::text as option
  from pg_database d, aclexplode(d.datacl) a where d.datname = current_database() and a.grantee <> d.datdba order by 1, 2, 3`;

/** Repeats roles, memberships and tablespaces on the other server, as whoever keeps two servers has to: no event tells of them. */
export class ServerObjects {
  readonly #source: TestDatabase;
  readonly #target: TestDatabase;
  /** Names by the source's oid, as they were when last looked at: what changed its name keeps its oid. */
  readonly #known = { role: new Map<string, string>(), tablespace: new Map<string, string>() };
  /** What the target would not do, such as drop a role that still owns something. */
  readonly refused: string[] = [];

  constructor(source: TestDatabase, target: TestDatabase) {
    this.#source = source;
    this.#target = target;
  }

  async repeat(): Promise<void> {
    await this.#objects('role', ROLES);
    await this.#objects('tablespace', TABLESPACES);
    await this.#memberships();
    await this.#rights();
  }

  async #objects(kind: 'role' | 'tablespace', query: string): Promise<void> {
    const known = this.#known[kind];
    const now = await this.#source.query(query);
    const before = await this.#target.query(query);
    for (const { oid, name } of now) {
      const old = known.get(oid ?? '');
      if (old !== undefined && old !== name)
        await this.#run(`alter ${kind} ${quoteIdentifier(old)} rename to ${quoteIdentifier(name ?? '')}`);
    }
    const names = new Set(now.map(({ name }) => name));
    for (const { name } of before) {
      const renamed = [...known].some(([oid, old]) => old === name && now.some((row) => row['oid'] === oid));
      if (names.has(name ?? '') || renamed) continue;
      if (kind === 'role') await this.#forget(name ?? '');
      await this.#run(`drop ${kind} ${quoteIdentifier(name ?? '')}`);
    }
    const there = new Map((await this.#target.query(query)).map(({ name, options }) => [name, options]));
    known.clear();
    for (const { oid, name, options } of now) {
      known.set(oid ?? '', name ?? '');
      const quoted = quoteIdentifier(name ?? '');
      if (!there.has(name ?? '')) await this.#make(kind, quoted, options ?? '');
      else if (there.get(name ?? '') !== options) await this.#run(`alter role ${quoted} ${options}`);
    }
  }

  async #memberships(): Promise<void> {
    const key = ({ role, member, options }: TextRow): string => JSON.stringify([role, member, options]);
    const sql = MEMBERS(this.#source.server.major);
    const [now, before] = await Promise.all([this.#source.query(sql), this.#target.query(sql)]);
    const wanted = new Set(now.map(key));
    const kept = new Set(before.map(key));
    for (const row of before) {
      if (!wanted.has(key(row))) await this.#run(`revoke ${names(row, 'from')} cascade`);
    }
    for (const row of now) {
      if (!kept.has(key(row)))
        await this.#run(`grant ${names(row, 'to')}${row['options'] ? ` with ${row['options']}` : ''}`);
    }
  }

  async #make(kind: 'role' | 'tablespace', name: string, options: string): Promise<void> {
    if (kind === 'role') return await this.#run(`create role ${name} ${options}`);
    await this.#run('set allow_in_place_tablespaces = on');
    await this.#run(`create tablespace ${name} location ''`);
  }

  /** On the database, before its roles go. */
  async #rights(): Promise<void> {
    const [now, before] = await Promise.all([this.#source.query(RIGHTS), this.#target.query(RIGHTS)]);
    const gone = before.filter((row) => !now.some((other) => JSON.stringify(other) === JSON.stringify(row)));
    const added = now.filter((row) => !before.some((other) => JSON.stringify(other) === JSON.stringify(row)));
    const grantee = ({ role }: TextRow): string => (role === '' ? 'public' : quoteIdentifier(role ?? ''));
    const database = quoteIdentifier(this.#target.name);
    for (const row of gone)
      await this.#run(`revoke ${row['right']} on database ${database} from ${grantee(row)} cascade`);
    for (const row of added) {
      const option = row['option'] === 'true' ? ' with grant option' : '';
      await this.#run(`grant ${row['right']} on database ${database} to ${grantee(row)}${option}`);
    }
  }

  /** What the replay keeps for a role, and nothing else that it may own. */
  async #forget(role: string): Promise<void> {
    const kept = await this.#target.query(
      `select oid::regprocedure::text as signature from pg_proc
        where proowner = $1::regrole and pronamespace = to_regnamespace('walcast')`,
      [quoteIdentifier(role)],
    );
    for (const { signature } of kept) await this.#run(`drop function ${signature}`);
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.#target.query(sql);
    } catch (error) {
      this.refused.push(`${sql}: ${(error as Error).message}`);
    }
  }
}

function names({ role, member }: TextRow, word: 'to' | 'from'): string {
  return `${quoteIdentifier(role ?? '')} ${word} ${quoteIdentifier(member ?? '')}`;
}
