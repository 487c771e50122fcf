import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { SourcePosition } from '../../../wal/processor.ts';
import { openApplyConnection } from '../apply-connection.ts';
import type { ReplayPolicies } from '../ddl-applier.ts';

/** Who fills which target, and by which rules. */
export interface SnapshotContext {
  readonly target: string;
  /** Of the database that is filled: with `replace` not the target's own until the end. */
  readonly url: string;
  readonly source: SourcePosition;
  readonly replay: ReplayPolicies;
  readonly signal: AbortSignal;
}

export interface SnapshotConnection {
  readonly connection: PipelinedConnection;
  readonly replicaRole: boolean;
}

/** With the settings of the stream's own, which silence the target's triggers; commits are made durable together, phase by phase. */
export async function openSnapshotConnection({ url, signal }: SnapshotContext): Promise<SnapshotConnection> {
  signal.throwIfAborted();
  const { connection, replicaRole } = await openApplyConnection(url, signal, () => undefined, 'walcast snapshot');
  signal.addEventListener('abort', () => connection.close(), { once: true });
  await connection.execute('set synchronous_commit = off');
  return { connection, replicaRole };
}

/** With `count` more connections for as long as the work takes. */
export async function withConnections<T>(
  context: SnapshotContext,
  count: number,
  work: (connections: readonly SnapshotConnection[]) => Promise<T>,
): Promise<T> {
  const opened: SnapshotConnection[] = [];
  try {
    for (let n = 0; n < count; n++) opened.push(await openSnapshotConnection(context));
    return await work(opened);
  } finally {
    for (const { connection } of opened) connection.close();
  }
}
