/**
 * What to do about a server error, decided by its SQLSTATE, never by its text
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 *
 * - `retry`: nothing of the transaction is there; the same again may well succeed.
 * - `ambiguous`: it is unknown whether the transaction committed. Read the checkpoint first; retry only if it did not move.
 * - `stop`: the same again fails the same way; a person has to look.
 */
export type SqlstateAction = 'retry' | 'ambiguous' | 'stop';

/** Looked up before the classes. */
const CODES: ReadonlyMap<string, SqlstateAction> = new Map<string, SqlstateAction>([
  // transaction_rollback, serialization_failure, deadlock_detected: the server rolled back and asks for another try
  ['40000', 'retry'],
  ['40001', 'retry'],
  ['40P01', 'retry'],
  // statement_completion_unknown: the one code that says itself that nobody knows
  ['40003', 'ambiguous'],
  // protocol_violation: one side speaks wrongly, and will again
  ['08P01', 'stop'],
  // the connection ends (shutdown, crash, start-up); a COMMIT on its way may have been written before
  ['57P01', 'ambiguous'],
  ['57P02', 'ambiguous'],
  ['57P03', 'ambiguous'],
  // idle_session_timeout: it ends sessions that wait outside a transaction
  ['57P05', 'ambiguous'],
  // undefined_file, duplicate_file: nothing that waiting mends
  ['58P01', 'stop'],
  ['58P02', 'stop'],
  // query_canceled: statement_timeout or a person; the transaction is rolled back
  ['57014', 'retry'],
  // object_in_use (a slot, a database), lock_not_available, e.g. lock_timeout: others hold it, for now
  ['55006', 'retry'],
  ['55P03', 'retry'],
  // idle_in_transaction_session_timeout, transaction_timeout: the connection is gone, the transaction with it; a COMMIT that ran into
  // it never began
  ['25P03', 'retry'],
  ['25P04', 'retry'],
  // read_only_sql_transaction: a failover left us on a standby; it passes
  ['25006', 'retry'],
]);

/** By the first two characters. Whatever isn't here stops. */
const CLASSES: ReadonlyMap<string, SqlstateAction> = new Map<string, SqlstateAction>([
  // connection exception
  ['08', 'ambiguous'],
  // insufficient resources: disk full, out of memory, too many connections
  ['53', 'retry'],
  // system error outside of PostgreSQL, such as I/O; a checkpointed retry is safe, an endless one is bounded by the caller
  ['58', 'retry'],
]);

/**
 * 0A (feature not supported), 22 (data), 23 (constraints), 28 (authorization), 3D and 3F (missing database or schema), 40002 (a constraint), 42
 * (syntax, access), 54 (limits), P0 (raised by user code) and XX (internal, corruption) all stop.
 */
export function classifySqlstate(sqlstate: string): SqlstateAction {
  return CODES.get(sqlstate) ?? CLASSES.get(sqlstate.slice(0, 2)) ?? 'stop';
}
