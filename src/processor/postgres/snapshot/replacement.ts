import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { READING_OPTIONS } from '../../../postgres/pinned-settings.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteLiteral } from '../../../sql/quote.ts';
import { isPostgresFailure } from '../ddl/server-errors.ts';
import { createLike, likenessOf } from './database-copy.ts';
import { inTransaction } from './in-transaction.ts';
import { obstacles } from './obstacles.ts';
import { currentDatabase, fits, replacementMark, replacementNames, stateOfDatabase } from './replacement-names.ts';
import type { SnapshotContext } from './snapshot-context.ts';

/** Where to stand while the target's own database is renamed. */
const MAINTENANCE = ['postgres', 'template1'];
/** They belong to the server. */
const NOT_REPLACED = new Set(['postgres', 'template0', 'template1']);
const OBJECT_IN_USE = ['55006'];
const ATTEMPTS = 12;
const TERMINATE_EVERY_MS = 100;

const RIGHTS = `
select rolsuper or rolcreatedb as may, pg_has_role(current_user, d.datdba, 'usage') as owner, d.datistemplate as template
from pg_roles r cross join pg_database d where r.rolname = current_user and d.datname = current_database()`;
const TERMINATE = `
select pg_terminate_backend(pid) from pg_stat_activity where datname = any ($1::text[]) and pid <> pg_backend_pid()`;

export function urlOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** An empty database beside the target's, marked as ours. @returns its name */
export async function createReplacement(session: SqlSession, context: SnapshotContext): Promise<string> {
  const { source } = context;
  const names = replacementNames(await currentDatabase(session));
  const refuse = (why: string): never => {
    throw new WalcastError('E_SNAPSHOT_REPLACE', `target ${context.target} cannot be replaced: ${why}`, {
      fields: { target: context.target },
    });
  };
  const { rows } = await session.query(RIGHTS);
  const rights = rows[0] ?? {};
  if (NOT_REPLACED.has(names.current) || rights['template'] === 't')
    refuse(`${names.current} is a database of the server itself`);
  if (!fits(names)) refuse(`the name ${names.current} is too long for another one made of it: at most 49 bytes`);
  if (rights['may'] !== 't') refuse('its role may not create databases: ALTER ROLE … CREATEDB');
  if (rights['owner'] !== 't') refuse(`its role does not own the database ${names.current}`);
  (await connectMaintenance(context)).close();
  if ((await stateOfDatabase(session, names.next, source)) !== 'absent') {
    if (!(await isAbandoned(context, names.next)))
      refuse(`a database ${names.next} is there, which does not belong to this pipeline: drop or rename it`);
    await dropDatabase(session, names.next);
  }
  const previous = await stateOfDatabase(session, names.previous, source);
  if (previous === 'unmarked') refuse(`a database ${names.previous} is there, which is not ours: drop or rename it`);
  if (previous === 'ours') await dropDatabase(session, names.previous);
  await session.query(await createLike(session, names.next, names.current));
  await mark(session, names.next, context);
  return names.next;
}

/** Left by a process that ended while it was making it: nobody has put anything there. */
async function isAbandoned(context: SnapshotContext, name: string): Promise<boolean> {
  const session = await connect(context, name);
  try {
    return (await obstacles(session)) === null;
  } finally {
    session.close();
  }
}

/**
 * The new database takes the name of the target's, which is kept under another: both in one transaction. Sessions of either end; whoever
 * comes meanwhile waits for the renaming and meets the new one.
 */
export async function swapDatabases(context: SnapshotContext, current: string): Promise<void> {
  const names = replacementNames(current);
  const admin = await connectMaintenance(context);
  const helper = await connectMaintenance(context);
  try {
    for (let attempt = 1; ; attempt++) {
      context.signal.throwIfAborted();
      const ending = new AbortController();
      const ended = endSessions(helper, [names.current, names.next], ending.signal);
      try {
        await inTransaction(admin, async () => {
          for (const sql of await likenessOf(admin, names.next, names.current)) await admin.query(sql);
          await admin.query(
            `alter database ${quoteIdentifier(names.current)} rename to ${quoteIdentifier(names.previous)}`,
          );
          await mark(admin, names.previous, context);
          await admin.query(
            `alter database ${quoteIdentifier(names.next)} rename to ${quoteIdentifier(names.current)}`,
          );
        });
        return;
      } catch (error) {
        if (!isPostgresFailure(error, OBJECT_IN_USE) || attempt === ATTEMPTS) throw error;
      } finally {
        ending.abort();
        await ended;
      }
    }
  } finally {
    admin.close();
    helper.close();
  }
}

/** Renaming waits up to 5 s for the sessions that are there; new ones wait for it. */
async function endSessions(session: SqlSession, databases: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await session.query(TERMINATE, [`{${databases.map((name) => JSON.stringify(name)).join(',')}}`]);
    await delay(TERMINATE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The one that was replaced, once nothing can go wrong with the other any more. */
export async function dropReplaced(session: SqlSession, { source }: SnapshotContext): Promise<void> {
  const { previous } = replacementNames(await currentDatabase(session));
  if ((await stateOfDatabase(session, previous, source)) === 'ours') await dropDatabase(session, previous);
}

export async function dropDatabase(session: SqlSession, name: string): Promise<void> {
  await session.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
}

async function mark(session: SqlSession, name: string, { source }: SnapshotContext): Promise<void> {
  await session.query(`comment on database ${quoteIdentifier(name)} is ${quoteLiteral(replacementMark(source))}`);
}

async function connectMaintenance(context: SnapshotContext): Promise<PipelinedConnection> {
  let refused: unknown;
  for (const name of MAINTENANCE) {
    try {
      return await connect(context, name);
    } catch (error) {
      refused = error;
    }
  }
  throw new WalcastError(
    'E_SNAPSHOT_REPLACE',
    `target ${context.target} cannot be replaced: neither ${MAINTENANCE.join(' nor ')} lets its role in, from where its database would be renamed`,
    { cause: refused, fields: { target: context.target } },
  );
}

async function connect({ url, signal }: SnapshotContext, database: string): Promise<PipelinedConnection> {
  return await PipelinedConnection.connect(
    { url: urlOf(url, database), applicationName: 'walcast replace', options: READING_OPTIONS, side: 'target', signal },
    () => undefined,
  );
}
