import { deriveNames } from '../../config/names.ts';
import { parseListen } from '../../config/listen.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import { startHttpServer, type Health } from '../../observe/http-server.ts';
import type { Logger } from '../../observe/logger.ts';
import { Metrics } from '../../observe/metrics.ts';
import { SnapshotFiller } from '../../pipeline/snapshot/snapshot-filler.ts';
import { Supervisor } from '../../pipeline/supervisor.ts';
import { VERSION } from '../version.ts';
import { buildProcessors } from './build-processors.ts';
import { copySettings } from './copy-settings.ts';
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
    processors: buildProcessors(loaded, logger),
    filler: new SnapshotFiller(
      copySettings(
        config,
        logger,
        () => Promise.resolve(),
        () => Promise.reject(new Error('no schema reader')),
      ),
      signal,
    ),
    logger,
  });
  const monitor = new SlotMonitor({ url, slot, logger, release: (reason) => supervisor.releaseSource(reason) });
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
      started: () => (supervisor.streamedOnce ? { ok: true } : { ok: false, reason: 'not yet streaming' }),
      status: () => Promise.resolve(status()),
    },
  });
  logger.info({ version: VERSION, listen: `${server.host}:${server.port}`, slot, publication }, 'walcast is running');
  monitor.start();
  try {
    await supervisor.run(signal);
    logger.info('walcast has stopped');
  } finally {
    await monitor.stop();
    await server.close();
  }
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
        .map(({ name, state, error }) => `${name} is ${state}${error === null ? '' : `: ${error.message}`}`)
        .join('; '),
    };
  }
  if (!status.source.streaming) return { ok: false, reason: status.source.error?.message ?? 'not streaming' };
  return { ok: true };
}
