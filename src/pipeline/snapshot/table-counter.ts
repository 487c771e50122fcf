import type { SnapshotTable, TableCopyState, TableState } from '../../wal/snapshot.ts';
import type { TableProgress } from './progress-report.ts';

/** Weight of a table beside its size: thousands of empty ones take time as well. */
const OVERHEAD = 8 * 1024;
/** A table of which a byte may be missing is not done. */
const ALMOST = 0.99;

/** The counts of one table. */
export class TableCounter {
  readonly table: SnapshotTable;
  state: TableCopyState;
  rangesDone = 0;
  rangesTotal = 0;
  #bytes = 0;
  #rows = 0;
  /** Of ranges that are on their way. */
  #openBytes = 0;
  #openRows = 0;
  #open = 0;

  constructor(state: TableState) {
    this.table = state.table;
    this.state = state.state;
    this.begin(state);
  }

  /** As it stands on the target: what was counted before is forgotten. */
  begin({ state, ranges }: TableState): void {
    const done = ranges.filter(({ cut }) => cut !== null);
    this.state = state;
    this.rangesTotal = ranges.length;
    this.rangesDone = done.length;
    this.#bytes = done.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#rows = done.reduce((sum, { rows }) => sum + rows, 0);
  }

  get bytes(): number {
    return this.#bytes + this.#openBytes;
  }

  get rows(): number {
    return this.#rows + this.#openRows;
  }

  get weight(): number {
    return this.table.bytes + OVERHEAD;
  }

  openRange(): void {
    this.#open++;
  }

  add(bytes: number, rows: number): void {
    this.#openBytes += bytes;
    this.#openRows += rows;
  }

  /** The range is over: `counted` of it while it was on its way, `final` to be kept; null: nothing of it. */
  closeRange(counted: { bytes: number; rows: number }, final: { bytes: number; rows: number } | null): void {
    this.#open--;
    this.#openBytes -= counted.bytes;
    this.#openRows -= counted.rows;
    if (final === null) return;
    this.rangesDone++;
    this.#bytes += final.bytes;
    this.#rows += final.rows;
  }

  /** Share of the table that is done; `bytesPerSize`: bytes of COPY for a byte on disk, as other tables had it. */
  share(bytesPerSize: number): number {
    if (this.state === 'copied' || this.state === 'gone') return 1;
    const ranges = this.rangesTotal === 0 ? 0 : this.rangesDone / this.rangesTotal;
    const expected = this.table.bytes * bytesPerSize;
    const measured = expected === 0 ? 0 : this.bytes / expected;
    // with many ranges their number is the better measure: they are of about one size
    const share = this.rangesTotal > 4 ? Math.max(ranges, Math.min(measured, ranges + 1 / this.rangesTotal)) : measured;
    return Math.min(ALMOST, Math.max(share, ranges));
  }

  report(bytesPerSize: number): TableProgress {
    const { schema, name } = this.table.metadata;
    return {
      schema,
      name,
      state: this.#open > 0 ? 'copying' : this.state,
      size: this.table.bytes,
      percent: Math.round(this.share(bytesPerSize) * 1000) / 10,
      bytesDone: this.bytes,
      rowsDone: this.rows,
      rangesDone: this.rangesDone,
      rangesTotal: this.rangesTotal,
    };
  }

  get shownState(): TableProgress['state'] {
    return this.#open > 0 ? 'copying' : this.state;
  }
}
