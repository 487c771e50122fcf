import { lsn, type Lsn } from '../../wal/lsn.ts';
import type { SourceIdentity } from '../../wal/processor.ts';
import type { BulkWriter } from './bulk/index.ts';
import { writeCheckpoint } from './state/checkpoint-store.ts';
import type { StateDocuments } from './state/state-documents.ts';

export interface CheckpointsOptions {
  readonly documents: StateDocuments;
  readonly source: SourceIdentity;
  readonly writer: BulkWriter;
  readonly position: Lsn;
  readonly recorded: (position: Lsn) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Notes positions on the target, each after all that lies before it is confirmed; beside the stream, one at a time. */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #recorded: Lsn;
  /** Everything before it was handed to the writer. */
  #wanted: Lsn;
  #running: Promise<void> | null = null;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#recorded = options.position;
    this.#wanted = options.position;
  }

  get recorded(): Lsn {
    return this.#recorded;
  }

  get behind(): boolean {
    return this.#wanted > this.#recorded;
  }

  /** All that commits before `position` was handed to the writer. */
  reach(position: Lsn): void {
    if (position > this.#wanted) this.#wanted = position;
  }

  /** In the background. */
  start(): void {
    if (this.#running !== null || !this.behind) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    this.#running.catch((error: unknown) => this.#options.failed(error));
  }

  /** Resolves when all that was reached is recorded. */
  async settle(): Promise<void> {
    this.start();
    while (this.#running !== null) {
      await this.#running;
      this.start();
    }
  }

  async #run(): Promise<void> {
    const { writer, documents, source, recorded } = this.#options;
    while (this.behind) {
      const position = lsn(this.#wanted);
      await writer.drained();
      await writeCheckpoint(documents, source, position);
      this.#recorded = position;
      await recorded(position);
    }
  }
}
