import type pg from 'pg';

/** An ErrorResponse of a server, field by field (https://www.postgresql.org/docs/current/protocol-error-fields.html). */
export class PostgresError extends Error {
  readonly sqlstate: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly constraint: string | undefined;
  readonly where: string | undefined;

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get('M') ?? 'unknown server error');
    this.name = 'PostgresError';
    this.sqlstate = fields.get('C') ?? 'XX000';
    this.detail = fields.get('D');
    this.hint = fields.get('H');
    this.schema = fields.get('s');
    this.table = fields.get('t');
    this.column = fields.get('c');
    this.constraint = fields.get('n');
    this.where = fields.get('W');
  }
}

/** The same from the driver's own form of it. */
export function fromDatabaseError(error: pg.DatabaseError): PostgresError {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['M', error.message],
    ['C', error.code],
    ['D', error.detail],
    ['H', error.hint],
    ['s', error.schema],
    ['t', error.table],
    ['c', error.column],
    ['n', error.constraint],
    ['W', error.where],
  ];
  return new PostgresError(
    new Map(fields.filter((field): field is readonly [string, string] => field[1] !== undefined)),
  );
}
