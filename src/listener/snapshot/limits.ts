/** What reading may cost the source, and how long it may keep silent. */
export interface SnapshotLimits {
  /** Of a catalog query; 0: none. */
  readonly statementTimeoutMs: number;
  /** Of the COPY of one range; 0: none. */
  readonly copyTimeoutMs: number;
  /** While we wait for a lock, everybody else waits behind us. */
  readonly lockTimeoutMs: number;
  /** How often a lock is tried before the table is given up. */
  readonly lockAttempts: number;
  /** Between two attempts for a lock. */
  readonly lockPauseMs: number;
  /** Without a byte of the source for this long, although we read, it is taken for dead. */
  readonly silenceMs: number;
  /** For commits that wait for a synchronous standby. */
  readonly settleMs: number;
}

export const DEFAULT_LIMITS: SnapshotLimits = {
  statementTimeoutMs: 600_000,
  copyTimeoutMs: 0,
  lockTimeoutMs: 2_000,
  lockAttempts: 30,
  lockPauseMs: 1_000,
  silenceMs: 300_000,
  settleMs: 60_000,
};
