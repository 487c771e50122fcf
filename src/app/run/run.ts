import { deriveNames } from '../../config/names.ts';
import { parseListen } from '../../config/listen.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { startHttpServer, type Health } from '../../observe/http-server.ts';
import type { Logger } from '../../observe/logger.ts';
import { Metrics } from '../../observe/metrics.ts';
import { Supervisor } from '../../pipeline/supervisor.ts';
import { VERSION } from '../version.ts';
import { buildProcessors } from './build-processors.ts';
import { progressLine } from '../snapshot/progress-line.ts';
import { ProgressLog, type ReportedCopy } from '../snapshot/progress-log.ts';
import { buildFiller } from './build-filler.ts';
import { buildStatus } from './build-status.ts';
import { feedMetrics } from './feed-metrics.ts';
import type { RunStatus } from './run-status.ts';
import { SlotMonitor } from './slot-monitor.ts';

/** A source that has been silent for this long while we wait for it is not alive. */
const SILENT_LIMIT_MS = 180_000;

export interface RunOptions {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  /** Ends the run: what the targets have taken is made durable and confirmed first. */
  readonly signal: AbortSignal;
}

/** Replicates until the signal fires. Rejects if the pipeline is refused at the start (exit code 3) or cannot listen. */
export async function runPipeline({ loaded, logger, signal }: RunOptions): Promise<void> {
  const { config } = loaded;
  const { slot, publication } = deriveNames(config);
  const { url } = config.source.postgres;
  const supervisor = new Supervisor({
    source: { url, pipeline: config.name, slot, publication },
    processors: await buildProcessors(loaded, logger),
    filler: buildFiller(loaded, logger, signal),
    binary: config.source.postgres.binary === 'auto',
    logger,
  });
  const copies = (): ReportedCopy[] =>
    supervisor.targets.map(({ name, state, snapshot }) => {
      // one that waits or has stopped is told of by its error
      const moves = state === 'snapshot' || state === 'streaming';
      return { target: name, report: moves ? (snapshot?.report(0) ?? null) : null };
    });
  const monitor = new SlotMonitor({
    url,
    slot,
    logger,
    copySecondsLeft: () => longest(copies()),
    release: (reason) => supervisor.releaseSource(reason),
  });
  const progress = new ProgressLog(copies, logger);
  const startedAt = Date.now();
  const status = (): RunStatus =>
    buildStatus({ pipeline: config.name, version: VERSION, startedAt, slot, supervisor, monitor });
  const metrics = new Metrics({ pipeline: config.name });
  metrics.onScrape(feedMetrics(metrics, status, supervisor));

  const address = parseListen(config.server.listen);
  if (address === undefined)
    throw new WalcastError('E_CONFIG', `server.listen: ${config.server.listen} is not host:port`);
  const server = await startHttpServer({
    ...address,
    metrics,
    secrets: loaded.secrets,
    providers: {
      live: () => liveness(supervisor),
      ready: () => readiness(status()),
      started: () => startup(supervisor),
      status: () => Promise.resolve(status()),
    },
  });
  logger.info({ version: VERSION, listen: `${server.host}:${server.port}`, slot, publication }, 'walcast is running');
  monitor.start();
  progress.start();
  try {
    await supervisor.run(signal);
    logger.info('walcast has stopped');
  } finally {
    progress.stop();
    await monitor.stop();
    await server.close();
  }
}

function longest(copies: readonly ReportedCopy[]): number | null {
  const left = copies.map(({ report }) => report?.secondsLeft ?? null).filter((seconds) => seconds !== null);
  return left.length === 0 ? null : Math.max(...left);
}

/** An initial copy may take days: whoever waits for the start waits for its beginning only. */
function startup(supervisor: Supervisor): Health {
  const filling = supervisor.targets.some(({ state }) => state === 'snapshot');
  return supervisor.streamedOnce || filling ? { ok: true } : { ok: false, reason: 'not yet streaming' };
}

function liveness(supervisor: Supervisor): Health {
  const silent = supervisor.stream?.silentForMs ?? 0;
  return silent > SILENT_LIMIT_MS
    ? { ok: false, reason: `the source has been silent for ${Math.round(silent / 1000)} s` }
    : { ok: true };
}

/** Pure: every target is being fed. */
export function readiness(status: RunStatus): Health {
  const failing = status.targets.filter(({ state }) => state !== 'streaming');
  if (failing.length > 0) {
    return {
      ok: false,
      reason: failing
        .map(({ name, state, error, snapshot }) => {
          if (state === 'snapshot')
            return `${name} is being filled${snapshot === null ? '' : `: ${progressLine(snapshot)}`}`;
          return `${name} is ${state}${error === null ? '' : `: ${error.message}`}`;
        })
        .join('; '),
    };
  }
  if (!status.source.streaming) return { ok: false, reason: status.source.error?.message ?? 'not streaming' };
  return { ok: true };
}
