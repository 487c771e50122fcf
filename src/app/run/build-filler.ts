import type { LoadedConfig } from '../../config/load.ts';
import { deriveNames } from '../../config/names.ts';
import type { Logger } from '../../observe/logger.ts';
import type { Filler } from '../../pipeline/snapshot/filler.ts';
import { SnapshotFiller } from '../../pipeline/snapshot/snapshot-filler.ts';
import { requireCopyPossible } from '../check/check-copy.ts';
import { CheckedFiller } from '../snapshot/checked-filler.ts';
import { sourceGate } from '../snapshot/source-gate.ts';
import { copySettings } from './copy-settings.ts';

/** Fills the targets of a run as the configuration says. */
export function buildFiller({ config }: LoadedConfig, logger: Logger, signal: AbortSignal): Filler {
  const gate = sourceGate({
    url: config.source.postgres.url,
    ownSlot: deriveNames(config).slot,
    maxRetainedBytes: config.snapshot.max_retained_wal,
    logger,
  });
  const filler = new SnapshotFiller(copySettings(config, logger, gate), signal);
  return new CheckedFiller(filler, async (name, each) => {
    const target = config.targets.find((candidate) => candidate.name === name);
    if (target === undefined) return;
    const warnings = await requireCopyPossible({ config, target, streamed: true, signal: each });
    for (const { what, cure } of warnings) logger.warn({ target: name, cure }, what);
  });
}
