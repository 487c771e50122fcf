import type { SnapshotReport } from '../../pipeline/snapshot/progress-report.ts';
import type { TargetState } from '../../pipeline/target-slot.ts';

/** What the daemon serves at `/status`. LSNs as `H/L` text, sizes in bytes, times in ms since 1970 where not said otherwise. */
export interface RunStatus {
  readonly pipeline: string;
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly source: SourceStatus;
  readonly targets: readonly TargetStatus[];
}

export interface SourceStatus {
  readonly streaming: boolean;
  readonly error: ErrorStatus | null;
  readonly reconnects: number;
  readonly forgedMessages: number;
  readonly slot: SlotStatus | null;
}

export interface SlotStatus {
  readonly name: string;
  readonly active: boolean;
  readonly confirmedLsn: string;
  readonly currentLsn: string;
  readonly retainedBytes: number;
  readonly walStatus: string;
  /** Bytes until the slot is invalidated; null: the source sets no limit. */
  readonly safeBytes: number | null;
  /** Seconds until that happens at the rate of the last minutes; null: no limit, or nothing is being written. */
  readonly secondsLeft: number | null;
}

export interface TargetStatus {
  readonly name: string;
  readonly state: TargetState;
  readonly since: number;
  readonly error: ErrorStatus | null;
  readonly checkpointLsn: string | null;
  readonly lagBytes: number | null;
  /** Age of the last applied commit while more waits, else 0. */
  readonly lagSeconds: number;
  readonly rows: number;
  readonly transactions: number;
  readonly ddl: number;
  readonly lastDdl: DdlStatus | null;
  /** The initial copy; null: this process made none. */
  readonly snapshot: SnapshotReport | null;
}

export interface ErrorStatus {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface DdlStatus {
  readonly lsn: string;
  readonly tag: string;
  readonly statement: string | null;
  readonly how: string;
  readonly milliseconds: number;
}
