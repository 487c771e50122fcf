import { FIXED_SETTINGS } from '../../../ddl/message-settings.ts';
import { PostgresError } from '../../../postgres/postgres-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { DdlCaller } from '../../../wal/ddl-event.ts';
import { guardCommit } from '../ddl/commit-guard.ts';
import { withoutValidation } from '../ddl/foreign-key.ts';
import type { RoleRunner } from '../ddl/role-runner.ts';
import type { Holder } from './range-writer.ts';
import { noteDone, postpone, requireHolder } from './state-store.ts';
import type { PlannedStatement, TableConstraint } from './statement-plan.ts';

/** The transaction is over already, by an error before. */
const ABORTED = '25P02';

/** With those of its partitions. */
const CONSTRAINT = `
with recursive key (oid) as (
  select k.oid from pg_constraint k where k.conrelid = to_regclass($1) and k.conname = $2 and k.contype = 'f'
  union select k.oid from key join pg_constraint k on k.conparentid = key.oid)
select k.oid::text as oid from key join pg_constraint k on k.oid = key.oid where not k.convalidated`;

export interface ChunkFailure {
  readonly statement: PlannedStatement;
  readonly sql: string;
  readonly error: PostgresError;
}

export interface ChunkRules {
  /** Is the foreign key to be validated later? */
  postpones(key: TableConstraint): boolean;
  /** maintenance_work_mem of the statements, with its unit. */
  readonly memory: string;
}

/**
 * Runs statements in one transaction with the mark that they are done. They are sent one after the other without waiting: what a far server
 * costs is its work, not the way. Null: it is committed; else the first that was refused, and nothing is there.
 */
export async function runChunk(
  session: SqlSession,
  { id, holder }: Holder,
  runner: RoleRunner,
  chunk: readonly PlannedStatement[],
  { postpones, memory }: ChunkRules,
): Promise<ChunkFailure | null> {
  runner.begin();
  for (const { role } of chunk) if (role !== null) await runner.prepare(session, role);
  await session.execute('begin');
  try {
    await requireHolder(session, id, holder);
    const postponed: TableConstraint[] = [];
    const sent: { statement: PlannedStatement; sql: string; answer: Promise<unknown> }[] = [];
    let environment = '';
    for (const statement of chunk) {
      const { event, role, foreignKey } = statement;
      if (statement.sql === null) continue;
      const late = foreignKey !== null && postpones(foreignKey);
      const sql = late ? withoutValidation(statement.sql) : statement.sql;
      if (late) postponed.push(foreignKey);
      const send = (answer: Promise<unknown>): void => {
        answer.catch(() => undefined); // met in its turn
        sent.push({ statement, sql, answer });
      };
      const needed = JSON.stringify([event.caller.search_path, event.caller.settings]);
      if (needed !== environment) {
        send(session.execute('reset all'));
        send(session.query(...enter(event.caller, memory)));
      }
      const asOther = role?.superuser === true && !role.own ? `set local role ${quoteIdentifier(role.name)}` : null;
      if (asOther !== null) send(session.execute(asOther));
      const direct = role === null || role.own || role.superuser;
      send(direct ? session.query(sql) : runner.send(session, role, sql));
      if (asOther !== null) send(session.execute('reset role'));
      // Code of users may have left any setting behind.
      environment = direct ? needed : '';
    }
    for (const { statement, sql, answer } of sent) {
      const error = await answer.then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null) continue;
      if (!(error instanceof PostgresError) || error.sqlstate === ABORTED) throw error as Error;
      await session.execute('rollback');
      await session.execute('reset all');
      return { statement, sql, error };
    }
    await session.execute('reset all');
    if (runner.userCodeRan) await guardCommit(session);
    await postpone(session, id, await oidsOf(session, postponed));
    await noteDone(
      session,
      id,
      chunk.map(({ number }) => number),
    );
    await session.execute('set local synchronous_commit = off; commit');
    return null;
  } catch (error) {
    await session.execute('rollback').catch(() => undefined); // the first error counts
    throw error;
  }
}

/** The author's session, in one statement. */
function enter({ settings, search_path: path }: DdlCaller, memory: string): [string, string[]] {
  const all = {
    ...FIXED_SETTINGS,
    ...settings,
    row_security: 'on',
    check_function_bodies: 'off',
    search_path: path,
    maintenance_work_mem: memory,
  };
  const calls = Object.keys(all).map((_, i) => `pg_catalog.set_config($${i * 2 + 1}, $${i * 2 + 2}, true)`);
  return [`select ${calls.join(', ')}`, Object.entries(all).flat()];
}

async function oidsOf(session: SqlSession, constraints: readonly TableConstraint[]): Promise<string[]> {
  const oids: string[] = [];
  for (const { schema, name, constraint } of constraints) {
    const { rows } = await session.query(CONSTRAINT, [quoteQualified(schema, name), constraint]);
    oids.push(...rows.map(({ oid }) => oid ?? ''));
  }
  return oids;
}
