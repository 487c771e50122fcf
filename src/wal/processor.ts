import type { EventBatch } from './event-batch.ts';
import type { Lsn } from './lsn.ts';
import type { SnapshotCapable, SnapshotState } from './snapshot.ts';

/** Who the source is; a checkpoint belongs to exactly one of these. */
export interface SourceIdentity {
  /** pg_control's system identifier, decimal text */
  readonly systemIdentifier: string;
  readonly database: string;
  readonly pipeline: string;
  readonly timeline: number;
  /** Random, made with the slot, kept in the source's walcast schema. */
  readonly slotId: string;
  readonly serverVersion: number;
}

export interface SourcePosition extends SourceIdentity {
  /** The slot's confirmed_flush_lsn: the stream starts here. */
  readonly confirmed: Lsn;
  /** Where the slot was created. confirmed = created: nothing was ever acknowledged. */
  readonly created: Lsn;
  /** Timelines that the source descends from, with the position where each ended. */
  readonly history: readonly { readonly timeline: number; readonly end: Lsn }[];
  /** The end of the source's WAL at this moment. */
  readonly current: Lsn;
}

/**
 * One target. Calls come one at a time, in stream order. Any rejection means: nothing of the open transaction is there, the connection is
 * gone, and `open` has to be called again before the stream starts over at the slot's position.
 */
export interface Processor extends SnapshotCapable {
  readonly name: string;
  /** As it is open now, it takes rows whose values are in binary form. Those that turn out not to fit are refused by {@link TextNeeded}. */
  readonly takesBinary: boolean;
  /**
   * Connects, reads the checkpoint and holds it against the source. Returns the position up to which the target has everything, or null: it
   * is to be filled by a snapshot first, or one that was begun is not at its catch-up yet. It is closed again then.
   */
  open(source: SourcePosition, events: ProcessorEvents, signal: AbortSignal): Promise<Lsn | null>;
  /** Takes the batch's events. Resolves when the next batch may come; the batch may be retained longer by the processor itself. */
  write(batch: EventBatch): Promise<void>;
  /** No more data waits: whole transactions taken so far are to become durable now. */
  flush(): Promise<void>;
  /** Resolves when all that was flushed is durable. */
  settle(): Promise<void>;
  close(): Promise<void>;
  /** Free-form state for `status`, cheap. */
  describe(): ProcessorState;
}

/** Tables whose rows are dropped from the stream until they are copied. */
export interface PendingCopies {
  /** Source oids. */
  readonly tables: ReadonlySet<number>;
  /**
   * Transactions that had rows of these tables, which were dropped: the snapshot under which they are copied has to see each of them. Whoever is asked may
   * take out what a new snapshot sees.
   */
  readonly dropped: Set<bigint>;
}

export interface ProcessorEvents {
  /** Everything up to `position` is durable on this target, recorded there and never taken back. Grows only. */
  durable(position: Lsn): void;
  /** A failure outside a call, such as a connection lost while idle or a COMMIT refused later. */
  failed(error: unknown): void;
  /** A DDL statement was applied. */
  ddl(entry: AppliedDdl): void;
  /** Asked between two transactions, and when nothing more comes, while tables wait for their copy: is now the time, everything up to `position` being applied? */
  copyDue(position: Lsn, pending: PendingCopies): boolean;
  /** Called when it is, all before being committed and nothing under way. What comes after is judged by the state that it resolves with; null: as before. */
  copyPending(position: Lsn, pending: PendingCopies): Promise<SnapshotState | null>;
  /** The target has all of the copy and of the stream beside it: it is a prefix of the source from here on. */
  copyOver(): void;
}

export interface AppliedDdl {
  readonly lsn: Lsn;
  readonly tag: string;
  /** The author on the source. */
  readonly role: string;
  /** The statement as it stood on the source; null where it was not looked for. */
  readonly source: string | null;
  /** What ran on the target; null: nothing had to. */
  readonly statement: string | null;
  /** How it was derived: verbatim, split, from catalog, ignored … */
  readonly how: string;
  readonly milliseconds: number;
}

export interface ProcessorState {
  readonly checkpoint: Lsn;
  readonly rows: number;
  readonly transactions: number;
  readonly ddl: number;
  /** Commit time of the last applied transaction, µs since 2000-01-01; null before the first. */
  readonly lastCommitTime: bigint | null;
}
