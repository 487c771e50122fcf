import type { Metrics } from '../../observe/metrics.ts';
import type { Supervisor } from '../../pipeline/supervisor.ts';
import { parseLsn } from '../../wal/lsn.ts';
import type { RunStatus } from './run-status.ts';

/** Carries the numbers of the status over to the metrics; runs at each scrape. */
export function feedMetrics(metrics: Metrics, status: () => RunStatus, supervisor: Supervisor): () => void {
  let forged = 0;
  let reconnects = 0;
  const failures = new Map<string, number>();
  return () => {
    const now = status();
    for (const target of now.targets) {
      metrics.targetState(target.name, target.state === 'waiting' ? 'connecting' : target.state);
      metrics.applied(target.name, target);
      if (target.snapshot !== null) metrics.snapshot(target.name, target.snapshot);
      if (target.checkpointLsn !== null) metrics.checkpoint(target.name, parseLsn(target.checkpointLsn));
      if (target.lagBytes !== null) metrics.lag(target.name, { bytes: target.lagBytes, seconds: target.lagSeconds });
      if (target.error !== null && failures.get(target.name) !== target.since) {
        failures.set(target.name, target.since);
        metrics.applyError(target.name, target.error.code);
      }
    }
    if (now.source.slot !== null) {
      metrics.slot({ retainedBytes: now.source.slot.retainedBytes, confirmed: parseLsn(now.source.slot.confirmedLsn) });
    }
    metrics.forgedMessages(supervisor.forged - forged);
    forged = supervisor.forged;
    for (; reconnects < supervisor.reconnects; reconnects++) metrics.reconnect('source');
  };
}
