import type { DdlCommandEvent } from './ddl-event.ts';
import type { Lsn } from './lsn.ts';
import type { SourcePosition } from './processor.ts';
import type { TableMetadata } from './table-metadata.ts';
import type { VisibilitySnapshot } from './visibility.ts';

/**
 * The one point at which copied rows and the stream meet: a transaction of the stream is in the copy if it commits before `until` and is
 * visible in the snapshot. Its rows are dropped then, else they are applied.
 */
export interface Cut {
  readonly snapshot: VisibilitySnapshot;
  /** The source's WAL insert position, read after the snapshot was taken: no transaction that commits here or later is visible in it. */
  readonly until: Lsn;
}

/** Sections as pg_dump names them: up to the empty tables · what is made faster, or only right, once the rows are there. */
export type SchemaSection = 'pre-data' | 'post-data';

/** `caller.role` of a statement in which no code of a user can run: the target's own role makes it, a later OWNER TO gives it away. */
export const NO_AUTHOR = '';

/** One statement of the schema that the source had at a snapshot, in the form in which a later change of schema would come. */
export interface SchemaStatement {
  readonly section: SchemaSection;
  /** `text` holds exactly the one statement; `details.relations` the tables that it makes or belongs to, as they are at the end. */
  readonly event: DdlCommandEvent;
}

/** A column whose order cuts a table into ranges: the first column of its primary key, of a type that we can compare as the server does. */
export interface RangeKey {
  readonly column: string;
  readonly kind: 'integer' | 'uuid';
}

/** Keys from `lower` (inclusive) to `upper` (exclusive), in PostgreSQL text; null: no bound. */
export interface KeyRange {
  readonly lower: string | null;
  readonly upper: string | null;
}

/** A table whose rows are to be copied, as it was at the snapshot under which its schema was read. */
export interface SnapshotTable {
  /** On the source; the stream tells tables by it, whatever they are called by then. */
  readonly oid: number;
  readonly metadata: TableMetadata;
  /** pg_class.relfilenode: changes with every rewrite and TRUNCATE. An older snapshot reads no row of a rewritten table. */
  readonly fileNode: string;
  /** Size on disk, TOAST included, and the planner's guess at the rows; for order and progress. */
  readonly bytes: number;
  readonly estimatedRows: number;
  /** Fingerprint of the users' types that its columns are made of: they change without the table. Absent: only built-in ones. */
  readonly types?: string;
  /** A configuration table of an extension: only rows that fulfil this (`where …`, maybe empty) are the user's. */
  readonly extensionCondition?: string;
}

export interface SequenceValue {
  readonly schema: string;
  readonly name: string;
  /** Text of a bigint. */
  readonly lastValue: string;
  readonly isCalled: boolean;
}

export interface SchemaScript {
  readonly statements: readonly SchemaStatement[];
  readonly tables: readonly SnapshotTable[];
}

/**
 * waiting: no range is complete, or some are not · changed: the source's table is not any more what the target has, it is copied as a whole
 * once the stream has brought the change · copied: every range is there · gone: dropped on the source, the DROP comes with the stream
 */
export type TableCopyState = 'waiting' | 'changed' | 'copied' | 'gone';

export interface RangeState extends KeyRange {
  readonly number: number;
  /** Under which snapshot it was copied; null: not yet. */
  readonly cut: Cut | null;
  readonly rows: number;
  readonly bytes: number;
}

export interface TableState {
  readonly table: SnapshotTable;
  readonly state: TableCopyState;
  /** null: one range, the whole table. */
  readonly key: RangeKey | null;
  /** Empty until the table is begun. */
  readonly ranges: readonly RangeState[];
}

/**
 * schema: pre-data is being made · rows · post-data · catchup: streaming, the cuts still matter or tables marked `changed` wait · done
 */
export type SnapshotPhase = 'schema' | 'rows' | 'post-data' | 'catchup' | 'done';

export interface SnapshotState {
  readonly phase: SnapshotPhase;
  /** Of the schema: a DDL transaction that is visible in it is in the script already. */
  readonly schema: Cut;
  readonly tables: readonly TableState[];
}

/** fail: the target has to be empty · append: its tables stay and get the rows as well · replace: built beside and swapped at the end */
export type OnExisting = 'fail' | 'append' | 'replace';

export interface SectionProgress {
  readonly done: number;
  readonly total: number;
  /** What is being done, for a person: `create index orders_by_day` with its share if the server tells. */
  readonly current: string;
}

/** What COPY prints and reads; binary only where both sides are known to agree, see the source's `copyFormat`. */
export type CopyFormat = 'text' | 'binary';

/** One connection to a target that takes rows, a range at a time. Of no use after it threw. */
export interface SnapshotWriter {
  /** Opens a transaction that takes the rows of one range of `table`; `columns` in the order of the rows, generated ones left out. */
  begin(table: TableMetadata, columns: readonly string[], format: CopyFormat): Promise<void>;
  /**
   * CopyData messages of the protocol as the source's server sent them, headers included, cut anywhere. The bytes are not kept after the
   * call. False: wait for `relieved` before the next.
   */
  write(data: Buffer): boolean;
  relieved(): Promise<void>;
  /** Rows and the record of the range become durable together. */
  commit(oid: number, range: RangeState): Promise<void>;
  close(): Promise<void>;
}

/**
 * The copy into one target. All state lives on the target and survives whatever is killed; each call may be made again by a later process
 * that continues. Calls come one at a time, except for the writers.
 */
export interface SnapshotSink {
  /** It takes no statements, only tables as they are, and rows as text. */
  readonly rowsOnly?: boolean;
  /** What an earlier run has left; null: nothing was begun. */
  load(): Promise<SnapshotState | null>;
  /** Refuses a target that holds something unless `onExisting` allows it, and stores script and cut. Nothing is made yet. */
  begin(script: SchemaScript, schema: Cut, onExisting: OnExisting): Promise<SnapshotState>;
  /**
   * Makes what is missing of a section of the stored script, indexes by up to so many connections at once (1), and at the end of
   * `post-data` compares every table with its metadata.
   */
  restore(
    section: SchemaSection,
    report: (progress: SectionProgress) => void,
    signal: AbortSignal,
    connections?: number,
  ): Promise<void>;
  /**
   * Empties the target's table, in case it starts over, and notes its ranges; `table` as it is on the source now. Null: the target's table
   * is not (yet) like it.
   */
  startTable(table: SnapshotTable, key: RangeKey | null, ranges: readonly KeyRange[]): Promise<TableState | null>;
  markTable(oid: number, state: TableCopyState): Promise<void>;
  openWriter(): Promise<SnapshotWriter>;
  /** Of sequences that the target lacks (not made yet, or dropped) nothing is said. */
  setSequences(values: readonly SequenceValue[]): Promise<void>;
  /** Statistics for the planner, of the tables that were copied, by up to so many connections at once (1). */
  analyze(report: (progress: SectionProgress) => void, connections?: number): Promise<void>;
  enter(phase: SnapshotPhase): Promise<void>;
  /** Nobody can complete this copy: a later run begins anew. What was made in the target's own database stays there. */
  abandon(): Promise<void>;
  close(): Promise<void>;
}

/** A target that can be filled from the state of a source. */
export interface SnapshotCapable {
  /** Own connections, beside those of the stream. */
  openSnapshot(source: SourcePosition, signal: AbortSignal): Promise<SnapshotSink>;
}
