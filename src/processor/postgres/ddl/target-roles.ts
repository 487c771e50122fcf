import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { metLater } from './met-later.ts';
import { RUNNER_CODE } from './runner-code.ts';

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
  /** Just now the function that runs statements with its rights was there, as we made it. Absent: not looked up. */
  readonly runnerSound?: boolean;
}

export class TargetRoles {
  readonly #policy: MissingRolePolicy;
  readonly #map: ReadonlyMap<string, string>;
  /** Superusers met since `forget`, by their names here. Of others, whose function they may change themselves, each use asks anew. */
  readonly #superusers = new Map<string, TargetRole>();

  constructor(policy: MissingRolePolicy, map: ReadonlyMap<string, string>) {
    this.#policy = policy;
    this.#map = map;
  }

  /** Its name on the target, if it is there. */
  mapped(sourceName: string): string {
    return this.#map.get(sourceName) ?? sourceName;
  }

  /** The target's role for a role of the source, if it is there: asked ahead for `resolve`. */
  lookUp(session: SqlSession, sourceName: string): Promise<TargetRole | null> {
    const name = this.mapped(sourceName);
    const known = this.#superusers.get(name);
    return known === undefined ? metLater(this.#ask(session, name)) : Promise.resolve(known);
  }

  async #ask(session: SqlSession, name: string): Promise<TargetRole | null> {
    const role = await lookUp(session, name);
    if (role?.superuser === true) this.#superusers.set(name, role);
    return role;
  }

  /** A transaction of the target begins, before which anybody may have changed the roles. */
  forget(): void {
    this.#superusers.clear();
  }

  /** The target's role for a role of the source, made or refused as the policy says. */
  async resolve(
    session: SqlSession,
    sourceName: string,
    lookedUp: Promise<TargetRole | null> = this.lookUp(session, sourceName),
  ): Promise<TargetRole> {
    const name = this.mapped(sourceName);
    const found = await lookedUp;
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

interface Author {
  readonly oid: string;
  readonly superuser: boolean;
  readonly own: boolean;
  readonly runners: readonly { readonly sound: boolean }[] | null;
}

async function lookUp(session: SqlSession, name: string): Promise<TargetRole | null> {
  const { rows } = await session.query('select walcast.author($1, $2) as author', [name, RUNNER_CODE]);
  const author = JSON.parse(rows[0]?.['author'] ?? 'null') as Author | null;
  if (author === null) return null;
  const { oid, superuser, own, runners } = author;
  return { name, oid, superuser, own, runnerSound: runners?.length === 1 && runners[0]?.sound === true };
}
