import type { PipelinedConnection } from '../../postgres/pipelined-connection.ts';
import { ADVANCE_SQL, ADVANCE_STATEMENT } from './checkpoint-store.ts';
import { RELEASE_STATEMENT, SAVEPOINT_STATEMENT } from './sets/slice.ts';

/** What every transaction on the target begins and ends with. */
export function prepareFixedStatements(connection: PipelinedConnection): void {
  connection.prepare('begin', 'begin', []);
  connection.prepare('commit', 'commit', []);
  connection.prepare('defer', 'set constraints all deferred', []);
  connection.prepare(SAVEPOINT_STATEMENT, 'savepoint slice', []);
  connection.prepare(RELEASE_STATEMENT, 'release slice', []);
  connection.prepare(ADVANCE_STATEMENT, ADVANCE_SQL, []);
}
