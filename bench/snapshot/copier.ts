import type { PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import type { CopyWork } from './work.ts';

/** Where one contestant makes its copy in one round. */
export interface CopyLane {
  readonly source: PostgresCluster;
  readonly target: PostgresCluster;
  readonly sourceDatabase: string;
  /** Made for this lane alone. */
  readonly targetDatabase: string;
  /** Of the tables of the work and the fence. */
  readonly publication: string;
  /** Unique in the run. */
  readonly name: string;
  /** Of the fence that tells the end; unique in the run. */
  readonly fence: number;
  readonly synchronousCommit: 'on' | 'off';
  readonly work: CopyWork;
}

export interface Copied {
  readonly seconds: number;
  readonly clients: { readonly cpuSeconds: number; readonly peakBytes: number | null };
}

export interface Copier {
  readonly name: string;
  /** What the target has before the clock runs: nothing · bare tables · tables with their keys and indexes. */
  readonly given: 'nothing' | 'tables' | 'keys';
  /** It leaves tables without keys and indexes. */
  readonly bare: boolean;
  /** Before the clock runs. */
  prepare(lane: CopyLane): Promise<void>;
  /** Returns once the target holds what the source had committed, and, if it follows the source, a row that was written afterwards. */
  copy(lane: CopyLane): Promise<Copied>;
  /** Ends and removes what it has made on either side, whether it has come to its end or not. */
  clean(lane: CopyLane): Promise<void>;
}
