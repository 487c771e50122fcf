import { sqlstateOf } from '../../postgres/client.ts';
import { APPLY_OPTIONS } from '../../postgres/pinned-settings.ts';
import type { PipelineFailure } from '../../postgres/pipeline-failure.ts';
import { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';

export interface ApplyConnection {
  readonly connection: PipelinedConnection;
  /** The target's triggers, rules and foreign keys stay silent. */
  readonly replicaRole: boolean;
  /** synchronous_commit is off: an answered COMMIT is not yet durable. */
  readonly asynchronousCommit: boolean;
}

const PERMISSION_DENIED = '42501';

/** Connects with as many of the pinned settings as the role may set. */
export async function openApplyConnection(
  url: string,
  signal: AbortSignal,
  onFailure: (failure: PipelineFailure) => void,
  applicationName = 'walcast apply',
): Promise<ApplyConnection> {
  let refused: unknown;
  for (const { options, replicaRole } of APPLY_OPTIONS) {
    try {
      const connection = await PipelinedConnection.connect(
        { url, applicationName, options, side: 'target', signal },
        onFailure,
      );
      const { rows } = await connection.query("select current_setting('synchronous_commit') as commit");
      return { connection, replicaRole, asynchronousCommit: rows[0]?.['commit'] === 'off' };
    } catch (error) {
      if (!isWalcastError(error) || sqlstateOf(error.cause) !== PERMISSION_DENIED) throw error;
      refused = error;
    }
  }
  throw refused;
}
