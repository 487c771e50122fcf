import type { SourceState } from '../../listener/postgres/source-position.ts';
import type { Processor, ProcessorEvents } from '../../wal/processor.ts';
import type { SnapshotSink } from '../../wal/snapshot.ts';
import type { TargetSlot } from '../target-slot.ts';
import type { CopyJob, CopySettings } from './copy-options.ts';
import type { Filler } from './filler.ts';
import { fillTarget } from './fill-target.ts';
import { followSequences } from './follow-sequences.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { PendingTables } from './pending-tables.ts';
import { SnapshotProgress } from './progress.ts';
import { scopedSignal } from './scoped-signal.ts';

/** Fills PostgreSQL and other targets from the source's state, whichever contract they keep it by. */
export class SnapshotFiller implements Filler {
  readonly #settings: CopySettings;
  readonly #signal: AbortSignal;
  /** A target's records have one writer at a time. */
  readonly #turns = new WeakMap<Processor, OneAtATime>();

  /** @param signal ends every copy of the run */
  constructor(settings: CopySettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  async fill(slot: TargetSlot, source: SourceState, signal: AbortSignal): Promise<void> {
    const progress = new SnapshotProgress();
    slot.snapshot = progress;
    await this.#with(slot, source, signal, async (sink) => await fillTarget(this.#job(sink, progress, signal)));
  }

  pendingCopies(slot: TargetSlot, source: SourceState): Pick<ProcessorEvents, 'copyDue' | 'copyPending'> {
    const tables = new PendingTables();
    return {
      copyDue: () => tables.due,
      copyPending: async (_position, pending) => {
        const progress = progressOf(slot);
        return await this.#with(
          slot,
          source,
          this.#signal,
          async (sink) => await tables.copy(this.#job(sink, progress, this.#signal), pending),
        );
      },
    };
  }

  async followSequences(slots: readonly TargetSlot[], source: SourceState, signal: AbortSignal): Promise<void> {
    await followSequences(this.#settings, signal, async (values) => {
      for (const slot of slots) {
        if (slot.state !== 'streaming') continue;
        await this.#with(slot, source, signal, async (sink) => await sink.setSequences(values));
      }
    });
  }

  #job(sink: SnapshotSink, progress: SnapshotProgress, signal: AbortSignal): CopyJob {
    return { settings: this.#settings, sink, progress, signal, streamed: true };
  }

  async #with<T>(
    { processor }: TargetSlot,
    { position }: SourceState,
    signal: AbortSignal,
    work: (sink: SnapshotSink) => Promise<T>,
  ): Promise<T> {
    return await this.#turnOf(processor).run(async () => {
      const sink = await processor.openSnapshot(position, scopedSignal(signal));
      try {
        return await work(sink);
      } finally {
        await sink.close();
      }
    });
  }

  #turnOf(processor: Processor): OneAtATime {
    const known = this.#turns.get(processor);
    if (known !== undefined) return known;
    const turn = new OneAtATime();
    this.#turns.set(processor, turn);
    return turn;
  }
}

/** Some targets copy tables again long after the first copy. */
function progressOf(slot: TargetSlot): SnapshotProgress {
  if (slot.snapshot === null || slot.snapshot.phase === 'done') slot.snapshot = SnapshotProgress.catchingUp();
  return slot.snapshot;
}
