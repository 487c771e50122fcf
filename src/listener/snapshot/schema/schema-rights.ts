import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import type { SchemaSection } from '../../../wal/snapshot.ts';

const RIGHTS = ['USAGE', 'CREATE'] as const;
type Right = (typeof RIGHTS)[number];

interface RoleInSchema {
  readonly owner: boolean;
  /** By whatever way the source's role has it. */
  readonly effective: readonly Right[];
  /** Granted to the very role. */
  readonly granted: readonly Right[];
}

const READ = `select n.nspname as schema, r.rolname as role, r.oid = n.nspowner as owner,
    has_schema_privilege(r.oid, n.oid, 'USAGE') as usage, has_schema_privilege(r.oid, n.oid, 'CREATE') as "create",
    exists (select from aclexplode(n.nspacl) a where a.grantee = r.oid and a.privilege_type = 'USAGE') as granted_usage,
    exists (select from aclexplode(n.nspacl) a where a.grantee = r.oid and a.privilege_type = 'CREATE') as granted_create
  from pg_namespace n cross join pg_roles r
  where r.rolname in (select json_array_elements_text($1::json)) and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'`;

export interface TemporaryRights {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * A plain user's objects stand in schemas in which it may not make them: the rights were taken back since, or they come later in the script.
 * Where its statement runs with its own rights, it gets these for the time of the statement.
 */
export class SchemaRights {
  readonly #rights: ReadonlyMap<string, RoleInSchema>;

  private constructor(rights: ReadonlyMap<string, RoleInSchema>) {
    this.#rights = rights;
  }

  static async read(session: SqlSession, roles: readonly string[]): Promise<SchemaRights> {
    if (roles.length === 0) return new SchemaRights(new Map());
    const { rows } = await session.query(READ, [JSON.stringify(roles)]);
    const listed = (row: (typeof rows)[number], prefix: string): Right[] =>
      RIGHTS.filter((right) => row[`${prefix}${right.toLowerCase()}`] === 't');
    return new SchemaRights(
      new Map(
        rows.map((row) => [
          key(row['schema'] ?? '', row['role'] ?? ''),
          { owner: row['owner'] === 't', effective: listed(row, ''), granted: listed(row, 'granted_') },
        ]),
      ),
    );
  }

  /** `schemas` may hold names that are none. */
  around(section: SchemaSection, role: string, schemas: Iterable<string>): TemporaryRights {
    const before: string[] = [];
    const after: string[] = [];
    for (const schema of [...schemas].sort()) {
      const known = this.#rights.get(key(schema, role));
      if (known === undefined || known.owner) continue;
      // Before post-data nothing is granted yet on a target.
      const needed = RIGHTS.filter((right) => section === 'pre-data' || !known.effective.includes(right));
      const surplus = needed.filter((right) => !known.granted.includes(right));
      const on = `ON SCHEMA ${quoteIdentifier(schema)}`;
      if (needed.length > 0) before.push(`GRANT ${needed.join(', ')} ${on} TO ${quoteIdentifier(role)}`);
      if (surplus.length > 0) after.push(`REVOKE ${surplus.join(', ')} ${on} FROM ${quoteIdentifier(role)}`);
    }
    return { before, after };
  }
}

function key(schema: string, role: string): string {
  return `${schema}\0${role}`;
}
