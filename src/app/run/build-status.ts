import type { Supervisor } from '../../pipeline/supervisor.ts';
import type { TargetSlot } from '../../pipeline/target-slot.ts';
import type { WalcastError } from '../../errors/walcast-error.ts';
import { formatLsn, type Lsn } from '../../wal/lsn.ts';
import { POSTGRES_EPOCH_MS } from '../../wal/time.ts';
import type { ErrorStatus, RunStatus, SlotStatus, TargetStatus } from './run-status.ts';
import type { SlotMonitor } from './slot-monitor.ts';

export interface StatusParts {
  readonly pipeline: string;
  readonly version: string;
  readonly startedAt: number;
  readonly slot: string;
  readonly supervisor: Supervisor;
  readonly monitor: SlotMonitor;
}

export function buildStatus({ pipeline, version, startedAt, slot, supervisor, monitor }: StatusParts): RunStatus {
  return {
    pipeline,
    version,
    pid: process.pid,
    startedAt,
    source: {
      streaming: supervisor.stream !== null,
      error: errorStatus(supervisor.sourceError),
      reconnects: supervisor.reconnects,
      forgedMessages: supervisor.forged,
      slot: slotStatus(slot, monitor),
    },
    targets: supervisor.targets.map((target) => targetStatus(target, monitor.state?.current ?? null)),
  };
}

function slotStatus(name: string, monitor: SlotMonitor): SlotStatus | null {
  const { state } = monitor;
  if (state === null) return null;
  return {
    name,
    active: state.active,
    confirmedLsn: formatLsn(state.confirmed),
    currentLsn: formatLsn(state.current),
    retainedBytes: Number(state.retainedBytes),
    walStatus: state.walStatus,
    safeBytes: state.safeBytes === null ? null : Number(state.safeBytes),
    secondsLeft: monitor.secondsLeft,
  };
}

export function targetStatus(target: TargetSlot, current: Lsn | null): TargetStatus {
  const { rows, transactions, ddl, lastCommitTime } = target.processor.describe();
  const lagBytes = current === null || target.durable === null ? null : Math.max(0, Number(current - target.durable));
  const { lastDdl } = target;
  return {
    name: target.name,
    state: target.state,
    since: target.since,
    error: errorStatus(target.error),
    checkpointLsn: target.durable === null ? null : formatLsn(target.durable),
    lagBytes,
    lagSeconds: lagBytes === 0 || lastCommitTime === null ? 0 : secondsSince(lastCommitTime),
    rows,
    transactions,
    ddl,
    lastDdl: lastDdl === null ? null : { ...lastDdl, lsn: formatLsn(lastDdl.lsn) },
    snapshot: target.snapshot?.report() ?? null,
  };
}

function secondsSince(commitTime: bigint): number {
  return Math.max(0, (Date.now() - (Number(commitTime / 1000n) + POSTGRES_EPOCH_MS)) / 1000);
}

function errorStatus(error: WalcastError | null): ErrorStatus | null {
  return error === null ? null : { code: error.code, message: error.message, hint: error.hint };
}
