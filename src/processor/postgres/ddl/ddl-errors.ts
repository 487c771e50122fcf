import { WalcastError } from '../../../errors/walcast-error.ts';
import type { PostgresError } from '../../../postgres/postgres-error.ts';
import { describeDifferences } from '../../../schema/compare-tables.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { ShapeMismatch } from './verify-shapes.ts';

const SHOWN_LENGTH = 2_000;
/** Their options hold passwords. */
const SECRETIVE = /SERVER|USER MAPPING|FOREIGN DATA WRAPPER|SUBSCRIPTION/;

/** A statement as logs, errors and `ddl list` may show it. */
export function shownStatement(tag: string, sql: string): string {
  if (SECRETIVE.test(tag)) return `${tag} … (options are not shown)`;
  return sql.length <= SHOWN_LENGTH ? sql : `${sql.slice(0, SHOWN_LENGTH)}… (${sql.length} characters)`;
}

function head({ tag, caller }: DdlCommandEvent): string {
  return caller.role === '' ? tag : `${tag} by ${caller.role}`;
}

function fields(event: DdlCommandEvent, sql?: string): Record<string, unknown> {
  const objects = [...(event.details?.commands ?? []), ...(event.details?.dropped ?? [])].flatMap(
    ({ identity }) => identity ?? [],
  );
  const statement = sql ?? event.text;
  return {
    lsn: event.at,
    tag: event.tag,
    objects: objects.slice(0, 20),
    ...(statement === undefined ? {} : { statement: shownStatement(event.tag, statement) }),
  };
}

export function unsupported(event: DdlCommandEvent, why: string): WalcastError {
  return new WalcastError('E_DDL_UNSUPPORTED', `${head(event)} cannot be replayed: ${why}.`, { fields: fields(event) });
}

export function unmatched(event: DdlCommandEvent, why: string): WalcastError {
  return new WalcastError('E_DDL_UNMATCHED', `${head(event)} cannot be replayed: ${why}.`, { fields: fields(event) });
}

export function failed(event: DdlCommandEvent, sql: string, cause: PostgresError): WalcastError {
  const detail = [cause.detail, cause.hint].filter((line) => line !== undefined).join(' ');
  return new WalcastError(
    'E_DDL_FAILED',
    `${head(event)} was refused by the target: ${cause.message}${detail === '' ? '' : ` (${detail})`}`,
    {
      cause,
      fields: { ...fields(event, sql), sqlstate: cause.sqlstate },
    },
  );
}

export function mismatch(event: DdlCommandEvent, sql: string, found: readonly ShapeMismatch[]): WalcastError {
  const lines = found
    .slice(0, 5)
    .map(({ table, differences }) => describeDifferences(`${table.schema}.${table.name}`, differences));
  return new WalcastError('E_DDL_MISMATCH', `After ${head(event)} the target differs:\n${lines.join('\n')}`, {
    fields: fields(event, sql),
  });
}

export function stillThere(event: DdlCommandEvent, sql: string, left: readonly string[]): WalcastError {
  return new WalcastError('E_DDL_MISMATCH', `After ${head(event)} the target still has ${left.join(', ')}.`, {
    fields: fields(event, sql),
  });
}

export function notThere(event: DdlCommandEvent, sql: string, lacking: readonly string[]): WalcastError {
  return new WalcastError('E_DDL_MISMATCH', `After ${head(event)} the target lacks ${lacking.join(', ')}.`, {
    fields: fields(event, sql),
  });
}
