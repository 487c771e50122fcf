import type { Lsn } from './lsn.ts';

/** A key of the MAC under the messages of our event triggers. Never logged. */
export interface MessageKey {
  /** Grows with each new key. */
  readonly generation: number;
  readonly secret: Buffer;
  /** What is signed with it at or behind this position is forged; null: still in use. */
  readonly retired: Lsn | null;
}
