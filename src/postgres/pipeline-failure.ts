import type { EventBatch } from '../wal/event-batch.ts';

/** A command in the pipeline went wrong; nothing after it has any effect. */
export interface PipelineFailure {
  readonly error: unknown;
  /** The row it was, if it was a row. Valid during the call. */
  readonly batch: EventBatch | null;
  readonly event: number;
  /** Rows hit instead of one; null: the server reported an error. */
  readonly hit: number | null;
}
