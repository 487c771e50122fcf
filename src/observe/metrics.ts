import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** States of a target, one of which is 1 at a time. */
export const TARGET_STATES = ['connecting', 'snapshot', 'streaming', 'retrying', 'stopped'] as const;
export type TargetState = (typeof TARGET_STATES)[number];

/** Running totals, as a processor's `describe` gives them. */
export interface AppliedTotals {
  readonly rows: number;
  readonly transactions: number;
  readonly ddl: number;
}

/** Phases of an initial copy, one of which is 1 at a time. */
export const SNAPSHOT_PHASES = ['schema', 'rows', 'post-data', 'catchup', 'done'] as const;

/** How far an initial copy is; totals only grow as long as it is the same one. */
export interface SnapshotNumbers {
  readonly phase: (typeof SNAPSHOT_PHASES)[number];
  readonly size: number;
  readonly sizeDone: number;
  readonly bytesMoved: number;
  readonly rowsMoved: number;
  readonly tableCounts: Readonly<Record<string, number>>;
  readonly paused: string | null;
}

const NO_TOTALS: AppliedTotals = { rows: 0, transactions: 0, ddl: 0 };

/**
 * Every metric by name, in a registry of its own so that two pipelines in one process, or two tests, don't meet. Positions are bytes of WAL as a
 * double: exact up to 2^53, which no real WAL reaches.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #collectors: (() => void)[] = [];
  readonly #totals = new Map<string, AppliedTotals>();
  readonly #lagBytes = this.#gauge('lag_bytes', 'WAL between the end of the source and the checkpoint of a target', [
    'target',
  ]);
  readonly #lagSeconds = this.#gauge('lag_seconds', 'age of the last applied commit while more waits, else 0', [
    'target',
  ]);
  readonly #checkpoint = this.#gauge('checkpoint_lsn_bytes', 'position up to which a target has everything', [
    'target',
  ]);
  readonly #state = this.#gauge('target_state', '1 for the state that a target is in', ['target', 'state']);
  readonly #rows = this.#counter('applied_rows_total', 'rows applied', ['target']);
  readonly #transactions = this.#counter('applied_transactions_total', 'source transactions applied', ['target']);
  readonly #ddl = this.#counter('applied_ddl_total', 'schema changes applied', ['target']);
  readonly #moved = new Map<string, { readonly bytes: number; readonly rows: number }>();
  readonly #snapshotPhase = this.#gauge('snapshot_phase', '1 for the phase that the initial copy of a target is in', [
    'target',
    'phase',
  ]);
  readonly #snapshotSize = this.#gauge('snapshot_size_bytes', 'size of the tables to copy, on the disk of the source', [
    'target',
  ]);
  readonly #snapshotDone = this.#gauge('snapshot_done_bytes', 'what of snapshot_size_bytes is copied, estimated', [
    'target',
  ]);
  readonly #snapshotBytes = this.#counter('snapshot_bytes_copied_total', 'bytes of rows moved by initial copies', [
    'target',
  ]);
  readonly #snapshotRows = this.#counter('snapshot_rows_copied_total', 'rows moved by initial copies', ['target']);
  readonly #snapshotTables = this.#gauge('snapshot_tables', 'tables of the initial copy by state', ['target', 'state']);
  readonly #snapshotPaused = this.#gauge('snapshot_paused', '1 while no rows are read to spare the source', ['target']);
  readonly #errors = this.#counter('apply_errors_total', 'failures of a target by error code', ['target', 'code']);
  readonly #retained = this.#gauge('slot_retained_bytes', 'WAL that the source keeps for the slot', []);
  readonly #confirmed = this.#gauge('slot_confirmed_lsn_bytes', 'position that was acknowledged to the source', []);
  readonly #forged = this.#counter(
    'forged_messages_total',
    'messages with our prefix and no valid signature, ignored',
    [],
  );
  readonly #stream = this.#counter('stream_bytes_total', 'bytes received from the source', []);
  readonly #reconnects = this.#counter('reconnects_total', 'connections made again after a failure', ['peer']);

  constructor(options: { readonly pipeline: string; readonly process?: boolean }) {
    this.#registry.setDefaultLabels({ pipeline: options.pipeline });
    if (options.process !== false) collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** `collect` runs before each scrape: cheap, no I/O, must not throw. At most one a component. */
  onScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  async text(): Promise<string> {
    for (const collect of this.#collectors) collect();
    return await this.#registry.metrics();
  }

  lag(target: string, lag: { readonly bytes: number; readonly seconds: number }): void {
    this.#lagBytes.set({ target }, lag.bytes);
    this.#lagSeconds.set({ target }, lag.seconds);
  }

  checkpoint(target: string, position: bigint): void {
    this.#checkpoint.set({ target }, Number(position));
  }

  /** Takes running totals and counts what was added; totals that shrank belong to a target that was opened anew. */
  applied(target: string, totals: AppliedTotals): void {
    const before = this.#totals.get(target) ?? NO_TOTALS;
    this.#rows.inc({ target }, grown(before.rows, totals.rows));
    this.#transactions.inc({ target }, grown(before.transactions, totals.transactions));
    this.#ddl.inc({ target }, grown(before.ddl, totals.ddl));
    this.#totals.set(target, { rows: totals.rows, transactions: totals.transactions, ddl: totals.ddl });
  }

  targetState(target: string, state: TargetState): void {
    for (const each of TARGET_STATES) this.#state.set({ target, state: each }, each === state ? 1 : 0);
  }

  snapshot(target: string, numbers: SnapshotNumbers): void {
    for (const phase of SNAPSHOT_PHASES) this.#snapshotPhase.set({ target, phase }, phase === numbers.phase ? 1 : 0);
    this.#snapshotSize.set({ target }, numbers.size);
    this.#snapshotDone.set({ target }, numbers.sizeDone);
    for (const [state, count] of Object.entries(numbers.tableCounts))
      this.#snapshotTables.set({ target, state }, count);
    this.#snapshotPaused.set({ target }, numbers.paused === null ? 0 : 1);
    const before = this.#moved.get(target) ?? { bytes: 0, rows: 0 };
    this.#snapshotBytes.inc({ target }, grown(before.bytes, numbers.bytesMoved));
    this.#snapshotRows.inc({ target }, grown(before.rows, numbers.rowsMoved));
    this.#moved.set(target, { bytes: numbers.bytesMoved, rows: numbers.rowsMoved });
  }

  applyError(target: string, code: string): void {
    this.#errors.inc({ target, code });
  }

  slot(slot: { readonly retainedBytes: number; readonly confirmed: bigint }): void {
    this.#retained.set(slot.retainedBytes);
    this.#confirmed.set(Number(slot.confirmed));
  }

  forgedMessages(count: number): void {
    this.#forged.inc(count);
  }

  streamBytes(count: number): void {
    this.#stream.inc(count);
  }

  /** `peer`: `source` or the name of a target. */
  reconnect(peer: string): void {
    this.#reconnects.inc({ peer });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: `walcast_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `walcast_${name}`, help, labelNames, registers: [this.#registry] });
  }
}

function grown(before: number, now: number): number {
  return now >= before ? now - before : now;
}
