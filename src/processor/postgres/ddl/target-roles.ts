import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';

/** What to do with a role of the source that the target does not have. */
export type MissingRolePolicy = 'create' | 'map' | 'skip-ownership' | 'stop';

/** Owns what belongs to roles that the target lacks, under `skip-ownership`. It can neither log in nor do anything by itself. */
export const STAND_IN_ROLE = 'walcast_stand_in';

export interface TargetRole {
  readonly name: string;
  readonly oid: string;
  readonly superuser: boolean;
  /** It is the role that the session itself runs as. */
  readonly own: boolean;
}

export class TargetRoles {
  readonly #policy: MissingRolePolicy;
  readonly #map: ReadonlyMap<string, string>;

  constructor(policy: MissingRolePolicy, map: ReadonlyMap<string, string>) {
    this.#policy = policy;
    this.#map = map;
  }

  /** The target's role for a role of the source, made or refused as the policy says. */
  async resolve(session: SqlSession, sourceName: string): Promise<TargetRole> {
    const name = this.#map.get(sourceName) ?? sourceName;
    const found = await lookUp(session, name);
    if (found !== null) return found;
    const substitute = this.#substitute(sourceName, name);
    const made = await lookUp(session, substitute);
    if (made !== null) return made;
    await session.execute(`create role ${quoteIdentifier(substitute)} nologin`);
    return (await lookUp(session, substitute)) ?? missing(sourceName, substitute);
  }

  /** Names that differ between source and target, of those given. */
  async renamed(session: SqlSession, names: Iterable<string>): Promise<Map<string, string>> {
    const renamed = new Map<string, string>();
    for (const name of new Set(names)) {
      const role = await this.resolve(session, name);
      if (role.name !== name) renamed.set(name, role.name);
    }
    return renamed;
  }

  #substitute(sourceName: string, name: string): string {
    switch (this.#policy) {
      case 'create':
        return name;
      case 'skip-ownership':
        return STAND_IN_ROLE;
      case 'map':
      case 'stop':
        return missing(sourceName, name);
      default:
        return this.#policy satisfies never;
    }
  }
}

function missing(sourceName: string, name: string): never {
  const mapped = sourceName === name ? '' : ` (mapped to ${name})`;
  throw new WalcastError('E_ROLE_MISSING', `Role ${sourceName}${mapped} does not exist on the target.`, {
    fields: { role: sourceName },
  });
}

async function lookUp(session: SqlSession, name: string): Promise<TargetRole | null> {
  const { rows } = await session.query(
    'select oid, rolsuper, rolname = current_user as own from pg_catalog.pg_roles where rolname = $1',
    [name],
  );
  const role = rows[0];
  if (role === undefined) return null;
  return { name, oid: role['oid'] ?? '', superuser: role['rolsuper'] === 't', own: role['own'] === 't' };
}
