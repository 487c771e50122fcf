import type { SnapshotReport } from '../../pipeline/snapshot/progress-report.ts';
import type { DdlStatus, ErrorStatus } from '../run/run-status.ts';

/** What `replicate status` knows: read by SQL, and from the daemon where one answers. `--json` prints it as it is. */
export interface StatusReport {
  readonly pipeline: string;
  readonly version: string;
  /** When it was read, ISO 8601. */
  readonly at: string;
  /** No problem was found. */
  readonly ok: boolean;
  /** What is wrong; exit code 3 when there is any. */
  readonly problems: readonly Finding[];
  /** Worth knowing, but nothing is wrong with it. */
  readonly notes: readonly Finding[];
  readonly daemon: DaemonReport;
  readonly source: SourceReport;
  readonly migrations: readonly MigrationSetReport[];
  readonly slot: SlotReport | null;
  readonly targets: readonly TargetReport[];
  readonly lastDdl: (DdlStatus & { readonly target: string }) | null;
  readonly exceptions: readonly ExceptionReport[];
}

export interface Finding {
  /** `source`, `daemon`, or `target` and its name */
  readonly where: string;
  readonly message: string;
  readonly hint?: string;
}

/** reached: it answered · other: another pipeline answers at that address · none: nobody does */
export interface DaemonReport {
  readonly kind: 'reached' | 'other' | 'none';
  readonly address: string;
  readonly pid: number | null;
  readonly version: string | null;
  /** ISO 8601 */
  readonly startedAt: string | null;
  readonly streaming: boolean;
  readonly error: ErrorStatus | null;
  readonly reconnects: number;
  readonly forgedMessages: number;
  /** Why nobody answered. */
  readonly reason: string | null;
}

export interface SourceReport {
  readonly address: string;
  readonly reachable: boolean;
  readonly serverVersion: number | null;
  readonly systemIdentifier: string | null;
  readonly timeline: number | null;
  readonly currentLsn: string | null;
  readonly error: ErrorStatus | null;
  /** Event triggers that capture schema changes. */
  readonly captures: { readonly enabled: number; readonly disabled: readonly string[] } | null;
}

export interface MigrationSetReport {
  /** One of this version's sets, or one that only a later version knows. */
  readonly set: string;
  /** `source`, or the name of the target. */
  readonly database: string;
  /** Of the last migration that is applied; null: none is. */
  readonly version: number | null;
  /** `0001_key` and so on. */
  readonly applied: readonly string[];
  /** Those included that were made but not verified. */
  readonly pending: readonly string[];
  /** Not verified, changed since, or unknown to this version; `error` says which. */
  readonly failed: readonly string[];
  readonly error: ErrorStatus | null;
}

export interface SlotReport {
  readonly name: string;
  readonly active: boolean;
  readonly confirmedLsn: string;
  readonly restartLsn: string;
  readonly walStatus: string;
  /** WAL that the source keeps for the slot. */
  readonly retainedBytes: number;
  /** Bytes until max_slot_wal_keep_size invalidates the slot; null: no limit is set. */
  readonly safeBytes: number | null;
  /** Seconds until then at the rate of the moment; null: no limit, or nothing is being written. */
  readonly secondsLeft: number | null;
}

export interface TargetReport {
  readonly name: string;
  readonly address: string;
  readonly reachable: boolean;
  /** As the daemon says; `unknown` without one. */
  readonly state: 'waiting' | 'snapshot' | 'streaming' | 'retrying' | 'stopped' | 'unknown';
  readonly error: ErrorStatus | null;
  readonly checkpointLsn: string | null;
  /** WAL between the checkpoint and the end of the source's. */
  readonly lagBytes: number | null;
  /** Age of the last applied commit while more waits, else 0. Without a daemon: how long the checkpoint has not moved. */
  readonly lagSeconds: number | null;
  readonly rows: number | null;
  readonly transactions: number | null;
  readonly ddl: number | null;
  readonly lastDdl: DdlStatus | null;
  /** How far the initial copy is, as it is noted on the target; null: there was none, or it is done. */
  readonly copyPhase: string | null;
  /** The initial copy, as the daemon tells of it; null: it made none, or there is no daemon. */
  readonly snapshot: SnapshotReport | null;
}

/** Something of the source that a target does not follow, or follows in another way. */
export interface ExceptionReport {
  readonly kind:
    | 'unlogged-table'
    | 'sequence'
    | 'materialized-view'
    | 'always-trigger'
    | 'always-rule'
    | 'large-object';
  readonly count: number;
  /** The first few of them. */
  readonly objects: readonly string[];
  readonly meaning: string;
}
