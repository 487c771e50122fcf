import type { LoadedConfig } from '../../config/load.ts';
import { deriveNames } from '../../config/names.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { Logger } from '../../observe/logger.ts';
import { fillTarget } from '../../pipeline/snapshot/fill-target.ts';
import { SnapshotProgress } from '../../pipeline/snapshot/progress.ts';
import { scopedSignal } from '../../pipeline/snapshot/scoped-signal.ts';
import type { Processor, SourcePosition } from '../../wal/processor.ts';
import { requireCopyPossible } from '../check/check-copy.ts';
import { buildProcessors } from '../run/build-processors.ts';
import { copySettings } from '../run/copy-settings.ts';
import { sourceGate } from './source-gate.ts';
import { sourceOfCopy } from './source-of-copy.ts';

export interface SnapshotOptions {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** One target of the configuration; all of them, one after the other, when absent. */
  readonly target?: string | undefined;
  /** A copy begins. */
  readonly onCopy: (target: string, progress: SnapshotProgress) => void;
}

/** A target that holds now what the source held at one moment. */
export interface CopiedTarget {
  readonly target: string;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  /** What this call has moved; less than the whole if it went on with what an earlier one had left. */
  readonly bytesMoved: number;
  readonly seconds: number;
}

/** Copies the source as it is, schema and rows, without a stream after it. Nothing is made on the source, nobody has to write there. */
export async function runSnapshot(options: SnapshotOptions): Promise<CopiedTarget[]> {
  const { loaded, logger, signal, target: only } = options;
  const { config } = loaded;
  const processors = (await buildProcessors(loaded, logger)).filter(({ name }) => only === undefined || name === only);
  if (processors.length === 0) {
    const names = config.targets.map(({ name }) => name).join(', ');
    throw new WalcastError('E_CONFIG', `there is no target ${only ?? ''}; there are: ${names}`);
  }
  // of all targets, before the first is written to
  for (const target of config.targets) {
    if (only !== undefined && target.name !== only) continue;
    const warnings = await requireCopyPossible({ config, target, streamed: false, signal });
    for (const { what, cure } of warnings) logger.warn(cure === '' ? {} : { cure }, what);
  }
  const source = await sourceOfCopy(config.source.postgres.url, config.name, signal);
  const copied: CopiedTarget[] = [];
  for (const processor of processors) copied.push(await copyInto(processor, source, options));
  return copied;
}

async function copyInto(
  processor: Processor,
  source: SourcePosition,
  { loaded: { config }, logger, signal, onCopy }: SnapshotOptions,
): Promise<CopiedTarget> {
  const begun = performance.now();
  const progress = new SnapshotProgress();
  onCopy(processor.name, progress);
  const gate = sourceGate({
    url: config.source.postgres.url,
    ownSlot: deriveNames(config).slot,
    maxRetainedBytes: config.snapshot.max_retained_wal,
    logger,
  });
  const settings = copySettings(config, logger, gate);
  const sink = await processor.openSnapshot(source, scopedSignal(signal));
  try {
    await fillTarget({ settings, sink, progress, signal, streamed: false });
  } finally {
    await sink.close();
  }
  const { tableCounts, rowsDone, bytesDone, bytesMoved } = progress.report(0);
  return {
    target: processor.name,
    tables: tableCounts.copied,
    rows: rowsDone,
    bytes: bytesDone,
    bytesMoved,
    seconds: (performance.now() - begun) / 1000,
  };
}
