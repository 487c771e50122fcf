import { TextNeeded } from '../errors/text-needed.ts';
import { findTextColumn } from '../listener/postgres/text-columns.ts';
import type { SourceAddress } from '../listener/postgres/source-position.ts';
import type { Logger } from '../observe/logger.ts';
import type { TargetSlot } from './target-slot.ts';

/** Binary or text: asked for once a stream, for all its tables. After something needed text it stays text as long as the daemon runs. */
export class ValueFormat {
  readonly #source: SourceAddress;
  readonly #logger: Logger;
  #allowed: boolean;

  constructor(source: SourceAddress, allowed: boolean, logger: Logger) {
    this.#source = source;
    this.#allowed = allowed;
    this.#logger = logger;
  }

  /** For the stream that is about to be opened to those of the targets that are ready for one. */
  async binary(targets: readonly TargetSlot[], signal: AbortSignal): Promise<boolean> {
    const takers = targets.filter(({ state }) => state === 'streaming');
    if (!this.#allowed || takers.some(({ processor }) => !processor.takesBinary)) return false;
    const column = await findTextColumn(this.#source, signal);
    if (column !== null) this.#logger.debug({ column }, 'values are streamed as text: a column has no other form');
    return column === null;
  }

  /** True: the error means that the stream is to start over, as text. */
  goesOver(error: unknown): boolean {
    if (!(error instanceof TextNeeded)) return false;
    if (this.#allowed) this.#logger.info({}, error.message);
    this.#allowed = false;
    return true;
  }
}
