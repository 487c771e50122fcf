import { FIXED_SETTINGS } from '../../../ddl/message-settings.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/quote.ts';
import type { DdlCaller } from '../../../wal/ddl-event.ts';

/** What runs is written for these, whatever the author's own text was: what the source's catalog prints, and texts as the finder gives them. */
const OURS = { standard_conforming_strings: 'on' };

const SAVEPOINT = 'walcast_ddl';

/** Gives the session the settings under which the author's statement ran, below a savepoint if wanted. RESET ALL ends them. */
export function enterEnvironment(caller: DdlCaller, savepoint: boolean): string {
  const settings = Object.entries({ ...FIXED_SETTINGS, ...caller.settings, ...OURS }).map(
    ([name, value]) => `set local ${quoteIdentifier(name)} = ${quoteLiteral(value)}`,
  );
  return [
    ...(savepoint ? [`savepoint ${SAVEPOINT}`] : []),
    ...settings,
    'set local row_security = on',
    'set local check_function_bodies = off',
    `select pg_catalog.set_config('search_path', ${quoteLiteral(caller.search_path)}, true)`,
  ].join('; ');
}

export const KEEP = `release ${SAVEPOINT}`;
export const UNDO = `rollback to ${SAVEPOINT}; release ${SAVEPOINT}`;
