import type { SearchTarget } from '../../config/targets.ts';
import { describeUrl } from '../../postgres/client.ts';
import { readSearchReport, type SearchReport } from '../../processor/search/search-report.ts';
import { checkAgainstSource, checkFirstUse } from '../../wal/checkpoint.ts';
import { formatLsn } from '../../wal/lsn.ts';
import type { SourcePosition } from '../../wal/processor.ts';
import type { ErrorStatus, TargetStatus } from '../run/run-status.ts';
import { errorStatus } from './error-status.ts';
import type { TargetReading } from './read-target.ts';
import type { TargetReport } from './status-report.ts';

const NOTHING: SearchReport = { checkpoint: null, copyPhase: null };

/** What the cluster holds of the pipeline, and what the daemon says of it. A cluster that cannot be reached is part of the answer. */
export async function readSearchTarget(
  target: SearchTarget,
  source: SourcePosition | null,
  daemon: TargetStatus | null,
  mode: 'initial' | 'never',
  signal: AbortSignal,
): Promise<TargetReading> {
  const base = { name: target.name, address: describeUrl(target.opensearch.url) };
  try {
    // without a source nobody knows which of the cluster's pipelines is meant
    const found = source === null ? NOTHING : await readSearchReport(target.opensearch, source, signal);
    return {
      report: { ...base, reachable: true, ...merged(found, source, daemon, target.name, mode) },
      migrations: [],
    };
  } catch (error) {
    signal.throwIfAborted();
    const report = { ...base, reachable: false, ...merged(NOTHING, null, daemon, target.name, mode) };
    return { report: { ...report, error: report.error ?? errorStatus(error) }, migrations: [] };
  }
}

function merged(
  { checkpoint, copyPhase }: SearchReport,
  source: SourcePosition | null,
  daemon: TargetStatus | null,
  target: string,
  mode: 'initial' | 'never',
): Omit<TargetReport, 'name' | 'address' | 'reachable'> {
  const refused = source === null ? null : refusal(checkpoint, source, target, mode);
  // The source was read first: a target that moved on since is ahead of what was read, which is no harm.
  const error = refused?.code === 'E_SOURCE_BEHIND' && daemon?.state === 'streaming' ? null : refused;
  const lag =
    checkpoint === null || source === null
      ? (daemon?.lagBytes ?? null)
      : Math.max(0, Number(source.current - checkpoint.lsn));
  const unmoved = checkpoint === null ? null : Math.max(0, (Date.now() - checkpoint.updatedAt.getTime()) / 1000);
  return {
    state: daemon?.state ?? 'unknown',
    error: daemon?.error ?? error,
    checkpointLsn: checkpoint === null ? (daemon?.checkpointLsn ?? null) : formatLsn(checkpoint.lsn),
    lagBytes: lag,
    lagSeconds: lag === 0 ? 0 : (daemon?.lagSeconds ?? unmoved),
    rows: daemon?.rows ?? null,
    transactions: daemon?.transactions ?? null,
    ddl: daemon?.ddl ?? null,
    lastDdl: daemon?.lastDdl ?? null,
    copyPhase,
    snapshot: daemon?.snapshot ?? null,
  };
}

/** What `run` would refuse. */
function refusal(
  checkpoint: SearchReport['checkpoint'],
  source: SourcePosition,
  target: string,
  mode: 'initial' | 'never',
): ErrorStatus | null {
  try {
    if (checkpoint !== null) checkAgainstSource(checkpoint, source, target);
    // one that is to be filled first needs no slot that was never read
    else if (mode === 'never') checkFirstUse(source, target);
    return null;
  } catch (error) {
    return errorStatus(error);
  }
}
