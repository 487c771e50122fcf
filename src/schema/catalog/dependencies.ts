import type { SqlSession } from '../../postgres/sql-session.ts';
import { keysOf, type ObjectKey, text } from './catalog-object.ts';
import { FIRST_USER_OID } from './sql-parts.ts';

const DEPENDENCIES = `select cl.relname || '/' || d.objid as key, string_agg(distinct rc.relname || '/' || d.refobjid, ' ') as needs
  from pg_depend d join pg_class cl on cl.oid = d.classid join pg_class rc on rc.oid = d.refclassid
  where d.objid >= ${FIRST_USER_OID} and d.deptype <> 'e'
  group by cl.relname, d.objid`;

const MEMBERS = `select d.refobjid::text as extension, string_agg(cl.relname || '/' || d.objid, ' ') as members
  from pg_depend d join pg_class cl on cl.oid = d.classid where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass group by d.refobjid`;

/** Types that come and go with something else: row types, arrays, multiranges. */
const TYPES = `select t.oid::text as oid, case
    when t.typrelid <> 0 and c.relkind <> 'c' then 'pg_class/' || t.typrelid
    when r.rngtypid is not null then 'pg_type/' || r.rngtypid
    else 'pg_type/' || e.oid end as owner
  from pg_type t
    left join pg_class c on c.oid = t.typrelid
    left join pg_range r on r.rngmultitypid = t.oid
    left join pg_type e on e.typarray = t.oid
  where t.oid >= ${FIRST_USER_OID} and (c.relkind <> 'c' or r.rngtypid is not null or e.oid is not null)`;

/** A composite type's columns hang on its pg_class entry, everything else on its pg_type entry. */
const COMPOSITES = `select c.oid::text as oid, 'pg_type/' || c.reltype as owner from pg_class c where c.relkind = 'c' and c.oid >= ${FIRST_USER_OID}`;

const familyMember = (
  catalog: string,
  family: string,
): string => `select '${catalog}/' || a.oid as key, coalesce((select 'pg_opclass/' || d.refobjid from pg_depend d
    where d.classid = '${catalog}'::regclass and d.objid = a.oid and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i' limit 1), 'pg_opfamily/' || a.${family}) as owner
  from ${catalog} a where a.oid >= ${FIRST_USER_OID}`;

/** Operators and functions of operator families: those that belong to a class (internally) and the loose ones of the family. */
const FAMILY_MEMBERS = `${familyMember('pg_amop', 'amopfamily')} union all ${familyMember('pg_amproc', 'amprocfamily')}`;

/** What pg_depend says, with everything that is made together under one key. */
export class Dependencies {
  readonly #needs: ReadonlyMap<ObjectKey, readonly ObjectKey[]>;
  readonly #owners: Map<ObjectKey, ObjectKey>;
  readonly #parts = new Map<ObjectKey, ObjectKey[]>();

  private constructor(needs: ReadonlyMap<ObjectKey, readonly ObjectKey[]>, owners: Map<ObjectKey, ObjectKey>) {
    this.#needs = needs;
    this.#owners = owners;
    for (const [alias, owner] of owners) this.#noteParts(alias, owner);
  }

  static async read(session: SqlSession): Promise<Dependencies> {
    const needs = new Map<ObjectKey, readonly ObjectKey[]>();
    for (const row of (await session.query(DEPENDENCIES)).rows)
      needs.set(text(row, 'key'), text(row, 'needs').split(' '));
    const owners = new Map<ObjectKey, ObjectKey>();
    for (const row of (await session.query(TYPES)).rows) owners.set(`pg_type/${text(row, 'oid')}`, text(row, 'owner'));
    for (const row of (await session.query(COMPOSITES)).rows)
      owners.set(`pg_class/${text(row, 'oid')}`, text(row, 'owner'));
    for (const row of (await session.query(FAMILY_MEMBERS)).rows) owners.set(text(row, 'key'), text(row, 'owner'));
    for (const row of (await session.query(MEMBERS)).rows) {
      const [extension = ''] = keysOf('pg_extension', row['extension']);
      for (const member of text(row, 'members').split(' ')) owners.set(member, extension);
    }
    return new Dependencies(needs, owners);
  }

  /** `alias` is made by the statements of `owner`. What is a member of an extension stays one. */
  alias(alias: ObjectKey, owner: ObjectKey): void {
    if (this.#owners.has(alias)) return;
    this.#owners.set(alias, owner);
    this.#noteParts(alias, owner);
  }

  /** The key under which an object is made. */
  resolve(key: ObjectKey): ObjectKey {
    let current = key;
    for (let next = this.#owners.get(current); next !== undefined && next !== current; next = this.#owners.get(current))
      current = next;
    return current;
  }

  /** What the entry itself hangs on, its parts left out. */
  direct(key: ObjectKey): ObjectKey[] {
    return (this.#needs.get(key) ?? []).map((need) => this.resolve(need));
  }

  /** What the object and its parts hang on, without parts of some catalog; never itself. */
  of(key: ObjectKey, without?: string): Set<ObjectKey> {
    const found = new Set<ObjectKey>();
    const visit = (part: ObjectKey): void => {
      for (const need of this.direct(part)) found.add(need);
      for (const inner of this.#parts.get(part) ?? [])
        if (without === undefined || !inner.startsWith(`${without}/`)) visit(inner);
    };
    visit(key);
    found.delete(key);
    return found;
  }

  /** Every object that pg_depend knows as one that hangs on something. */
  keys(): IterableIterator<ObjectKey> {
    return this.#needs.keys();
  }

  #noteParts(alias: ObjectKey, owner: ObjectKey): void {
    const parts = this.#parts.get(owner);
    if (parts === undefined) this.#parts.set(owner, [alias]);
    else parts.push(alias);
  }
}
