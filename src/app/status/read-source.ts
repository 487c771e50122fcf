import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { readSlotState, readSourceState, type SourceAddress } from '../../listener/postgres/source-position.ts';
import { eventTriggerState } from '../../migrate/event-triggers.ts';
import { describeUrl } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { formatLsn } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import type { RunStatus } from '../run/run-status.ts';
import { secondsLeft } from '../run/slot-monitor.ts';
import { errorStatus } from './error-status.ts';
import { readExceptions } from './exceptions.ts';
import { readMigrationSets } from './migration-status.ts';
import { withReadingSession } from './reading-session.ts';
import type { ExceptionReport, MigrationSetReport, SlotReport, SourceReport } from './status-report.ts';

/** How long the rate of writing is measured where no daemon has measured it. */
const MEASURE_MS = 500;

export interface SourceReading {
  readonly report: SourceReport;
  /** Null: not reachable, or not prepared. */
  readonly position: SourcePosition | null;
  readonly slot: SlotReport | null;
  readonly migrations: readonly MigrationSetReport[];
  readonly exceptions: readonly ExceptionReport[];
}

export async function readSource(
  address: SourceAddress,
  daemon: RunStatus | null,
  signal: AbortSignal,
): Promise<SourceReading> {
  const shown = describeUrl(address.url);
  try {
    return await withReadingSession('source', address.url, signal, async (session, client) => {
      const migrations = await readMigrationSets(session, 'core', 'source');
      const slot = await readSlot(client, address.slot, daemon, signal);
      const basics = (await session.query(BASICS)).rows[0] ?? {};
      const captures = await readCaptures(session, migrations);
      const exceptions = await readExceptions(session);
      const state = await readSourceState(address, signal).catch((error: unknown) => errorStatus(error));
      const position = 'position' in state ? state.position : null;
      const report: SourceReport = {
        address: shown,
        reachable: true,
        serverVersion: Number(basics['version']),
        systemIdentifier: position?.systemIdentifier ?? null,
        timeline: position?.timeline ?? null,
        currentLsn: position === null ? (basics['current'] ?? null) : formatLsn(position.current),
        error: 'position' in state ? null : state,
        captures,
      };
      return { report, position, slot, migrations, exceptions };
    });
  } catch (error) {
    signal.throwIfAborted();
    const report: SourceReport = {
      address: shown,
      reachable: false,
      serverVersion: null,
      systemIdentifier: null,
      timeline: null,
      currentLsn: null,
      error: errorStatus(error),
      captures: null,
    };
    return { report, position: null, slot: null, migrations: [], exceptions: [] };
  }
}

const BASICS = `select current_setting('server_version_num') as version, pg_current_wal_lsn()::text as current`;

/** Sets that are not whole yet say so themselves. */
async function readCaptures(
  session: SqlSession,
  migrations: readonly MigrationSetReport[],
): Promise<NonNullable<SourceReport['captures']>> {
  const whole = migrations.filter(({ applied, pending }) => applied.length > 0 && pending.length === 0);
  const { enabled, disabled } = await eventTriggerState(
    session,
    whole.map(({ set }) => set),
  );
  const { rows } = await session.query(`select coalesce(current_setting('event_triggers', true), 'on') as setting`);
  return { enabled, disabled: rows[0]?.['setting'] === 'on' ? disabled : ['all (the setting event_triggers is off)'] };
}

async function readSlot(
  client: pg.Client,
  name: string,
  daemon: RunStatus | null,
  signal: AbortSignal,
): Promise<SlotReport | null> {
  const first = await readSlotState(client, name);
  if (first === null) return null;
  let last = first;
  let left = daemon?.source.slot?.secondsLeft ?? null;
  if (first.safeBytes !== null && left === null) {
    const at = performance.now();
    await delay(MEASURE_MS, undefined, { signal });
    last = (await readSlotState(client, name)) ?? first;
    const samples = [
      { at: 0, current: first.current },
      { at: performance.now() - at, current: last.current },
    ];
    left = last.safeBytes === null ? null : secondsLeft(samples, last.safeBytes);
  }
  return {
    name,
    active: last.active,
    confirmedLsn: formatLsn(last.confirmed),
    restartLsn: formatLsn(last.restart),
    walStatus: last.walStatus,
    retainedBytes: Number(last.retainedBytes),
    safeBytes: last.safeBytes === null ? null : Number(last.safeBytes),
    secondsLeft: left,
  };
}
