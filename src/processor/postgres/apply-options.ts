import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import type { Lsn } from '../../wal/lsn.ts';
import type { ProcessorEvents, SourcePosition } from '../../wal/processor.ts';
import type { DdlApplier } from './ddl-applier.ts';
import type { Durability } from './durability.ts';
import type { CatchUp } from './snapshot/catch-up.ts';
import type { RowApplier } from './rows/row-applier.ts';

/** Running totals of a target, kept over its sessions. */
export interface ApplyTotals {
  rows: number;
  transactions: number;
  ddl: number;
  lastCommitTime: bigint | null;
}

export interface TransactionApplierOptions {
  readonly target: string;
  readonly source: SourcePosition;
  readonly connection: PipelinedConnection;
  readonly rows: RowApplier;
  /** Rights of rows, and replay. */
  readonly ddl: DdlApplier;
  /** The policy `ddl: apply`. */
  readonly applyDdl: boolean;
  readonly durability: Durability;
  readonly totals: ApplyTotals;
  /** A failure while no call waits for its outcome. */
  readonly failed: (error: unknown) => void;
  readonly hooks: Pick<ProcessorEvents, 'ddl' | 'copyDue' | 'copyPending' | 'copyOver'>;
  /** What the initial copy has to do with the stream; null: nothing any more. */
  readonly catchUp: CatchUp | null;
  /** Ends the copy for good: what was put off until all tables are at the same moment. The session is outside of any transaction meanwhile. */
  readonly finishCopy: () => Promise<unknown>;
  /** Does what was noted for after a commit; the target's session is outside of any transaction meanwhile. */
  readonly finishIndexes: () => Promise<unknown>;
  /** Some is left from an earlier session. */
  readonly indexesPending: boolean;
  /** Positions of commands to pass over, `H/L`. */
  readonly skippedDdl: ReadonlySet<string>;
  /** The checkpoint: whatever lies before it is there. */
  readonly position: Lsn;
  /** Transactions up to here are committed one by one: one of them failed before. */
  readonly cautiousUntil: Lsn;
}
