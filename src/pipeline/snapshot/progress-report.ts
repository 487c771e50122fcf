import type { SectionProgress, SnapshotPhase, TableCopyState } from '../../wal/snapshot.ts';

/** `copying`: at this moment; else as it is noted on the target. */
export type TableProgressState = TableCopyState | 'copying';

export interface TableProgress {
  readonly schema: string;
  readonly name: string;
  readonly state: TableProgressState;
  /** On the source's disk, TOAST included. */
  readonly size: number;
  /** Of the table, estimated while it is being copied. */
  readonly percent: number;
  /** As they come from the source; not of the same measure as `size`. */
  readonly bytesDone: number;
  readonly rowsDone: number;
  readonly rangesDone: number;
  /** 0: not begun yet. */
  readonly rangesTotal: number;
}

/** How far the copy into one target is: plain JSON, for `/status`, metrics, and the terminal. Sizes in bytes, times in ms since 1970. */
export interface SnapshotReport {
  readonly phase: SnapshotPhase;
  /** When this process began with it, or went on. */
  readonly startedAt: number;
  /** When the phase began. */
  readonly since: number;
  /** Of the rows, by the tables' sizes. */
  readonly percent: number;
  readonly size: number;
  readonly sizeDone: number;
  readonly bytesDone: number;
  readonly rowsDone: number;
  /** Over the last minute; null: too early to tell, or no rows are being copied. */
  readonly bytesPerSecond: number | null;
  readonly rowsPerSecond: number | null;
  /** Until the last row is copied; what follows can't be told. */
  readonly secondsLeft: number | null;
  readonly tableCounts: Readonly<Record<TableProgressState, number>>;
  /** The ones that matter most first; of many tables only as many as were asked for. */
  readonly tables: readonly TableProgress[];
  /** What is being made of the schema, or analyzed. */
  readonly section: SectionProgress | null;
  /** Why no rows are being read at the moment; null: they are. */
  readonly paused: string | null;
  /** While catching up: WAL between the target and the point from which on the copy needs no more care. */
  readonly bytesToCatchUp: number | null;
  /** What this process has moved, ranges that were given up included; only grows. */
  readonly bytesMoved: number;
  readonly rowsMoved: number;
}
