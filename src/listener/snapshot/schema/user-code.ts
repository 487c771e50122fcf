import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { ObjectName } from './statement-relations.ts';

/** Object ids below belong to the server itself. */
const FIRST_USER_OID = 16384;

/**
 * What may run a user's function while it is made or altered, empty or not: expressions that PostgreSQL plans or computes then (generated
 * columns, partition keys and bounds, index expressions, CHECKs), and everything that can hold a constant of a type whose input runs such a
 * function (a domain with a CHECK, arrays, ranges and rows of it), since constants are read when a statement is parsed. Other uses of a
 * function, in a view, trigger or plain default, do not call it. More is found than runs, never less.
 *
 * Functions of extensions that a superuser owns are the administrator's code. One in an untrusted language is a superuser's as well.
 */
const REACHING = `with recursive code(oid, owner, plain) as (
  select p.oid, p.proowner, not o.rolsuper from pg_proc p join pg_roles o on o.oid = p.proowner join pg_language l on l.oid = p.prolang
  where p.oid >= ${FIRST_USER_OID} and l.lanpltrusted and not (o.rolsuper and exists (
    select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'))
), reached(class, object, owner) as (
  select 'pg_proc'::regclass::oid, oid, case when plain then owner end from code
  union
  select next.class, next.object, r.owner from reached r cross join lateral (
    select d.classid, d.objid from pg_depend d where d.refclassid = r.class and d.refobjid = r.object
      and r.class in ('pg_proc'::regclass, 'pg_operator'::regclass)
      and (d.classid in ('pg_constraint'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass)
        or d.classid = 'pg_attrdef'::regclass and exists (select from pg_attrdef e join pg_attribute a on a.attrelid = e.adrelid and a.attnum = e.adnum
          where e.oid = d.objid and a.attgenerated <> ''))
    union all select d.classid, d.objid from pg_depend d
      where r.class = 'pg_type'::regclass and d.refclassid = r.class and d.refobjid = r.object
    union all select 'pg_class'::regclass, k.conrelid from pg_constraint k where r.class = 'pg_constraint'::regclass and k.oid = r.object and k.conrelid <> 0
    union all select 'pg_type'::regclass, k.contypid from pg_constraint k where r.class = 'pg_constraint'::regclass and k.oid = r.object and k.contypid <> 0
    union all select 'pg_class'::regclass, d.adrelid from pg_attrdef d where r.class = 'pg_attrdef'::regclass and d.oid = r.object
    union all select 'pg_class'::regclass, w.ev_class from pg_rewrite w where r.class = 'pg_rewrite'::regclass and w.oid = r.object
    union all select 'pg_class'::regclass, p.polrelid from pg_policy p where r.class = 'pg_policy'::regclass and p.oid = r.object
    union all select 'pg_class'::regclass, t.tgrelid from pg_trigger t where r.class = 'pg_trigger'::regclass and t.oid = r.object
    union all select 'pg_class'::regclass, s.stxrelid from pg_statistic_ext s where r.class = 'pg_statistic_ext'::regclass and s.oid = r.object
    union all select 'pg_class'::regclass, i.indrelid from pg_index i where r.class = 'pg_class'::regclass and i.indexrelid = r.object
    union all select 'pg_type'::regclass, c.reltype from pg_class c where r.class = 'pg_class'::regclass and c.oid = r.object and c.reltype <> 0
    union all select 'pg_class'::regclass, i.inhparent from pg_inherits i where r.class = 'pg_class'::regclass and i.inhrelid = r.object
    union all select 'pg_class'::regclass, i.inhrelid from pg_inherits i where r.class = 'pg_class'::regclass and i.inhparent = r.object
    union all select 'pg_type'::regclass, t.oid from pg_cast c join pg_type t on t.oid in (c.castsource, c.casttarget)
      where r.class = 'pg_cast'::regclass and c.oid = r.object and t.oid >= ${FIRST_USER_OID}
  ) as next(class, object)
), named(kind, namespace, name, owner, code) as (
  select 'relation', c.relnamespace, c.relname, c.relowner, r.owner from reached r join pg_class c on c.oid = r.object where r.class = 'pg_class'::regclass
  union select 'type', t.typnamespace, t.typname, t.typowner, r.owner from reached r join pg_type t on t.oid = r.object where r.class = 'pg_type'::regclass
  union select 'routine', p.pronamespace, p.proname, p.proowner, r.owner from reached r join pg_proc p on p.oid = r.object
    where r.class = 'pg_proc'::regclass and not (p.oid in (select oid from code) and not exists (select from pg_depend d join reached t
      on t.class = 'pg_type'::regclass and d.refclassid = t.class and d.refobjid = t.object where d.classid = r.class and d.objid = p.oid))
)
select kind, n.nspname as schema, name, case when o.rolsuper then min(c.rolname) else min(o.rolname) end as role
from named join pg_namespace n on n.oid = namespace join pg_roles o on o.oid = named.owner left join pg_roles c on c.oid = named.code
group by kind, n.nspname, name, o.rolsuper, o.oid`;

export type NamedKind = 'relation' | 'type' | 'routine';

/** Objects of the source that reach code of users, with the role that has to make them on a target. */
export class UserCodeMap {
  readonly #roles: Map<string, string>;

  constructor(roles: ReadonlyMap<string, string>) {
    this.#roles = new Map(roles);
  }

  /** Under the snapshot of the schema, search_path pinned to pg_catalog. */
  static async read(session: SqlSession): Promise<UserCodeMap> {
    const { rows } = await session.query(REACHING);
    const roles = new Map<string, string>();
    for (const { kind, schema, name, role } of rows) {
      if (typeof role === 'string') roles.set(key(kind as NamedKind, { schema: schema ?? '', name: name ?? '' }), role);
    }
    return new UserCodeMap(roles);
  }

  get roles(): Iterable<string> {
    return new Set(this.#roles.values());
  }

  /** A relation that only the script has, with the code of another one. */
  addLike(name: ObjectName, like: ObjectName): void {
    const role = this.roleFor('relation', like);
    if (role !== null) this.#roles.set(key('relation', name), role);
  }

  /** The owner, or, if that is a superuser, the owner of the code; null: none of a plain user's code runs. */
  roleFor(kind: NamedKind, name: ObjectName): string | null {
    return this.#roles.get(key(kind, name)) ?? null;
  }
}

function key(kind: NamedKind, { schema, name }: ObjectName): string {
  return `${kind}\0${schema}\0${name}`;
}
