import { isWalcastError, WalcastError } from '../../errors/walcast-error.ts';
import { sqlstateOf } from '../../postgres/client.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import { classifySqlstate } from '../../sql/sqlstate.ts';
import type { SnapshotTable } from '../../wal/snapshot.ts';

const INSUFFICIENT_PRIVILEGE = '42501';
/** snapshot_too_old: another snapshot reads on. */
const SNAPSHOT_TOO_OLD = '72000';

/** What the server said about reading a table; anything but a server's error stays what it is. */
export function readFailure(error: unknown, { metadata: { schema, name } }: SnapshotTable): unknown {
  if (isWalcastError(error) || !(error instanceof PostgresError)) return error;
  const sqlstate = sqlstateOf(error) ?? '';
  const fields = { table: `${schema}.${name}`, sqlstate };
  if (sqlstate === INSUFFICIENT_PRIVILEGE) {
    return new WalcastError('E_SNAPSHOT_RIGHTS', `${schema}.${name}: ${error.message}`, { cause: error, fields });
  }
  return new WalcastError('E_SNAPSHOT_READ', `reading ${schema}.${name}: ${error.message}`, {
    cause: error,
    retryable: sqlstate === SNAPSHOT_TOO_OLD || classifySqlstate(sqlstate) !== 'stop',
    fields,
  });
}
