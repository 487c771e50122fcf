import { quoteIdentifier, quoteQualified } from '../sql/quote.ts';
import type { ColumnMetadata, TableMetadata } from '../wal/table-metadata.ts';

/** Columns, their types and storage: what CREATE TABLE AS leaves behind. Expressions in the metadata are SQL already. */
export function createBareTable(table: TableMetadata): string {
  const columns = (table.columns ?? []).map((column) => bareColumn(column));
  return `${head(table)} (${columns.join(', ')})${tail(table)}`;
}

/** The whole table with defaults, constraints and indexes, one statement each. */
export function createWholeTable(table: TableMetadata): string[] {
  const name = quoteQualified(table.schema, table.name);
  const constraints = table.constraints ?? [];
  const notNullByName = constraints.some(({ type }) => type === 'n');
  const columns = (table.columns ?? []).map((column) => {
    const value =
      column.identity !== undefined
        ? ` GENERATED ${column.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY`
        : column.generated !== undefined
          ? ` GENERATED ALWAYS AS (${column.generated})${column.generated_kind === 'v' ? '' : ' STORED'}`
          : column.default !== undefined
            ? ` DEFAULT ${column.default}`
            : '';
    return `${bareColumn(column)}${value}${column.not_null === true && !notNullByName ? ' NOT NULL' : ''}`;
  });
  const backed = new Set(constraints.map((constraint) => constraint.name));
  return [
    `${head(table)} (${columns.join(', ')})${table.partition_key === undefined ? '' : ` PARTITION BY ${table.partition_key}`}${tail(table)}`,
    ...[...constraints]
      .sort(keysFirst)
      .map((k) => `ALTER TABLE ${name} ADD CONSTRAINT ${quoteIdentifier(k.name)} ${k.definition}`),
    ...(table.indexes ?? []).filter((index) => !backed.has(index.name)).map(({ definition }) => definition),
  ];
}

function keysFirst(a: { readonly type: string }, b: { readonly type: string }): number {
  const rank = ({ type }: { readonly type: string }): number => ['n', 'p', 'u'].indexOf(type) & 3;
  return rank(a) - rank(b);
}

function head(table: TableMetadata): string {
  return `CREATE ${table.persistence === 'u' ? 'UNLOGGED ' : ''}TABLE ${quoteQualified(table.schema, table.name)}`;
}

function tail({ access_method, options, tablespace }: TableMetadata): string {
  return [
    access_method === undefined ? '' : ` USING ${quoteIdentifier(access_method)}`,
    options === undefined ? '' : ` WITH (${options.join(', ')})`,
    tablespace === undefined ? '' : ` TABLESPACE ${quoteIdentifier(tablespace)}`,
  ].join('');
}

function bareColumn({ name, type, collation }: ColumnMetadata): string {
  return `${quoteIdentifier(name)} ${type}${collation === undefined ? '' : ` COLLATE ${collation}`}`;
}
