import { setTimeout as delay } from 'node:timers/promises';
import { WalcastError } from '../../errors/walcast-error.ts';
import { parseLsn } from '../../wal/lsn.ts';
import type { Cut } from '../../wal/snapshot.ts';
import { parseSnapshot } from '../../wal/visibility.ts';
import { DEFAULT_LIMITS, type SnapshotLimits } from './limits.ts';
import { ReadSession } from './read-session.ts';
import { stillCommitting, waitingCommits } from './waiting-commits.ts';

export interface SourceSnapshotOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  /** A stream goes on from the cut: commits that the stream may not bring have to be in it. */
  readonly streamed: boolean;
  readonly limits?: SnapshotLimits;
}

const BEGIN = 'begin isolation level repeatable read read only';
const TAKE = `select pg_current_snapshot()::text as snapshot, pg_export_snapshot() as id, pg_is_in_recovery()::text as recovery,
       current_setting('server_version_num') as version`;

/**
 * On a standby the position is that of the replay, which a commit passes after it became visible: good for telling about, of no use to a
 * stream.
 */
const UNTIL = `select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end)::text as position`;

const SETTLE_PAUSE_MS = 100;

/** What the source held at one moment, for other connections to read as well, until it is closed. */
export class SourceSnapshot {
  readonly cut: Cut;
  /** For `set transaction snapshot`, as long as this is open. */
  readonly exportId: string;
  readonly serverVersion: number;
  /** Taken on a standby. */
  readonly recovery: boolean;
  /** Reads under the snapshot. What locks a relation until the end of a transaction must not be asked here. */
  readonly session: ReadSession;

  private constructor(session: ReadSession, cut: Cut, taken: Readonly<Record<string, string | null>>) {
    this.session = session;
    this.cut = cut;
    this.exportId = taken['id'] ?? '';
    this.serverVersion = Number(taken['version']);
    this.recovery = taken['recovery'] === 'true';
  }

  static async open(options: SourceSnapshotOptions): Promise<SourceSnapshot> {
    const { url, signal, streamed, limits = DEFAULT_LIMITS } = options;
    const session = await ReadSession.connect({ url, signal, statementTimeoutMs: limits.statementTimeoutMs });
    try {
      const end = performance.now() + limits.settleMs;
      for (;;) {
        const waiting = streamed ? await waitingCommits(session) : [];
        const snapshot = await SourceSnapshot.#take(session);
        if (!stillCommitting(waiting, snapshot.cut.snapshot)) return snapshot;
        await session.execute('rollback');
        if (performance.now() > end) throw unsettled(limits);
        await delay(SETTLE_PAUSE_MS, undefined, { signal });
      }
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  static async #take(session: ReadSession): Promise<SourceSnapshot> {
    await session.execute(BEGIN);
    const taken = (await session.query(TAKE)).rows[0] ?? {};
    // A statement of its own: whoever is visible in the snapshot has written its commit record before this position.
    const until = (await session.query(UNTIL)).rows[0]?.['position'];
    const cut = { snapshot: parseSnapshot(taken['snapshot'] ?? ''), until: parseLsn(until ?? '') };
    return new SourceSnapshot(session, cut, taken);
  }
}

function unsettled({ settleMs }: SnapshotLimits): WalcastError {
  return new WalcastError(
    'E_SNAPSHOT_UNSETTLED',
    `for ${settleMs / 1000} s there was always a commit on the source that waited for a synchronous standby`,
  );
}
