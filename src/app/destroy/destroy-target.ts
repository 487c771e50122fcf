import { withInstallLock } from '../../migrate/lock.ts';
import { unmigrateLocked } from '../../migrate/migrate.ts';
import { schemaState } from '../../migrate/ownership.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { migrationRecords } from '../../migrate/records.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { ClientSession } from '../init/client-session.ts';
import { DEFAULT_WAIT_MS } from '../init/init-report.ts';
import type { DestroyReport } from './destroy-source.ts';

export interface DestroyTargetOptions {
  readonly url: string;
  readonly pipeline: string;
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string) => void;
  /** Called with what a person who waits should know, such as for whom. */
  readonly onNotice?: (notice: string) => void;
}

/** Removes the pipeline's checkpoint from a PostgreSQL target, and with the last one everything of walcast. The data stays. */
export async function destroyTarget(options: DestroyTargetOptions): Promise<DestroyReport> {
  const session = await ClientSession.connect(options.url, 'target', options.signal);
  const waiting = {
    waitMs: options.waitMs ?? DEFAULT_WAIT_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.onNotice === undefined ? {} : { onWait: options.onNotice }),
  };
  const steps: string[] = [];
  const step = (line: string): void => {
    steps.push(line);
    options.onStep?.(line);
  };
  try {
    if ((await schemaState(session)) !== 'ours' || (await migrationRecords(session, 'target')).length === 0) {
      step('walcast is not installed on the target: nothing to remove');
      return { steps };
    }
    await withInstallLock(session, waiting, async () => {
      const kept = await removeCheckpoint(session, options.pipeline);
      step(`checkpoint of ${options.pipeline}: removed`);
      if (kept !== null) {
        step(`schema walcast: kept for ${kept}`);
        return;
      }
      await dropOwnersFunctions(session);
      await unmigrateLocked(session, await readMigrations('target'));
      step('schema walcast: dropped');
    });
    return { steps };
  } finally {
    await session.close();
  }
}

/** The pipelines that still have a checkpoint here. */
async function removeCheckpoint(session: SqlSession, pipeline: string): Promise<string | null> {
  const there = await session.query(`select 1 as one where to_regclass('walcast.checkpoint') is not null`);
  if (there.rows.length === 0) return null;
  await session.query('delete from walcast.checkpoint where pipeline = $1', [pipeline]);
  await removeCopy(session, pipeline);
  const { rows } = await session.query(`select string_agg(distinct pipeline, ', ') as others from walcast.checkpoint`);
  return rows[0]?.['others'] ?? null;
}

/** What an initial copy has left, done or not; an older installation has none. */
async function removeCopy(session: SqlSession, pipeline: string): Promise<void> {
  const there = await session.query(`select 1 as one where to_regclass('walcast.snapshot_range') is not null`);
  if (there.rows.length === 0) return;
  for (const table of ['snapshot_range', 'snapshot_table', 'snapshot_statement']) {
    await session.query(
      `delete from walcast.${table} where snapshot in (select id from walcast.snapshot where pipeline = $1)`,
      [pipeline],
    );
  }
  await session.query('delete from walcast.snapshot where pipeline = $1', [pipeline]);
}

/** Made at run time, one a role: they run the statements of that role. */
async function dropOwnersFunctions(session: SqlSession): Promise<void> {
  const { rows } = await session.query(
    `select p.oid::regprocedure::text as function from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'walcast' and p.proname ~ '^run_as_[0-9]+$'`,
  );
  for (const row of rows) await session.execute(`drop function ${row['function'] ?? ''}`);
}
