import type { PostgresCluster } from '../../src/app/demo/embedded/index.ts';

/** Where one contestant's part of one round happens. */
export interface Lane {
  readonly source: PostgresCluster;
  readonly target: PostgresCluster;
  readonly sourceDatabase: string;
  /** Made for this lane alone, holds the tables as they were before the work. */
  readonly targetDatabase: string;
  /** Of the tables of the work, without walcast's own: what native replication and plain readers follow. */
  readonly publication: string;
  /** Unique in the run; slots and subscriptions are named after it. */
  readonly name: string;
  /** The same for contestant and native, see BenchOptions. */
  readonly synchronousCommit: 'on' | 'off';
}

export type ProcessRole = 'consumer' | 'walsender' | 'apply';

export interface Contestant {
  readonly name: string;
  /** It fills the target's tables, which are compared afterwards; else it only reads. */
  readonly writes: boolean;
  /** Makes its slot, before the work is done: from here on the source keeps the WAL. */
  prepare(lane: Lane): Promise<{ readonly slot: string }>;
  /** Goes as far as it can without reading anything. `begin` opens the tap. */
  start(lane: Lane, slot: string): Promise<Runner>;
}

export interface Runner {
  begin(): Promise<void>;
  /** Its processes beside the walsender, once it runs. */
  processes(): Promise<readonly { readonly role: ProcessRole; readonly pid: number }[]>;
  /** Throws when it has failed and will not go on. */
  check(): void;
  stop(): Promise<void>;
}
