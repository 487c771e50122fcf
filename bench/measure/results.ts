import type { CopyResult } from '../snapshot/results.ts';

/** One contestant in one round. */
export interface Drain {
  readonly kind: 'drain';
  readonly contestant: string;
  readonly round: number;
  /** From the first moment of its walsender until the target had everything (or everything was sent to it, if it only reads). */
  readonly seconds: number;
  /** From the command to that first moment. */
  readonly startSeconds: number;
  /** CPU seconds by role; a role that could not be seen is missing. */
  readonly cpu: Readonly<Partial<Record<'consumer' | 'walsender' | 'apply', number>>>;
  /** Of the consumer; null where there is none. */
  readonly peakBytes: number | null;
  /** Tables that differ from the source's; null: it fills none. */
  readonly differences: readonly string[] | null;
}

export interface Latency {
  readonly kind: 'latency';
  readonly contestant: string;
  readonly round: number;
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: Drain['cpu'];
  readonly peakBytes: number | null;
  readonly differences: readonly string[] | null;
}

export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly transactions: number;
  readonly rows: number;
  readonly ddl: number;
  /** WAL of the work, bytes. */
  readonly walBytes: number;
  readonly measurements: readonly (Drain | Latency)[];
}

export interface BenchReport {
  readonly startedAt: string;
  readonly postgres: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly scale: number;
  readonly rounds: number;
  readonly workloads: readonly WorkloadResult[];
  readonly copies: readonly CopyResult[];
}
