import { WalcastError } from '../errors/walcast-error.ts';
import type { PipelineFailure } from './pipeline-failure.ts';

/** A set that nobody waits for hit another number of rows than it has. */
export function unlikeCount(expected: number, hit: number): PipelineFailure {
  const error = new WalcastError('E_TARGET_CONFLICT', `${expected} rows hit ${hit} of the target`);
  return { error, batch: null, event: 0, hit: null };
}
