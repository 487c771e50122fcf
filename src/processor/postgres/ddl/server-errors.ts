import { PostgresError } from '../../../postgres/postgres-error.ts';

/** Passing conditions and lost connections (docs/current/errcodes-appendix.html): the whole transaction is tried again by the caller. */
const PASSING = /^(08|40|53|57P0|55P03|57014|58030)/;

export function isPostgresFailure(error: unknown, sqlstates: readonly string[]): error is PostgresError {
  return error instanceof PostgresError && sqlstates.includes(error.sqlstate);
}

/** The server refused the statement itself; anything else is not about the statement. */
export function isRefusal(error: unknown): error is PostgresError {
  return error instanceof PostgresError && !PASSING.test(error.sqlstate);
}
