import { isTrue, type Row, type Statement, text } from './catalog-object.ts';

/** One right that is there and not by default, or by default and not there. */
export interface Privilege {
  /** Quoted; PUBLIC as it is. */
  readonly grantee: string;
  readonly grantor: string;
  /** The grantor as it is called, null: the owner, in whose name whoever restores grants. */
  readonly role: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
  readonly granted: boolean;
}

const grantee = (oid: string): string =>
  `case when ${oid} = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(${oid})) end`;

/** Rows of `id` in the order in which the rights are kept, and what differs between `acl` and `base`, both of the query `source` that has `id`, `owner`, `acl` and `base`. */
export function privilegesQuery(source: string): string {
  return `with source as materialized (${source})
    select s.id, ${grantee('x.grantee')} as grantee, quote_ident(pg_get_userbyid(x.grantor)) as grantor,
      case when x.grantor <> s.owner then pg_get_userbyid(x.grantor) end as role, x.privilege_type as privilege, x.is_grantable as grantable, true as granted, x.number
    from source s cross join lateral aclexplode(s.acl) with ordinality as x(grantor, grantee, privilege_type, is_grantable, number)
    where (x.grantor, x.grantee, x.privilege_type, x.is_grantable) not in (select b.grantor, b.grantee, b.privilege_type, b.is_grantable from aclexplode(s.base) b)
    union all
    select s.id, ${grantee('x.grantee')}, '', null, x.privilege_type, x.is_grantable, false, 0
    from source s cross join lateral (
      select b.grantee, b.privilege_type, false as is_grantable from aclexplode(s.base) b where not exists (select from aclexplode(s.acl) a where a.grantee = b.grantee and a.privilege_type = b.privilege_type)
      union
      select b.grantee, b.privilege_type, true from aclexplode(s.base) b where b.is_grantable
        and exists (select from aclexplode(s.acl) a where a.grantee = b.grantee and a.privilege_type = b.privilege_type)
        and not exists (select from aclexplode(s.acl) a where a.grantee = b.grantee and a.privilege_type = b.privilege_type and a.is_grantable)) x
    order by 1, 7, 8, 2, 5`;
}

export function privilegesOf(rows: readonly Row[]): Privilege[] {
  return rows.map((row) => ({
    grantee: text(row, 'grantee'),
    grantor: text(row, 'grantor'),
    role: row['role'] ?? null,
    privilege: text(row, 'privilege'),
    grantable: isTrue(row, 'grantable'),
    granted: isTrue(row, 'granted'),
  }));
}

/**
 * REVOKE before GRANT; whoever passes a right on has it by then. `before` is what stands before the command (ALTER DEFAULT PRIVILEGES …),
 * `columns` what stands behind each right.
 */
export function grantStatements(
  all: readonly Privilege[],
  object: string,
  {
    before = '',
    columns = '',
    tag = '',
  }: { readonly before?: string; readonly columns?: string; readonly tag?: string } = {},
): Statement[] {
  const list = (privileges: readonly Privilege[]): string =>
    privileges.map(({ privilege }) => privilege + columns).join(', ');
  const revoked = grouped(all.filter(({ granted }) => !granted));
  const granted = grouped(inOrderOfGrantors(all.filter((privilege) => privilege.granted)));
  return [
    ...revoked.map(([first, same]) => {
      const option = first.grantable ? 'GRANT OPTION FOR ' : '';
      return {
        tag: tag || 'REVOKE',
        text: `${before}REVOKE ${option}${list(same)} ON ${object} FROM ${first.grantee}`,
      };
    }),
    ...granted.map(([first, same]) => {
      const option = first.grantable ? ' WITH GRANT OPTION' : '';
      const statement = {
        tag: tag || 'GRANT',
        text: `${before}GRANT ${list(same)} ON ${object} TO ${first.grantee}${option}`,
      };
      return first.role === null ? statement : { ...statement, role: first.role };
    }),
  ];
}

/** Neighbours that differ in nothing but the right. */
function grouped(all: readonly Privilege[]): (readonly [Privilege, Privilege[]])[] {
  const groups: (readonly [Privilege, Privilege[]])[] = [];
  for (const privilege of all) {
    const last = groups.at(-1);
    const [first] = last ?? [];
    if (
      last !== undefined &&
      first?.grantee === privilege.grantee &&
      first.grantor === privilege.grantor &&
      first.grantable === privilege.grantable
    )
      last[1].push(privilege);
    else groups.push([privilege, [privilege]]);
  }
  return groups;
}

function inOrderOfGrantors(all: readonly Privilege[]): Privilege[] {
  const done = all.filter(({ role }) => role === null);
  let waiting = all.filter(({ role }) => role !== null);
  while (waiting.length > 0) {
    const able = waiting.filter(({ grantor, privilege }) =>
      done.some((own) => own.grantee === grantor && own.privilege === privilege && own.grantable),
    );
    // Who has the right by another way (a column by its table, the owner by being a member) comes in any order.
    const next = able.length === 0 ? waiting : able;
    done.push(...next);
    waiting = waiting.filter((privilege) => !next.includes(privilege));
  }
  return done;
}
