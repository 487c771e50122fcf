import { WalcastError } from '../errors/walcast-error.ts';
import { formatLsn, LSN_ZERO, type Lsn } from './lsn.ts';
import type { SourcePosition } from './processor.ts';

/** What a target keeps of the position that it has reached. */
export interface StoredCheckpoint {
  readonly lsn: Lsn;
  readonly timeline: number;
  readonly slotId: string;
}

/** Pure: may a target without a checkpoint start here? */
export function checkFirstUse(source: SourcePosition, target: string): void {
  if (source.confirmed !== source.created) {
    throw new WalcastError(
      'E_CHECKPOINT_MISSING',
      `target ${target} has no checkpoint for pipeline ${source.pipeline}, but its slot was already read from ${formatLsn(source.created)} to ${formatLsn(source.confirmed)}`,
      { fields: { target, lsn: formatLsn(source.confirmed) } },
    );
  }
}

/** Pure: does the checkpoint belong to this source, this slot and this history, and does the slot still hold all that comes after it? */
export function checkAgainstSource(stored: StoredCheckpoint, source: SourcePosition, target: string): void {
  const fields = { target, lsn: formatLsn(stored.lsn) };
  if (stored.slotId !== source.slotId) {
    throw new WalcastError(
      'E_SLOT_RECREATED',
      `the slot was made again after target ${target} had reached ${fields.lsn}`,
      { fields },
    );
  }
  const ended = source.history.find(({ timeline }) => timeline === stored.timeline);
  const descends = stored.timeline === source.timeline || (ended !== undefined && ended.end >= stored.lsn);
  if (!descends) {
    throw new WalcastError(
      'E_TIMELINE',
      `target ${target} is at ${fields.lsn} of timeline ${stored.timeline}, which timeline ${source.timeline} of the source does not contain`,
      { fields },
    );
  }
  if (source.current !== LSN_ZERO && stored.lsn > source.current) {
    throw new WalcastError(
      'E_SOURCE_BEHIND',
      `target ${target} is at ${fields.lsn}, but the source's WAL ends at ${formatLsn(source.current)}`,
      { fields },
    );
  }
  if (source.confirmed > stored.lsn) {
    throw new WalcastError(
      'E_SLOT_AHEAD',
      `the slot was confirmed up to ${formatLsn(source.confirmed)}, but target ${target} is at ${fields.lsn}: what lies between is gone`,
      { fields },
    );
  }
}
