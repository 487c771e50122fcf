/** How often to report and when to give a silent server up; pure, so that each case has its test. */
export interface LivenessTimings {
  readonly statusEveryMs: number;
  /** Without a byte from the server for this long we ask for an answer … */
  readonly askAfterMs: number;
  /** … and for this long we take the connection for dead. */
  readonly deadAfterMs: number;
}

const STATUS_LIMIT_MS = 10_000;
/** For servers that have wal_sender_timeout = 0. */
const DEFAULT_SENDER_TIMEOUT_MS = 60_000;

export function livenessTimings(walSenderTimeoutMs: number): LivenessTimings {
  const timeout = walSenderTimeoutMs > 0 ? walSenderTimeoutMs : DEFAULT_SENDER_TIMEOUT_MS;
  return {
    statusEveryMs: Math.max(100, Math.min(STATUS_LIMIT_MS, Math.floor(timeout / 3))),
    askAfterMs: Math.floor(timeout / 2),
    deadAfterMs: Math.max(timeout * 2, 5_000),
  };
}

export type LivenessVerdict = 'fine' | 'ask' | 'dead';

/** While we read nothing on purpose (backpressure) silence means nothing. */
export function judgeLiveness(timings: LivenessTimings, silentForMs: number, paused: boolean): LivenessVerdict {
  if (paused) return 'fine';
  if (silentForMs >= timings.deadAfterMs) return 'dead';
  return silentForMs >= timings.askAfterMs ? 'ask' : 'fine';
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** What SHOW prints of a time setting (`1min`, `3s`, `0`) in milliseconds. */
export function parseDurationSetting(text: string): number {
  const match = /^(\d+)\s*(us|ms|s|min|h|d)?$/.exec(text.trim());
  if (match === null) throw new RangeError(`not a duration: ${JSON.stringify(text)}`);
  return Number(match[1]) * (UNITS[match[2] ?? 'ms'] ?? 1);
}
