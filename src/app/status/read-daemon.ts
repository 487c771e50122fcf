import type { RunStatus } from '../run/run-status.ts';
import type { DaemonReport } from './status-report.ts';

const TIMEOUT_MS = 3_000;

export interface DaemonReading {
  readonly report: DaemonReport;
  /** Of this pipeline's daemon, and of no other. */
  readonly status: RunStatus | null;
}

/** Asks the daemon at the configured address. Nobody there is an answer too. */
export async function readDaemon(listen: string, pipeline: string, signal?: AbortSignal): Promise<DaemonReading> {
  const address = reachableAddress(listen);
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(`http://${address}/status`, {
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    const status: unknown = response.ok ? await response.json() : null;
    if (!isRunStatus(status)) return absent(address, `HTTP ${response.status}, not the status of a walcast daemon`);
    if (status.pipeline !== pipeline) {
      return {
        report: { ...absent(address, `pipeline ${status.pipeline} answers there`).report, kind: 'other' },
        status: null,
      };
    }
    const { pid, version, source } = status;
    return {
      report: {
        kind: 'reached',
        address,
        pid,
        version,
        startedAt: new Date(status.startedAt).toISOString(),
        streaming: source.streaming,
        error: source.error,
        reconnects: source.reconnects,
        forgedMessages: source.forgedMessages,
        reason: null,
      },
      status,
    };
  } catch (error) {
    signal?.throwIfAborted();
    return absent(address, reasonOf(error));
  }
}

/** A daemon that listens on every address is asked on this machine. */
function reachableAddress(listen: string): string {
  return listen.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}

function absent(address: string, reason: string): DaemonReading {
  return {
    report: {
      kind: 'none',
      address,
      pid: null,
      version: null,
      startedAt: null,
      streaming: false,
      error: null,
      reconnects: 0,
      forgedMessages: 0,
      reason,
    },
    status: null,
  };
}

/** Somebody else's server may listen there. */
function isRunStatus(value: unknown): value is RunStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { pipeline, source, targets, startedAt } = value as Record<string, unknown>;
  const hasSource = typeof source === 'object' && source !== null && 'streaming' in source;
  return typeof pipeline === 'string' && typeof startedAt === 'number' && hasSource && Array.isArray(targets);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
