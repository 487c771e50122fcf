import type { Config } from '../../config/schema.ts';
import type { PostgresTarget } from '../../config/targets.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { withReadingSession } from '../status/reading-session.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { readNewerFeatures, type NewerFeature } from './newer-features.ts';

/** What the source says about itself, as far as a target has to fit it. */
export interface SourceNeeds {
  readonly version: number;
  readonly encoding: string;
  readonly address: string;
  /** Roles that own something in the database, or are granted something. */
  readonly roles: readonly string[];
  /** What of it no older server takes. */
  readonly newer: readonly NewerFeature[];
}

/** followed: it gets what the stream brings · copied: it is filled with all that the source has */
export type TargetUse = 'followed' | 'copied';

export interface TargetFacts {
  readonly version: number;
  readonly encoding: string;
  readonly address: string;
  readonly role: string;
  readonly superuser: boolean;
  readonly mayCreate: boolean;
  readonly mayBeReplica: boolean;
  readonly roles: ReadonlySet<string>;
}

const SERVER = `
select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
       (select system_identifier::text from pg_control_system()) || '/' || current_database() as address`;

const USED_ROLES = `
select r.rolname as name from pg_roles r
where r.rolname !~ '^pg_' and (r.rolname = pg_get_userbyid((select datdba from pg_database where datname = current_database()))
  or exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
             and d.dbid = (select oid from pg_database where datname = current_database())))
order by 1`;

const OWN = `
select current_user as role, r.rolsuper::text as superuser,
       has_database_privilege(current_database(), 'create')::text as may_create
from pg_roles r where r.rolname = current_user`;

export async function readSourceNeeds(url: string, signal: AbortSignal): Promise<SourceNeeds> {
  return await withReadingSession('source', url, signal, async (session) => {
    const server = (await session.query(SERVER)).rows[0] ?? {};
    const { rows } = await session.query(USED_ROLES);
    const version = Number(server['version']);
    return {
      version,
      encoding: server['encoding'] ?? '',
      address: server['address'] ?? '',
      roles: rows.map(({ name }) => name ?? ''),
      newer: await readNewerFeatures(session, majorOf(version)),
    };
  });
}

/** Everything that a target has to have before it is fed, changing nothing. One that cannot be reached is a finding too. */
export async function checkTarget(
  target: PostgresTarget,
  policy: Config['ddl'],
  needs: SourceNeeds | null,
  signal: AbortSignal,
  use: TargetUse = 'followed',
): Promise<Finding[]> {
  try {
    return await examineTarget(target, policy, needs, signal, use);
  } catch (problem) {
    if (!isWalcastError(problem) || problem.code !== 'E_TARGET_CONNECTION') throw problem;
    return [error(`target ${target.name}: ${problem.message}`, problem.hint)];
  }
}

/** The same, but rejects when the target cannot be reached. */
export async function examineTarget(
  target: PostgresTarget,
  policy: Config['ddl'],
  needs: SourceNeeds | null,
  signal: AbortSignal,
  use: TargetUse,
): Promise<Finding[]> {
  const facts = await withReadingSession('target', target.postgres.url, signal, readTargetFacts);
  return judgeTarget(target.name, facts, policy, needs, use);
}

/** Pure. `needs` null: the source could not be asked. */
export function judgeTarget(
  name: string,
  facts: TargetFacts,
  policy: Config['ddl'],
  needs: SourceNeeds | null,
  use: TargetUse = 'followed',
): Finding[] {
  const findings: Finding[] = [];
  const say = (finding: Finding): void => void findings.push({ ...finding, what: `target ${name}: ${finding.what}` });
  if (facts.superuser) say(ok(`${facts.role} is a superuser`));
  else {
    say(warning(`${facts.role} is no superuser`, 'Statements of roles that it is no member of will stop the target.'));
    if (!facts.mayCreate) say(error(`${facts.role} may not create a schema`, 'GRANT CREATE ON DATABASE to it.'));
    if (!facts.mayBeReplica) {
      say(
        warning(
          `${facts.role} may not set session_replication_role`,
          'Tables with triggers or cascading foreign keys will be refused. PostgreSQL 15 and later: GRANT SET ON PARAMETER session_replication_role.',
        ),
      );
    }
  }
  if (needs === null) return findings;
  if (needs.address === facts.address) say(error('it is the source itself', 'Name another database.'));
  // what a copy needs of the encodings is told by its own preflight
  if (use === 'followed' && needs.encoding !== facts.encoding) {
    say(
      error(
        `its encoding is ${facts.encoding}, the source's ${needs.encoding}`,
        'Create the database with the encoding of the source.',
      ),
    );
  }
  const [here, there] = [majorOf(facts.version), majorOf(needs.version)];
  if (here < there) {
    say(
      warning(
        `PostgreSQL ${here} is older than the source's ${there}`,
        'A statement that only the newer one knows will stop the target and be named: make by hand what can stand for it, then `replicate ddl skip`.',
      ),
    );
    // what a copy meets is told by its own preflight
    for (const { since, what, objects } of use === 'copied' ? [] : needs.newer) {
      if (since <= here) continue;
      say(
        warning(
          `the source uses what PostgreSQL ${since} brought: ${what} (${objects.join(', ')})`,
          'The next statement of this kind will stop the target.',
        ),
      );
    }
  } else say(ok(`PostgreSQL ${here}, the source has ${there}`));
  for (const role of needs.roles) {
    const mapped = policy.role_map[role] ?? role;
    if (!facts.roles.has(mapped)) say(missingRole(role, mapped, policy.roles, use));
  }
  return findings;
}

function majorOf(version: number): number {
  return Math.trunc(version / 10_000);
}

function missingRole(role: string, mapped: string, policy: Config['ddl']['roles'], use: TargetUse): Finding {
  const what = `role ${mapped} is missing${mapped === role ? '' : ` (for ${role} of the source)`}`;
  if (policy === 'create') return ok(`${what}: it will be created without login, as ddl.roles says`);
  if (policy === 'skip-ownership') return ok(`${what}: what belongs to it goes to a stand-in, as ddl.roles says`);
  if (use === 'copied') return error(what, 'Create it there (NOLOGIN is enough), or set ddl.roles or ddl.role_map.');
  return warning(
    what,
    'A statement by it or about it will stop the target: create it there, or set ddl.roles or ddl.role_map.',
  );
}

async function readTargetFacts(session: SqlSession): Promise<TargetFacts> {
  const server = (await session.query(SERVER)).rows[0] ?? {};
  const own = (await session.query(OWN)).rows[0] ?? {};
  const { rows } = await session.query('select rolname as name from pg_roles');
  return {
    version: Number(server['version']),
    encoding: server['encoding'] ?? '',
    address: server['address'] ?? '',
    role: own['role'] ?? '',
    superuser: own['superuser'] === 'true',
    mayCreate: own['may_create'] === 'true',
    mayBeReplica: await mayBeReplica(session),
    roles: new Set(rows.map(({ name }) => name ?? '')),
  };
}

/** Tried in a transaction that is taken back: the right may come from a grant or from being superuser. */
async function mayBeReplica(session: SqlSession): Promise<boolean> {
  await session.execute('begin');
  try {
    await session.execute('set local session_replication_role = replica');
    return true;
  } catch {
    return false;
  } finally {
    await session.execute('rollback');
  }
}
