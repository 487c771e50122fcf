import type { TextRow } from '../database.ts';

export interface Volume {
  readonly transactions: number;
  readonly rows: number;
  /** Schema changes among them. */
  readonly ddl?: number;
}

/** Work that is done once on the source and then followed by every contestant. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  /** Native logical replication cannot follow it. */
  readonly oursOnly?: boolean;
  /** Run on source and target alike: gives equal tables with equal rows, so nothing in it may be random. */
  setup(scale: number): readonly string[];
  /** Runs the work. `sql` may be called several times at once; each call is a session of its own. */
  generate(scale: number, sql: (statement: string) => Promise<readonly TextRow[]>): Promise<Volume>;
}

/** At least one, in whole `step`s. */
export function scaled(full: number, scale: number, step = 1): number {
  return Math.max(step, Math.round((full * scale) / step) * step);
}
