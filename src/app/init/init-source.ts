import { WalcastError } from '../../errors/walcast-error.ts';
import { MigrationBackup } from '../../migrate/backup/back-up.ts';
import { withInstallLock, type LockOptions } from '../../migrate/lock.ts';
import { remakeEventTriggers } from '../../migrate/event-triggers.ts';
import { migrateLocked } from '../../migrate/migrate.ts';
import { describeResult, type MigrationSet } from '../../migrate/migration.ts';
import { readMigrations } from '../../migrate/read-migrations.ts';
import { installedSets } from '../../migrate/records.ts';
import { SPEAK } from '../../migrate/silence.ts';
import { judge, sourceFacts } from '../check/check-source.ts';
import type { Finding } from '../check/finding.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { ClientSession } from './client-session.ts';
import { DEFAULT_WAIT_MS, type InitOptions, type InitReport } from './init-report.ts';
import { untilOlderTransactionsEnd } from './old-transactions.ts';
import { ensurePublication } from './publication.ts';
import { renewKey, retireOldKeys } from './renew-key.ts';
import { settleIdentities } from './settle-identities.ts';
import { announceSlot, ensureSlot, isComplete, readSlotRecord } from './slot.ts';
import { fillTableIds } from './table-ids.ts';

/**
 * Prepares a source: triggers, then identities, then publication, then slot. A table without identity must not be published, and a slot
 * older than the publication cannot be read. Does what is missing, so it may be run again at any time, also after it was killed.
 */
export async function initSource(options: InitOptions): Promise<InitReport> {
  const session = await ClientSession.connect(options.url, 'source', options.signal);
  try {
    const findings = await preflight(session, options);
    return await withInstallLock(session, lockOptions(options), () => install(session, options, findings));
  } finally {
    await session.close();
  }
}

async function preflight(session: ClientSession, options: InitOptions): Promise<Finding[]> {
  const findings = judge(await sourceFacts(session, options), options);
  const errors = findings.filter(
    ({ level, forcible }) => level === 'error' && !(forcible === true && options.force === true),
  );
  if (errors.length > 0) {
    const lines = errors.map(({ what, cure }) => `- ${what}. ${cure}`);
    throw new WalcastError('E_PREFLIGHT', `the source is not ready, nothing was changed:\n${lines.join('\n')}`, {
      fields: { findings },
    });
  }
  return findings;
}

async function install(session: SqlSession, options: InitOptions, findings: readonly Finding[]): Promise<InitReport> {
  const waiting = { ...lockOptions(options), waitMs: options.waitMs ?? DEFAULT_WAIT_MS };
  const steps: string[] = [];
  const step = (line: string): void => {
    steps.push(line);
    options.onStep?.(line);
  };

  const names = await setsToInstall(session, options);
  const sets = await Promise.all(names.map((set) => readMigrations(set, options.migrationsFolder)));
  const migrations = await migrateLocked(session, sets, { backup: backupOf(options, step), ...lockOptions(options) });
  const remade = await remakeEventTriggers(session, names);
  if (remade.length > 0) {
    step(
      `event triggers made again: ${remade.join(', ')}; what they would have told of since they were dropped is lost`,
    );
  }
  await session.execute(SPEAK);
  for (const result of migrations) step(`migrations ${result.set}: ${describeResult(result)}`);
  const auto = await writeSettings(session, options);
  const settle = auto || options.replicaIdentity === 'auto';
  if (options.rotateKey === true) step(`key of the messages: generation ${await renewKey(session)} signs from now on`);
  const givesIds = names.includes('injector');
  const firstIds = migrations.some(({ set, applied }) => set === 'injector' && applied.length > 0);
  if (firstIds || (settle && !isComplete(await readSlotRecord(session, options.slot)))) {
    await untilOlderTransactionsEnd(session, waiting);
  }
  if (givesIds) {
    const filled = await fillTableIds(session);
    if (filled > 0) step(`ids of tables: ${filled} given that the triggers could not give`);
  }
  const identities = settle ? await settleIdentities(session, waiting) : [];
  for (const { table, identity } of identities) step(`replica identity of ${table}: ${identity}`);
  if (identities.length === 0)
    step(settle ? 'replica identities: every table has one' : 'replica identities: left alone (off)');

  await announceSlot(session, options.slot, options.publication);
  const published = await ensurePublication(session, options.publication);
  step(`publication ${options.publication}: ${published ? 'created for all tables' : 'there already'}`);
  const { record, created, replaced } = await ensureSlot(session, options.slot, waiting);
  const consistentPoint = record.consistentPoint ?? '';
  const how = replaced ? 'was gone, created anew: the targets need the state of the source again' : 'created';
  step(`slot ${options.slot}: ${created ? `${how}, consistent at ${consistentPoint}` : 'there already'}`);
  const keys = await retireOldKeys(session, options.rotateKey === true ? waiting : { ...waiting, waitMs: 0 });
  for (const generation of keys.retired) step(`key of the messages: generation ${generation} is refused from now on`);
  if (keys.holders !== null) {
    step(`key of the messages: the one before is accepted until these end and init runs again: ${keys.holders}`);
  }
  return {
    steps,
    findings,
    migrations,
    identities,
    slot: { name: options.slot, id: record.id, consistentPoint, created },
    publication: { name: options.publication, created: published },
  };
}

/** The injector, once there, is upgraded by every `init`. */
async function setsToInstall(session: SqlSession, { sets = ['core'] }: InitOptions): Promise<readonly MigrationSet[]> {
  const wanted = sets.includes('injector') || !(await installedSets(session)).includes('injector');
  return wanted ? sets : [...sets, 'injector'];
}

/** Returns whether the triggers settle identities from now on. */
async function writeSettings(session: SqlSession, options: InitOptions): Promise<boolean> {
  const settings = [
    ['replica_identity', options.replicaIdentity],
    ['backfill_limit_bytes', options.backfillLimitBytes?.toFixed(0)],
  ] as const;
  for (const [name, value] of settings) {
    if (value !== undefined) {
      await session.query('update walcast.setting set value = $2 where name = $1 and value <> $2', [name, value]);
    }
  }
  const { rows } = await session.query(`select value from walcast.setting where name = 'replica_identity'`);
  return rows[0]?.['value'] === 'auto';
}

function backupOf({ backupFolder }: InitOptions, step: (line: string) => void): MigrationBackup | undefined {
  if (backupFolder === undefined) return undefined;
  return new MigrationBackup({
    folder: backupFolder,
    onWritten: (path, why) => step(`backup of the schema walcast ${why}: ${path}`),
  });
}

function lockOptions({ waitMs = DEFAULT_WAIT_MS, signal, onNotice }: InitOptions): LockOptions & { waitMs: number } {
  return {
    waitMs,
    ...(signal === undefined ? {} : { signal }),
    ...(onNotice === undefined ? {} : { onWait: onNotice }),
  };
}
