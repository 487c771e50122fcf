import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../sql/quote.ts';
import type { RoleRunner } from './role-runner.ts';
import type { TargetRoles } from './target-roles.ts';

interface UnprovedConstraint {
  readonly schema: string;
  readonly table: string;
  readonly owner: string;
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
  readonly local: boolean;
  readonly inherited: number;
}

/**
 * CHECKs and, from version 18, NOT NULLs of a table that are NOT VALID, with those of its ancestors and their descendants that belong to them;
 * ancestors first. A CHECK keeps its name over inheritance, a NOT NULL its column.
 */
const UNPROVED = `with recursive above(oid) as (
    select to_regclass($1)::oid union select i.inhparent from above join pg_inherits i on i.inhrelid = above.oid),
  tree(oid, depth) as (
    select above.oid, 0 from above where not exists (select from pg_inherits i where i.inhrelid = above.oid)
    union select i.inhrelid, tree.depth + 1 from tree join pg_inherits i on i.inhparent = tree.oid),
  held as (
    select k.oid, k.conrelid, k.conname, k.convalidated, k.conislocal, k.coninhcount,
      case k.contype when 'c' then k.conname else a.attname end as same, k.contype
    from pg_constraint k left join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1] where k.contype in ('c', 'n'))
select n.nspname as schema, c.relname as table, pg_get_userbyid(c.relowner) as owner, held.conname as name,
    pg_get_constraintdef(held.oid) as definition, obj_description(held.oid, 'pg_constraint') as comment,
    held.conislocal as local, held.coninhcount as inherited
  from (select oid, max(depth) as depth from tree group by oid) t join held on held.conrelid = t.oid
    join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace
  where exists (select from held own where own.conrelid = to_regclass($1) and not own.convalidated
    and own.contype = held.contype and own.same = held.same)
  order by t.depth, n.nspname, c.relname, held.conname`;

/**
 * Rewritten rows that a constraint NOT VALID never looked at: the source's own rewrite does not check them, but an INSERT does. So such
 * constraints go while the rows are written and come back as they were, by their tables' owners.
 */
export class UnprovedConstraints {
  readonly #runner: RoleRunner;
  readonly #roles: TargetRoles;
  #dropped: { readonly relation: string; readonly constraints: readonly UnprovedConstraint[] } | null = null;

  constructor(runner: RoleRunner, roles: TargetRoles) {
    this.#runner = runner;
    this.#roles = roles;
  }

  begin(): void {
    this.#dropped = null;
  }

  async drop(session: SqlSession, schema: string, table: string): Promise<void> {
    const relation = quoteQualified(schema, table);
    const constraints = await read(session, relation);
    if (constraints.length === 0) return;
    // what an heir has from its parents alone goes with theirs
    for (const { owner, name, ...of } of constraints.filter(({ local }) => local))
      await this.#run(session, owner, `alter table ${tableOf(of)} drop constraint ${quoteIdentifier(name)}`);
    this.#dropped = { relation, constraints };
  }

  async restore(session: SqlSession): Promise<void> {
    const dropped = this.#dropped;
    if (dropped === null) return;
    this.#dropped = null;
    const { relation, constraints } = dropped;
    // heirs first: a parent's constraint is merged with one that is there
    for (const { owner, name, definition, ...of } of constraints.filter(({ local }) => local).reverse())
      await this.#run(
        session,
        owner,
        `alter table ${tableOf(of)} add constraint ${quoteIdentifier(name)} ${definition}`,
      );
    for (const { owner, name, comment, ...of } of constraints) {
      if (comment !== null)
        await this.#run(
          session,
          owner,
          `comment on constraint ${quoteIdentifier(name)} on ${tableOf(of)} is ${quoteLiteral(comment)}`,
        );
    }
    if (JSON.stringify(await read(session, relation)) !== JSON.stringify(constraints)) {
      throw new WalcastError(
        'E_DDL_MISMATCH',
        `Rewritten rows of ${relation} needed its constraints that are NOT VALID to be made anew, and they are not as before.`,
        { fields: { table: relation, constraints: constraints.map(({ name }) => name).join(', ') } },
      );
    }
  }

  async #run(session: SqlSession, owner: string, sql: string): Promise<void> {
    const role = await this.#roles.resolve(session, owner);
    await this.#runner.prepare(session, role);
    await this.#runner.run(session, role, sql);
    await this.#runner.clean(session);
  }
}

const tableOf = ({ schema, table }: Pick<UnprovedConstraint, 'schema' | 'table'>): string =>
  quoteQualified(schema, table);

async function read(session: SqlSession, relation: string): Promise<UnprovedConstraint[]> {
  const { rows } = await session.query(UNPROVED, [relation]);
  return rows.map((row) => ({
    schema: row['schema'] ?? '',
    table: row['table'] ?? '',
    owner: row['owner'] ?? '',
    name: row['name'] ?? '',
    definition: row['definition'] ?? '',
    comment: row['comment'] ?? null,
    local: row['local'] === 't',
    inherited: Number(row['inherited']),
  }));
}
