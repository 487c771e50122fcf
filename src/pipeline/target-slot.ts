import { isWalcastError, WalcastError } from '../errors/walcast-error.ts';
import type { Lsn } from '../wal/lsn.ts';
import type { AppliedDdl, Processor } from '../wal/processor.ts';
import type { SnapshotProgress } from './snapshot/progress.ts';

/** waiting: not opened yet · snapshot: being filled · streaming · retrying: a passing failure, tried again by itself · stopped: needs a person */
export type TargetState = 'waiting' | 'snapshot' | 'streaming' | 'retrying' | 'stopped';

/** What the supervisor remembers of a target from one stream to the next. */
export class TargetSlot {
  readonly processor: Processor;
  state: TargetState = 'waiting';
  error: WalcastError | null = null;
  /** Milliseconds since 1970 when the state began. */
  since = Date.now();
  attempts = 0;
  durable: Lsn | null = null;
  lastDdl: AppliedDdl | null = null;
  /** Of the copy that fills it; null: it was not filled by this process. */
  snapshot: SnapshotProgress | null = null;

  constructor(processor: Processor) {
    this.processor = processor;
  }

  get name(): string {
    return this.processor.name;
  }

  waiting(): void {
    this.attempts = 0;
    this.#enter('waiting', null);
  }

  filling(): void {
    this.#enter('snapshot', null);
  }

  streaming(): void {
    this.#enter('streaming', null);
  }

  /** It held something for good: the next failure starts its own row of attempts. */
  progressed(position: Lsn): void {
    this.durable = position;
    this.attempts = 0;
  }

  failed(error: unknown): void {
    const known = isWalcastError(error)
      ? error
      : new WalcastError('E_INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
    this.attempts++;
    this.#enter(known.retryable ? 'retrying' : 'stopped', known);
  }

  #enter(state: TargetState, error: WalcastError | null): void {
    this.state = state;
    this.error = error;
    this.since = Date.now();
  }
}
