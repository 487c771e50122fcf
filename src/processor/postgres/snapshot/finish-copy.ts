import type { SqlSession } from '../../../postgres/sql-session.ts';
import { inTransaction } from './in-transaction.ts';
import { dropReplaced } from './replacement.ts';
import { refreshStaleViews } from './refresh-views.ts';
import { openSnapshotConnection, type SnapshotContext } from './snapshot-context.ts';
import { forgetDetails, readHead, writePhase } from './state-store.ts';
import { validatePostponed } from './validate-keys.ts';

/** After the last cut: keys that were put off are validated, and of the copy only that it is done stays. */
export async function finishCopy(context: SnapshotContext): Promise<void> {
  const { connection } = await openSnapshotConnection(context);
  try {
    const head = await readHead(connection, context.source);
    if (head === null) return;
    await refreshStaleViews(context, connection, head.id);
    await validatePostponed(context, connection, head);
    await endCopy(connection, head.id);
    await dropReplaced(connection, context);
  } finally {
    connection.close();
  }
}

async function endCopy(session: SqlSession, id: string): Promise<void> {
  await inTransaction(session, async () => {
    await session.execute('set local synchronous_commit = on');
    await writePhase(session, id, 'done');
    await forgetDetails(session, id);
  });
}
