import { FIXED_SETTINGS } from '../../../ddl/message-settings.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/quote.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { DdlCaller } from '../../../wal/ddl-event.ts';

/** What runs is written for these, whatever the author's own text was: what the source's catalog prints, and texts as the finder gives them. */
const OURS = { standard_conforming_strings: 'on' };

const SAVEPOINT = 'walcast_ddl';

/** Settings as RESET ALL leaves them, in the server's own spelling. */
export type StandingSettings = ReadonlyMap<string, string>;

const standing = new WeakMap<SqlSession, Promise<StandingSettings>>();

/** They belong to the session's start. */
export function standingSettings(session: SqlSession): Promise<StandingSettings> {
  const known = standing.get(session);
  if (known !== undefined) return known;
  const asked = session
    .query('select name, reset_val from pg_catalog.pg_settings where reset_val is not null')
    .then(({ rows }) => new Map(rows.map((row) => [String(row['name']), String(row['reset_val'])])));
  asked.catch(() => standing.delete(session));
  standing.set(session, asked);
  return asked;
}

/**
 * Gives the session the settings under which the author's statement ran, below a savepoint if wanted. RESET ALL ends them; it goes ahead as
 * well, so that what already stands as wanted need not be set.
 */
export function enterEnvironment(caller: DdlCaller, stands: StandingSettings, savepoint: boolean): string {
  const settings = Object.entries({ ...FIXED_SETTINGS, ...caller.settings, ...OURS })
    .filter(([name, value]) => stands.get(name) !== value)
    .map(([name, value]) => `set local ${quoteIdentifier(name)} = ${quoteLiteral(value)}`);
  return [
    ...(savepoint ? [`savepoint ${SAVEPOINT}`] : []),
    'reset all',
    ...settings,
    'set local row_security = on',
    'set local check_function_bodies = off',
    `select pg_catalog.set_config('search_path', ${quoteLiteral(caller.search_path)}, true)`,
  ].join('; ');
}

export const KEEP = `release ${SAVEPOINT}`;
export const UNDO = `rollback to ${SAVEPOINT}; release ${SAVEPOINT}`;
