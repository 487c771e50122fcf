import { WalcastError } from '../../errors/walcast-error.ts';
import { withInstallLock } from '../../migrate/lock.ts';
import { unmigrateLocked } from '../../migrate/migrate.ts';
import { indexOf } from '../../migrate/migration.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { installedSets, migrationRecords } from '../../migrate/records.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import type { SourceOptions } from '../check/source-options.ts';
import { ClientSession } from '../init/client-session.ts';
import { DEFAULT_WAIT_MS } from '../init/init-report.ts';
import { destroyInjector, removeInjector } from './destroy-injector.ts';
import { giveIdentitiesBack } from './give-identities-back.ts';
import { untilUnused, type WaitForUsers } from './until-unused.ts';

export interface DestroyOptions extends SourceOptions {
  /** Removes this set alone; without it the pipeline, and with the last one everything of walcast. */
  readonly set?: 'injector';
  readonly waitMs?: number;
  readonly onStep?: (step: string) => void;
  /** Called with what a person who waits should know, such as for whom. */
  readonly onNotice?: (notice: string) => void;
}

export interface DestroyReport {
  readonly steps: readonly string[];
}

/**
 * Removes what `init` made for this pipeline, and with the last pipeline of the database everything of walcast; nothing else. May be run
 * again at any time, also after it was killed.
 */
export async function destroySource(options: DestroyOptions): Promise<DestroyReport> {
  const session = await ClientSession.connect(options.url, 'source', options.signal);
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
    if ((await installedSets(session)).filter((set) => set === 'core' || set === 'injector').length === 0) {
      step('walcast is not installed on the source: nothing to remove');
      return { steps };
    }
    if (options.set === 'injector') {
      await destroyInjector(session, waiting, step);
      return { steps };
    }
    await withInstallLock(session, waiting, async () => {
      if (await slotTableExists(session)) {
        await removePipeline(session, options, step);
        const others = await otherPipelines(session);
        if (others !== null) {
          step(`schema walcast and its event triggers: kept for ${others}`);
          return;
        }
      }
      if ((await migrationRecords(session, 'injector')).length > 0) await removeInjector(session, waiting, step);
      await removeCore(session, waiting, step);
      step('schema walcast: dropped');
    });
    return { steps };
  } finally {
    await session.close();
  }
}

async function slotTableExists(session: SqlSession): Promise<boolean> {
  const { rows } = await session.query(`select 1 as one where to_regclass('walcast.slot') is not null`);
  return rows.length > 0;
}

async function removePipeline(
  session: SqlSession,
  { slot }: DestroyOptions,
  step: (line: string) => void,
): Promise<void> {
  const record = (await session.query('select publication from walcast.slot where slot_name = $1', [slot])).rows[0];
  if (record === undefined) {
    step(`slot ${slot}: not one of walcast's, left alone`);
    return;
  }
  step((await dropSlot(session, slot)) ? `slot ${slot}: dropped` : `slot ${slot}: gone already`);
  const publication = record['publication'] ?? '';
  const shared = await session.query('select 1 as one from walcast.slot where publication = $1 and slot_name <> $2', [
    publication,
    slot,
  ]);
  if (shared.rows.length === 0) {
    await session.execute(`drop publication if exists ${quoteIdentifier(publication)}`);
    step(`publication ${publication}: dropped`);
  }
  await session.query('delete from walcast.slot where slot_name = $1', [slot]);
}

async function dropSlot(session: SqlSession, name: string): Promise<boolean> {
  const { rows } = await session.query(
    `select active_pid::text as pid from pg_replication_slots where slot_name = $1 and database = current_database()`,
    [name],
  );
  const row = rows[0];
  if (row === undefined) return false;
  const pid = row['pid'] ?? null;
  if (pid !== null) {
    throw new WalcastError('E_SLOT_ACTIVE', `the slot ${name} is read by the server process ${pid}`);
  }
  await session.query('select pg_drop_replication_slot($1)', [name]);
  return true;
}

async function otherPipelines(session: SqlSession): Promise<string | null> {
  const { rows } = await session.query(
    `select string_agg(slot_name, ', ' order by slot_name) as others from walcast.slot`,
  );
  return rows[0]?.['others'] ?? null;
}

/**
 * The triggers before the identities, which they would settle again at once; the record of the identities after them. Each step takes its
 * migration back, so that `init` knows what is missing, wherever this was cut off.
 */
async function removeCore(session: SqlSession, waiting: WaitForUsers, step: (line: string) => void): Promise<void> {
  const core = await readMigrations('core');
  await unmigrateLocked(session, core, indexOf(core, 'note_caller_on_drop'));
  step('event triggers: dropped');
  await untilUnused(session, null, waiting);
  await unmigrateLocked(session, core, indexOf(core, 'chosen_identity') + 1);
  const there = await session.query(`select 1 as one where to_regclass('walcast.chosen_identity') is not null`);
  if (there.rows.length > 0) for (const line of await giveIdentitiesBack(session, waiting)) step(line);
  await unmigrateLocked(session, core);
}
