import type { SqlSession } from '../../postgres/sql-session.ts';
import { obstacles } from '../../processor/postgres/snapshot/obstacles.ts';
import { FREE_CONNECTIONS, LOCALE, localeOf, type Locale } from './copy-source.ts';

/** What matters of a target that is to be filled; read only. */
export interface CopyTargetFacts {
  readonly version: number;
  readonly role: string;
  readonly recovery: boolean;
  readonly locale: Locale;
  readonly freeConnections: number;
  /** May make a database beside this one, and give it this one's name. */
  readonly mayReplace: boolean;
  /** By this pipeline: it was filled for a stream that goes on, or a copy into it is not whole yet. */
  readonly begun: boolean;
  /** What users have there, for a person; null: nothing, or it is of our own copy. */
  readonly holds: string | null;
  readonly extensions: ReadonlySet<string>;
  readonly tablespaces: ReadonlySet<string>;
  readonly collations: ReadonlySet<string>;
}

const SERVER = `
select current_setting('server_version_num') as version, r.rolname as role,
  pg_is_in_recovery()::text as recovery,
  ${LOCALE}, ${FREE_CONNECTIONS},
  (r.rolsuper or (r.rolcreatedb and pg_has_role(d.datdba, 'usage')))::text as may_replace,
  to_regclass('walcast.checkpoint')::text as checkpoint, to_regclass('walcast.snapshot')::text as snapshot
from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`;

/** A copy that was begun; what a stream goes on from counts only where there is one. */
const BEGUN: Readonly<Record<'checkpoint' | 'snapshot', string>> = {
  checkpoint: 'select 1 as one from walcast.checkpoint where pipeline = $1',
  snapshot: `select 1 as one from walcast.snapshot where pipeline = $1 and (phase in ('schema', 'rows', 'post-data') or $2)`,
};

export async function readCopyTarget(
  session: SqlSession,
  pipeline: string,
  streamed: boolean,
): Promise<CopyTargetFacts> {
  const server = (await session.query(SERVER)).rows[0] ?? {};
  const begun = await isBegun(session, server, pipeline, streamed);
  const names = async (sql: string): Promise<string[]> => (await session.query(sql)).rows.map(({ name }) => name ?? '');
  return {
    version: Number(server['version']),
    role: server['role'] ?? '',
    recovery: server['recovery'] === 'true',
    locale: localeOf(server),
    freeConnections: Number(server['free_connections']),
    mayReplace: server['may_replace'] === 'true',
    begun,
    holds: begun ? null : await obstacles(session),
    extensions: new Set(await names('select name from pg_available_extensions')),
    tablespaces: new Set(await names('select spcname as name from pg_tablespace')),
    collations: new Set(
      await names(`select collname as name from pg_collation c join pg_database d on d.datname = current_database()
        where collnamespace = 'pg_catalog'::regnamespace and collencoding in (-1, d.encoding)`),
    ),
  };
}

async function isBegun(
  session: SqlSession,
  server: Readonly<Record<string, string | null>>,
  pipeline: string,
  streamed: boolean,
): Promise<boolean> {
  const has = async (sql: string, values: readonly string[]): Promise<boolean> =>
    (await session.query(sql, values)).rows.length > 0;
  if (streamed && server['checkpoint'] !== null && (await has(BEGUN.checkpoint, [pipeline]))) return true;
  return server['snapshot'] !== null && (await has(BEGUN.snapshot, [pipeline, String(streamed)]));
}
