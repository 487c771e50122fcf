/** One contestant in one round, from an empty database to one that holds everything. */
export interface Copy {
  readonly contestant: string;
  readonly round: number;
  readonly seconds: number;
  /** CPU seconds of every process: both servers with all of their backends, and the programs in between. */
  readonly cpu: { readonly source: number; readonly target: number; readonly clients: number };
  /** Most memory of a program in between; null: there is none. */
  readonly peakBytes: number | null;
  /** Tables that differ from the source's. */
  readonly differences: readonly string[];
}

export interface CopyResult {
  readonly id: string;
  readonly title: string;
  readonly tables: number;
  readonly rows: number;
  /** On the source's disk, indexes and TOAST included. */
  readonly bytes: number;
  readonly measurements: readonly Copy[];
}
