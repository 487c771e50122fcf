import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { Lsn } from '../../../wal/lsn.ts';
import type { SourcePosition } from '../../../wal/processor.ts';
import type { SnapshotState } from '../../../wal/snapshot.ts';
import { openCheckpoint, readCheckpoint } from '../checkpoint-store.ts';
import { inTransaction } from './in-transaction.ts';
import { replacementPending } from './replacement-names.ts';
import { readHead, readState, writeTableState, type SnapshotHead } from './state-store.ts';
import { emptyTable } from './target-tables.ts';

export interface JoinOptions {
  readonly source: SourcePosition;
  readonly target: string;
  /** A target without a checkpoint is filled first. */
  readonly initial: boolean;
  /** Tables whose rows turned out not to fit together: oid on the source, name here. */
  readonly startOver: ReadonlyMap<number, { readonly schema: string; readonly name: string }>;
  readonly replicaRole: boolean;
}

export interface Joined {
  readonly position: Lsn;
  /** A copy whose end lies in the stream; null: there is none. */
  readonly copy: { readonly head: SnapshotHead; readonly state: SnapshotState } | null;
}

/** Where the target stands in the stream; null: it has to be filled before it has a place there. */
export async function joinStream(session: SqlSession, options: JoinOptions): Promise<Joined | null> {
  const { source, target, initial } = options;
  const head = await readHead(session, source);
  if ((head !== null && head.phase !== 'catchup') || (await replacementPending(session, source))) return null;
  if (head === null && initial && (await readCheckpoint(session, source)) === null) return null;
  const position = await openCheckpoint(session, source, target);
  if (head === null) return { position, copy: null };
  await emptyAgain(session, head, options);
  return { position, copy: { head, state: await readState(session, head) } };
}

async function emptyAgain(
  session: SqlSession,
  head: SnapshotHead,
  { startOver, replicaRole }: JoinOptions,
): Promise<void> {
  for (const [oid, table] of startOver) {
    await inTransaction(session, async () => {
      await emptyTable(session, table, { replicaRole });
      await writeTableState(session, head.id, oid, 'changed');
    });
  }
}
