import { copyColumns, copyFormat } from '../../listener/snapshot/copy-format.ts';
import { evenRangeBytes, planRanges, type RangeOptions } from '../../listener/snapshot/plan-ranges.ts';
import { ReadSession } from '../../listener/snapshot/read-session.ts';
import { type CopyOutcome, SnapshotReader } from '../../listener/snapshot/snapshot-reader.ts';
import type { SourceSnapshot } from '../../listener/snapshot/source-snapshot.ts';
import type { Cut, RangeState, SnapshotTable, SnapshotWriter, TableState } from '../../wal/snapshot.ts';
import type { CopyJob } from './copy-options.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { scopedSignal } from './scoped-signal.ts';

/** A piece of work of one worker. */
interface RangeTask {
  readonly table: TableState;
  readonly range: RangeState;
}

/**
 * Copies tables under one snapshot by several workers. A table is cut into ranges when its turn comes; one that turns out to be another than
 * at the snapshot is put aside with all of its ranges.
 */
export class TableCopier {
  readonly #job: CopyJob;
  readonly #snapshot: SourceSnapshot;
  readonly #cut: Cut;
  /** Calls to the target's records, and looks at the source's catalogs: of all workers one at a time. */
  readonly #records = new OneAtATime();
  readonly #ranges: RangeTask[] = [];
  /** Ranges of a table that are not copied yet; none: the table is done, or was put aside. */
  readonly #left = new Map<number, number>();
  #catalogs: ReadSession | null = null;
  #ranging: RangeOptions = {};
  /** Tables that were begun with their shape not (yet) on the target. */
  readonly refused: SnapshotTable[] = [];
  /** Tables that were completed. */
  copied = 0;

  constructor(job: CopyJob, snapshot: SourceSnapshot) {
    this.#job = job;
    this.#snapshot = snapshot;
    this.#cut = snapshot.cut;
  }

  /** Copies what is missing of the tables, largest first. */
  async copy(tables: readonly TableState[]): Promise<void> {
    const { settings, signal } = this.#job;
    const waiting = tables.toSorted((a, b) => a.table.bytes - b.table.bytes);
    const workers = Math.max(1, Math.min(settings.workers, waiting.length * 4));
    const total = waiting.reduce((sum, { table }) => sum + table.bytes, 0);
    const rangeBytes = evenRangeBytes(total, workers, settings.ranges.rangeBytes);
    this.#ranging = { ...settings.ranges, rangeBytes, workers };
    const stop = new AbortController();
    const both = scopedSignal(signal, stop.signal);
    const connect = { url: settings.url, signal: both, statementTimeoutMs: settings.limits.statementTimeoutMs };
    this.#catalogs = await ReadSession.connect(connect);
    try {
      const done = await Promise.allSettled(
        Array.from({ length: workers }, async () => {
          try {
            await this.#work(this.#catalogs as ReadSession, waiting, both);
          } catch (error) {
            stop.abort(error); // the others end after it
            throw error;
          }
        }),
      );
      signal.throwIfAborted();
      const failed = done.find(({ status }) => status === 'rejected');
      if (failed !== undefined) throw stop.signal.reason;
    } finally {
      await this.#catalogs.close();
    }
  }

  async #work(catalogs: ReadSession, waiting: TableState[], signal: AbortSignal): Promise<void> {
    const { settings, sink, progress } = this.#job;
    const reader = await SnapshotReader.connect({
      url: settings.url,
      signal,
      exportId: this.#snapshot.exportId,
      catalogs,
      limits: settings.limits,
    });
    let writer: SnapshotWriter | null = null;
    try {
      for (let task = await this.#next(waiting); task !== null; task = await this.#next(waiting)) {
        signal.throwIfAborted();
        await settings.gate(progress, signal);
        writer ??= await sink.openWriter();
        if (!(await this.#copyRange(task, reader, writer))) writer = await ended(writer);
      }
    } finally {
      reader.close();
      if (writer !== null) await writer.close();
    }
  }

  /** Ranges of tables that were begun go first: the fewer tables are half done, the less starts over after a crash. */
  async #next(waiting: TableState[]): Promise<RangeTask | null> {
    return await this.#records.run(async () => {
      for (;;) {
        const range = this.#ranges.pop();
        if (range !== undefined) {
          if (this.#left.has(range.table.table.oid)) return range;
          continue;
        }
        const table = waiting.pop();
        if (table === undefined) return null;
        await this.#begin(table);
      }
    });
  }

  /** Ranges that are there stay; a table without a key starts over. */
  async #begin(table: TableState): Promise<void> {
    const { progress } = this.#job;
    const begun = table.key !== null && table.ranges.length > 0 && table.state === 'waiting';
    const state = begun ? table : await this.#startOver(table.table);
    if (state === null) {
      this.refused.push(table.table);
      return;
    }
    progress.begin(state);
    const missing = state.ranges.filter(({ cut }) => cut === null);
    this.#left.set(state.table.oid, missing.length);
    for (const range of missing.toReversed()) this.#ranges.push({ table: state, range });
    if (missing.length === 0) await this.#complete(state.table.oid);
  }

  async #startOver(table: SnapshotTable): Promise<TableState | null> {
    const plan = await planRanges(this.#catalogs as ReadSession, table, this.#ranging);
    return await this.#job.sink.startTable(table, plan.key, plan.ranges);
  }

  /** @returns whether the writer can be used again: rows of a table that changed on the way are not to stay */
  async #copyRange({ table, range }: RangeTask, reader: SnapshotReader, writer: SnapshotWriter): Promise<boolean> {
    const { oid, metadata } = table.table;
    const format = this.#job.sink.rowsOnly === true ? 'text' : copyFormat(metadata);
    const moved = this.#job.progress.range(oid);
    let outcome: CopyOutcome;
    let begun = false;
    try {
      outcome = await reader.copy(table.table, table.key, range, format, {
        begin: async () => {
          begun = true;
          await writer.begin(metadata, copyColumns(metadata), format);
        },
        write: (data) => {
          moved.add(data.length);
          return writer.write(data);
        },
        relieved: () => writer.relieved(),
      });
      if (outcome.kind === 'copied') {
        const { rows, bytes } = outcome;
        await writer.commit(oid, { ...range, cut: this.#cut, rows, bytes });
        moved.done({ rows, bytes });
      } else {
        moved.abandon();
      }
    } catch (error) {
      moved.abandon();
      throw error;
    }
    await this.#records.run(() => this.#note(table.table, outcome));
    return outcome.kind === 'copied' || !begun;
  }

  async #note({ oid, metadata }: SnapshotTable, outcome: CopyOutcome): Promise<void> {
    const { sink, progress, settings } = this.#job;
    if (outcome.kind !== 'copied') {
      this.#left.delete(oid);
      await sink.markTable(oid, outcome.kind);
      progress.mark(oid, outcome.kind);
      const what = outcome.kind === 'gone' ? 'was dropped' : outcome.what;
      settings.logger.info({ table: `${metadata.schema}.${metadata.name}` }, `not copied with the others: ${what}`);
      return;
    }
    const left = this.#left.get(oid);
    if (left === undefined) return; // put aside meanwhile
    if (left > 1) {
      this.#left.set(oid, left - 1);
      return;
    }
    await this.#complete(oid);
  }

  async #complete(oid: number): Promise<void> {
    const { sink, progress } = this.#job;
    this.#left.delete(oid);
    this.copied++;
    await sink.markTable(oid, 'copied');
    progress.mark(oid, 'copied');
  }
}

async function ended(writer: SnapshotWriter): Promise<null> {
  await writer.close();
  return null;
}
