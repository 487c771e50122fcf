import { WalcastError } from '../errors/walcast-error.ts';
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

export function connectionLost(cause: Error): PipelineFailure {
  const message = `the connection to the target was lost: ${cause.message}`;
  return { error: new WalcastError('E_TARGET_CONNECTION', message, { cause }), batch: null, event: 0, hit: null };
}
