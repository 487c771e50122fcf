import type { SectionProgress, SnapshotPhase, SnapshotState, TableCopyState, TableState } from '../../wal/snapshot.ts';
import { MovingRate, type Totals } from './moving-rate.ts';
import type { SnapshotReport, TableProgressState } from './progress-report.ts';
import { TableCounter } from './table-counter.ts';

/** So many tables stand in a report unless another number is asked for. */
const TABLES_SHOWN = 50;

/** A range that is being copied. One of the two ends is called, once. */
export interface RangeProgress {
  /** Bytes of COPY, as they come, and the rows if they are counted on the way. */
  add(bytes: number, rows?: number): void;
  /** It is durable on the target. */
  done(final: { readonly bytes: number; readonly rows: number }): void;
  /** Nothing of it is kept. */
  abandon(): void;
}

/** How far the copy into one target is. State only: whoever wants to show it asks for a report. */
export class SnapshotProgress {
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #tables = new Map<number, TableCounter>();
  readonly #rate = new MovingRate();
  #phase: SnapshotPhase = 'schema';
  #since: number;
  #section: SectionProgress | null = null;
  #paused: string | null = null;
  #bytesToCatchUp: number | null = null;
  #bytesMoved = 0;
  #rowsMoved = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#startedAt = now();
    this.#since = this.#startedAt;
  }

  /** Of a copy that an earlier process has made but for what the stream brings. */
  static catchingUp(now?: () => number): SnapshotProgress {
    const progress = new SnapshotProgress(now);
    progress.enter('catchup');
    return progress;
  }

  get phase(): SnapshotPhase {
    return this.#phase;
  }

  /** What the target holds, at the start or of an earlier run. */
  load(state: SnapshotState): void {
    this.#tables.clear();
    this.#rate.reset();
    for (const table of state.tables) this.#tables.set(table.table.oid, new TableCounter(table));
    this.enter(state.phase);
  }

  enter(phase: SnapshotPhase): void {
    if (phase !== this.#phase) this.#since = this.#now();
    this.#phase = phase;
    this.#section = null;
    this.#bytesToCatchUp = null;
    this.#rate.reset();
  }

  section(progress: SectionProgress): void {
    this.#section = progress;
  }

  /** The table's ranges are planned, or planned anew. */
  begin(state: TableState): void {
    const counter = this.#tables.get(state.table.oid);
    if (counter === undefined) this.#tables.set(state.table.oid, new TableCounter(state));
    else counter.begin(state);
  }

  mark(oid: number, state: TableCopyState): void {
    const counter = this.#tables.get(oid);
    if (counter !== undefined) counter.state = state;
  }

  range(oid: number): RangeProgress {
    const counter = this.#tables.get(oid);
    const counted = { bytes: 0, rows: 0 };
    counter?.openRange();
    return {
      add: (bytes, rows = 0) => {
        counted.bytes += bytes;
        counted.rows += rows;
        this.#bytesMoved += bytes;
        this.#rowsMoved += rows;
        counter?.add(bytes, rows);
        const at = this.#now();
        if (this.#rate.isDue(at)) this.#rate.note(at, this.#totals());
      },
      done: (final) => {
        this.#rowsMoved += final.rows - counted.rows;
        counter?.closeRange(counted, final);
      },
      abandon: () => counter?.closeRange(counted, null),
    };
  }

  /** Says why no rows are read; null: they are again. */
  pause(reason: string | null): void {
    this.#paused = reason;
  }

  catchUp(bytes: number | null): void {
    this.#bytesToCatchUp = bytes;
  }

  report(tablesShown = TABLES_SHOWN): SnapshotReport {
    const at = this.#now();
    const totals = this.#totals();
    this.#rate.note(at, totals);
    const speed = this.#phase === 'rows' ? this.#rate.perSecond(at, totals) : null;
    const size = this.#size();
    const left = size - totals.size;
    return {
      phase: this.#phase,
      startedAt: this.#startedAt,
      since: this.#since,
      percent: percentOf(totals.size, size, this.#phase),
      size,
      sizeDone: Math.round(totals.size),
      bytesDone: totals.bytes,
      rowsDone: totals.rows,
      bytesPerSecond: speed === null ? null : Math.round(speed.bytes),
      rowsPerSecond: speed === null ? null : Math.round(speed.rows),
      secondsLeft: speed === null || speed.size === 0 ? null : Math.ceil(left / speed.size),
      tableCounts: this.#counts(),
      tables: this.#shown(tablesShown),
      section: this.#section,
      paused: this.#paused,
      bytesToCatchUp: this.#bytesToCatchUp,
      bytesMoved: this.#bytesMoved,
      rowsMoved: this.#rowsMoved,
    };
  }

  #size(): number {
    let size = 0;
    for (const counter of this.#tables.values()) size += counter.weight;
    return size;
  }

  #totals(): Totals {
    const ratio = this.#bytesPerSize();
    const totals = { size: 0, bytes: 0, rows: 0 };
    for (const counter of this.#tables.values()) {
      totals.size += counter.weight * counter.share(ratio);
      totals.bytes += counter.bytes;
      totals.rows += counter.rows;
    }
    return totals;
  }

  /** COPY prints a table in more or fewer bytes than it has on disk: the finished ones tell how it is here. */
  #bytesPerSize(): number {
    let [bytes, size] = [0, 0];
    for (const counter of this.#tables.values()) {
      if (counter.state !== 'copied') continue;
      bytes += counter.bytes;
      size += counter.table.bytes;
    }
    return bytes === 0 || size === 0 ? 1 : bytes / size;
  }

  #counts(): Record<TableProgressState, number> {
    const counts = { waiting: 0, copying: 0, copied: 0, changed: 0, gone: 0 };
    for (const counter of this.#tables.values()) counts[counter.shownState]++;
    return counts;
  }

  #shown(limit: number): SnapshotReport['tables'] {
    const ratio = this.#bytesPerSize();
    return [...this.#tables.values()]
      .toSorted(
        (a, b) => RANK[a.shownState] - RANK[b.shownState] || b.table.bytes - a.table.bytes || a.table.oid - b.table.oid,
      )
      .slice(0, limit)
      .map((counter) => counter.report(ratio));
  }
}

const RANK: Readonly<Record<TableProgressState, number>> = { copying: 0, changed: 1, waiting: 2, gone: 3, copied: 4 };

function percentOf(done: number, size: number, phase: SnapshotPhase): number {
  if (phase === 'schema') return 0;
  if (size === 0 || phase !== 'rows') return 100;
  // cut, not rounded: 100 only when nothing is missing
  return Math.floor((done / size) * 1000) / 10;
}
