import type { SourceState } from '../../listener/postgres/source-position.ts';
import type { Filler } from '../../pipeline/snapshot/filler.ts';
import type { TargetSlot } from '../../pipeline/target-slot.ts';

/** Looks whether a target can be filled before anything is written to it. */
export class CheckedFiller implements Filler {
  readonly #filler: Filler;
  readonly #check: (target: string, signal: AbortSignal) => Promise<void>;

  /** @param check rejects if it can't */
  constructor(filler: Filler, check: (target: string, signal: AbortSignal) => Promise<void>) {
    this.#filler = filler;
    this.#check = check;
  }

  async fill(slot: TargetSlot, source: SourceState, signal: AbortSignal): Promise<void> {
    await this.#check(slot.name, signal);
    await this.#filler.fill(slot, source, signal);
  }

  pendingCopies(...args: Parameters<Filler['pendingCopies']>): ReturnType<Filler['pendingCopies']> {
    return this.#filler.pendingCopies(...args);
  }

  async followSequences(...args: Parameters<Filler['followSequences']>): Promise<void> {
    await this.#filler.followSequences(...args);
  }
}
