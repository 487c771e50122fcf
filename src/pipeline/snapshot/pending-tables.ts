import { SourceSnapshot } from '../../listener/snapshot/source-snapshot.ts';
import { readTables } from '../../listener/snapshot/tables.ts';
import type { PendingCopies } from '../../wal/processor.ts';
import type { SnapshotState, TableState } from '../../wal/snapshot.ts';
import { isVisible } from '../../wal/visibility.ts';
import type { CopyJob } from './copy-options.ts';
import { TableCopier } from './table-copier.ts';

/** Between two attempts: what changed a table has to come with the stream first. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Tables that were changed during the copy: each is copied when the target stands still and has the shape that the source's has by then.
 */
export class PendingTables {
  #notBefore = 0;
  #pause = FIRST_PAUSE_MS;

  get due(): boolean {
    return performance.now() >= this.#notBefore;
  }

  /** Null: nothing could be copied yet. */
  async copy(job: CopyJob, pending: PendingCopies): Promise<SnapshotState | null> {
    const { settings, signal, sink } = job;
    const snapshot = await SourceSnapshot.open({ url: settings.url, signal, streamed: true, limits: settings.limits });
    try {
      const copied = await this.#copyUnder(snapshot, job, pending);
      this.#pause = copied ? FIRST_PAUSE_MS : Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
      return copied ? await sink.load() : null;
    } finally {
      await snapshot.close();
      this.#notBefore = performance.now() + this.#pause;
    }
  }

  async #copyUnder(snapshot: SourceSnapshot, job: CopyJob, pending: PendingCopies): Promise<boolean> {
    for (const xid of pending.dropped) if (isVisible(snapshot.cut.snapshot, xid)) pending.dropped.delete(xid);
    // What was dropped and is not in the snapshot either would be lost.
    if (pending.dropped.size > 0) return false;
    const state = await job.sink.load();
    const current = new Map((await readTables(snapshot.session)).map((table) => [table.oid, table]));
    const tables: TableState[] = [];
    let settled = false;
    for (const table of state?.tables ?? []) {
      if (!pending.tables.has(table.table.oid)) continue;
      const now = current.get(table.table.oid);
      if (now === undefined) {
        if (table.state === 'gone') continue;
        await job.sink.markTable(table.table.oid, 'gone');
        settled = true;
      } else {
        tables.push({ table: now, state: 'changed', key: null, ranges: [] });
      }
    }
    const copier = new TableCopier(job, snapshot);
    await copier.copy(tables);
    return settled || copier.copied > 0;
  }
}
