import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral } from '../../sql/quote.ts';

/** While we wait for a lock everybody else queues behind us, so each try is short. */
const TRY_MS = 200;
const PAUSE_MS = 300;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';
/** undefined_table, invalid_schema_name */
const NO_SUCH_TABLE: readonly string[] = ['42P01', '3F000'];

export interface AlterOptions {
  readonly table: string;
  readonly oid: string;
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/** Runs a statement that needs an exclusive lock on one table, again and again until nobody is in its way. False: no table has that name. */
export async function alterPatiently(session: SqlSession, sql: string, options: AlterOptions): Promise<boolean> {
  const end = performance.now() + options.waitMs;
  for (;;) {
    try {
      await session.execute(`begin; set local lock_timeout = ${TRY_MS}; ${sql}; commit`);
      return true;
    } catch (error) {
      await session.execute('rollback');
      if (error instanceof PostgresError && NO_SUCH_TABLE.includes(error.sqlstate)) return false;
      if (!(error instanceof PostgresError) || ![LOCK_NOT_AVAILABLE, DEADLOCK].includes(error.sqlstate)) throw error;
      if (performance.now() > end) throw await tableLocked(session, options, error);
    }
    await delay(PAUSE_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function tableLocked(
  session: SqlSession,
  { table, oid, waitMs }: AlterOptions,
  cause: unknown,
): Promise<WalcastError> {
  const { rows } = await session.query(
    `select string_agg(distinct 'pid ' || pid, ', ') as holders from pg_locks
     where relation = ${quoteLiteral(oid)}::oid and database = (select oid from pg_database where datname = current_database())
       and granted and pid <> pg_backend_pid()`,
  );
  const holders = rows[0]?.['holders'] ?? 'nobody any more';
  return new WalcastError(
    'E_TABLE_LOCKED',
    `${table} was locked for ${Math.round(waitMs / 1000)} s, now by ${holders}`,
    {
      cause,
      fields: { table },
    },
  );
}
