import type { RunStatus } from '../run/run-status.ts';
import type { SeenDdl } from './daemon-process.ts';
import type { Verdict } from './verdict.ts';

/** What the demo shows while it runs. */
export interface DemoView {
  /** A step of the preparation or of the end. */
  note(text: string): void;
  /** The servers are there, and may be looked at. */
  servers(sourceUrl: string, targetUrl: string, version: string): void;
  migration(migration: {
    readonly number: number;
    readonly of: number;
    readonly title: string;
    readonly milliseconds: number;
  }): void;
  /** The daemon applied a schema change. */
  ddl(ddl: SeenDdl): void;
  killed(what: 'daemon' | 'target', pid: number | undefined): void;
  restarted(what: 'daemon' | 'target', seconds: number): void;
  /** A few times a second. */
  state(state: DemoState): void;
  verdict(verdict: Verdict): void;
  close(): void;
}

export interface DemoState {
  readonly seconds: number;
  /** Null: until somebody ends it. */
  readonly of: number | null;
  readonly phase: 'writing' | 'catching up' | 'comparing';
  readonly transactionsPerSecond: number;
  readonly rowsPerSecond: number;
  readonly appliedRowsPerSecond: number;
  readonly transactions: number;
  readonly rows: number;
  readonly behindMs: number;
  readonly lagP50: number | null;
  readonly lagP99: number | null;
  readonly migrations: number;
  readonly migrationsOf: number;
  /** Null: the daemon does not answer. */
  readonly daemon: RunStatus | null;
  readonly tables: readonly TableCount[];
}

export interface TableCount {
  readonly name: string;
  readonly source: number;
  /** Null: not there. */
  readonly target: number | null;
}
