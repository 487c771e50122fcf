import { randomBytes } from 'node:crypto';
import { WalcastError } from '../../errors/walcast-error.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { classifySqlstate } from '../../sql/sqlstate.ts';
import { schemaState } from '../ownership.ts';
import { TOOL_VERSION } from '../tool-version.ts';
import { readDefinitions } from './backup-definitions.ts';
import { type BackupFolder, writeBackupFile } from './backup-file.ts';
import { insertStatements } from './backup-rows.ts';

/** Under which the file means what it says, whoever restores it. */
const HEAD = `begin;
set local client_encoding = 'UTF8';
set local standard_conforming_strings = on;
set local search_path = pg_catalog;
set local DateStyle = 'ISO, MDY';
set local IntervalStyle = 'postgres';
set local TimeZone = 'UTC';
set local lc_monetary = 'C';
set local xmloption = content;
set local row_security = off;
set local default_tablespace = '';
set local default_table_access_method = heap;
set local client_min_messages = warning;
create schema if not exists walcast;`;

/** The tables of the schema walcast as SQL, all of one moment. Returns the path. The session must not be in a transaction. */
export async function backUp(session: SqlSession, folder: BackupFolder, why: string): Promise<string> {
  const { rows } = await session.query(`select current_database() as database,
    to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"') as at`);
  const { database, at } = rows[0] ?? {};
  const plain = (database ?? '').replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60);
  const name = `walcast-${plain}-${at ?? ''}-${randomBytes(3).toString('hex')}.sql`;
  await session.execute('begin isolation level repeatable read, read only');
  try {
    return await writeBackupFile(
      folder,
      name,
      backupText(session, `${JSON.stringify(database)} at ${at ?? ''}, ${why}`),
    );
  } catch (cause) {
    if (!(cause instanceof PostgresError)) throw cause;
    throw new WalcastError('E_BACKUP', `the tables cannot be read, so nothing was migrated: ${cause.message}`, {
      cause,
      hint: 'Give the role what the server says that it lacks, or move tables that others put into the schema walcast elsewhere.',
      retryable: classifySqlstate(cause.sqlstate) !== 'stop',
      fields: { sqlstate: cause.sqlstate },
    });
  } finally {
    await session.execute('rollback').catch(() => undefined);
  }
}

async function* backupText(session: SqlSession, what: string): AsyncGenerator<string> {
  const { before, tables, after } = await readDefinitions(session);
  yield `-- The tables of the schema walcast of database ${what.replace(/[\r\n]/g, ' ')}, written by walcast ${TOOL_VERSION}.
-- To be restored into a database without that schema: psql -v ON_ERROR_STOP=1 -f FILE
-- Functions, triggers, rights and comments are not in it: the version of walcast that made the tables makes them.\n`;
  yield `${[HEAD, ...before, ...tables.map(({ create }) => create)].join('\n')}\n`;
  for (const { name, columns, secret } of tables) {
    if (secret)
      yield `-- ${name.replace(/[\r\n]/g, ' ')}: its rows are left out on purpose, they hold a key that signs messages\n`;
    if (columns === null) continue;
    for await (const line of insertStatements(session, name, columns)) yield `${line}\n`;
  }
  yield `${[...after, 'commit;'].join('\n')}\n`;
}

export interface MigrationBackupOptions {
  readonly folder: BackupFolder;
  /** Called with the path before the migration begins. */
  readonly onWritten: (path: string, why: string) => void;
}

/** The backup of one database before migrations that need one: made once, however often they are tried. */
export class MigrationBackup {
  readonly #options: MigrationBackupOptions;
  #made = false;

  constructor(options: MigrationBackupOptions) {
    this.#options = options;
  }

  async make(session: SqlSession, why: string): Promise<void> {
    if (this.#made) return;
    this.#options.onWritten(await backUp(session, this.#options.folder, why), why);
    this.#made = true;
  }
}

/** Before anything is migrated. Nothing is lost where nothing is there yet. */
export async function makeBackup(
  session: SqlSession,
  why: string | null,
  backup: MigrationBackup | undefined,
): Promise<void> {
  if (why === null || (await schemaState(session)) !== 'ours') return;
  if (backup === undefined) {
    throw new WalcastError('E_BACKUP', `there has to be a backup ${why}, and nobody said where: nothing was migrated`);
  }
  await backup.make(session, why);
}
