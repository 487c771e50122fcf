import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { metLater } from './met-later.ts';

const FIRES_AT_COMMIT = `select t.tgrelid::regclass as relation, t.tgname as name
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_roles r on r.oid = p.proowner
  where t.tgdeferrable and t.tgenabled in ('A', 'R') and not t.tgisinternal and not r.rolsuper limit 1`;

/**
 * What user code may have left to run at COMMIT, outside its function and so with our rights: cursors WITH HOLD, which COMMIT reads to their
 * end, and deferred triggers (up to 17). The replica role silences all triggers but ENABLE ALWAYS and ENABLE REPLICA ones; a trigger with
 * pending events can neither be dropped nor disabled, so that looking at the catalog is enough.
 */
export async function guardCommit(session: SqlSession): Promise<void> {
  const closed = metLater(session.execute('close all'));
  const guarded = metLater(session.query(FIRES_AT_COMMIT));
  const discarded = metLater(session.execute('discard temp; deallocate all; unlisten *; reset all'));
  await closed;
  const { rows } = await guarded;
  const found = rows[0];
  if (found !== undefined) {
    throw new WalcastError(
      'E_USER_CODE_AT_COMMIT',
      `Trigger ${String(found['name'])} on ${String(found['relation'])} would run at COMMIT with the rights of walcast.`,
      {
        fields: { table: String(found['relation']), trigger: String(found['name']) },
      },
    );
  }
  await discarded;
}
