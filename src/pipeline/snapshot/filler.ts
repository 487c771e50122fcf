import type { SourceState } from '../../listener/postgres/source-position.ts';
import type { ProcessorEvents } from '../../wal/processor.ts';
import type { TargetSlot } from '../target-slot.ts';

/** Brings a target to where it can join the stream, and lets it catch up on tables that changed meanwhile. */
export interface Filler {
  /** Resolves when the target can be opened: what it lacks comes with the stream. */
  fill(slot: TargetSlot, source: SourceState, signal: AbortSignal): Promise<void>;
  /** The answers to a processor that stands between two transactions. */
  pendingCopies(slot: TargetSlot, source: SourceState): Pick<ProcessorEvents, 'copyDue' | 'copyPending'>;
  /** Sets the sequences of the targets that stream to the source's values, again and again until the signal fires. Never rejects. */
  followSequences(slots: readonly TargetSlot[], source: SourceState, signal: AbortSignal): Promise<void>;
}
