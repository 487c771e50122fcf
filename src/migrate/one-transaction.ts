import type { SqlSession } from '../postgres/sql-session.ts';
import { migrationError } from './migration-error.ts';
import type { MigrationSet } from './migration.ts';
import { SETTINGS } from './settings.ts';
import { SILENCE, SPEAK } from './silence.ts';

/** Runs what a migration file says, and its record with it. */
export async function inOneTransaction(
  session: SqlSession,
  what: { readonly set: MigrationSet; readonly file: string },
  sql: string,
): Promise<void> {
  try {
    await session.execute(`begin; ${SETTINGS}${SILENCE}`);
    await session.execute(sql);
    await session.execute(`${SPEAK}; commit`);
  } catch (cause) {
    await session.execute('rollback').catch(() => undefined);
    throw await migrationError(session, what, cause);
  }
}
