import { mentionsMoment } from '../../../ddl/moments.ts';
import type { Statement } from '../../../ddl/statements.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';

/**
 * `'now'::timestamp` is the moment at which the statement is read, which is another one here: the views, defaults and checks that the statement
 * brings are then made over with the constants of the source.
 */
export function foldedMoments({ kind, node }: Statement, { details }: DdlCommandEvent): string[] {
  if (!mentionsMoment(node)) return [];
  const made = new Set(details?.commands?.map(({ oid }) => oid));
  const relations = (details?.relations ?? []).filter(({ oid }) => made.has(oid));
  switch (kind) {
    case 'ViewStmt':
      return relations.flatMap(viewAsOnSource);
    case 'CreateStmt':
    case 'AlterTableStmt':
      return relations.flatMap((table) => [...defaultsAsOnSource(table), ...checksAsOnSource(table)]);
    default:
      return [];
  }
}

function viewAsOnSource({ schema, name, kind, options, definition }: TableMetadata): string[] {
  if (kind !== 'v' || definition === undefined) return [];
  const clause = options === undefined ? '' : ` WITH (${options.join(', ')})`;
  return [`CREATE OR REPLACE VIEW ${quoteQualified(schema, name)}${clause} AS ${definition}`];
}

function defaultsAsOnSource(table: TableMetadata): string[] {
  return (table.columns ?? []).flatMap(({ name, default: value, generated }) =>
    value === undefined || generated !== undefined || !value.includes("'")
      ? []
      : [`${alter(table)} ALTER COLUMN ${quoteIdentifier(name)} SET DEFAULT ${value}`],
  );
}

function checksAsOnSource(table: TableMetadata): string[] {
  return (table.constraints ?? []).flatMap(({ name, type, definition }) => {
    if (type !== 'c' || !definition.includes("'")) return [];
    const constraint = quoteIdentifier(name);
    return [`${alter(table)} DROP CONSTRAINT ${constraint}, ADD CONSTRAINT ${constraint} ${definition}`];
  });
}

function alter({ kind, schema, name }: TableMetadata): string {
  return `ALTER ${kind === 'f' ? 'FOREIGN ' : ''}TABLE ${quoteQualified(schema, name)}`;
}
