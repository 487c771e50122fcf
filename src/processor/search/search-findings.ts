import type { TypeResolver } from '../../documents/types/type-resolver.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';
import { fieldLimitProblem } from './mapping/field-limit.ts';
import { unknownFields } from './mapping/field-options.ts';
import type { FieldOptions } from './mapping/field-types.ts';
import { aliasName, isShared } from './tables/alias-name.ts';
import { definitionOf } from './tables/index-definition.ts';
import { rowColumns, shapeOf, tableName } from './tables/table-shape.ts';

/** Something of the source's schema that a search target takes in another way than one would think, or not at all. */
export interface SearchFinding {
  readonly level: 'warning' | 'error';
  readonly what: string;
  readonly cure: string;
}

interface ChosenTable {
  readonly skip: boolean;
  readonly routing?: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, FieldOptions>>;
}

export interface FindingOptions {
  readonly index: string;
  readonly fields: 'ids' | 'names';
  /** Of every index. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** By `schema.table`. */
  readonly tables: Readonly<Record<string, ChosenTable>>;
}

/** Columns, names and tables that need a word; of partitions only the tables at the top count. */
export async function searchFindings(
  tables: readonly TableMetadata[],
  options: FindingOptions,
  resolver: TypeResolver,
): Promise<SearchFinding[]> {
  const findings: SearchFinding[] = [];
  const followed = tables.filter((table) => table.partition_bound === undefined);
  const names = new Set(followed.map(tableName));
  for (const name of Object.keys(options.tables)) {
    if (!names.has(name))
      findings.push({
        level: 'warning',
        what: `tables: the source has no table ${name}`,
        cure: 'Correct or remove it.',
      });
  }
  const aliases = new Map<string, string>();
  for (const table of followed) {
    const name = tableName(table);
    const chosen = options.tables[name];
    if (chosen?.skip === true) continue;
    const alias = aliasName(options.index, table);
    const other = aliases.get(alias);
    if (other !== undefined && !isShared(options.index))
      findings.push({
        level: 'error',
        what: `${name} and ${other} would both be found as ${alias}`,
        cure: 'Put {schema} and {table} into `index`.',
      });
    aliases.set(alias, name);
    findings.push(...(await ofTable(table, chosen, options, resolver)));
  }
  return findings;
}

async function ofTable(
  table: TableMetadata,
  chosen: ChosenTable | undefined,
  { index, fields, settings }: FindingOptions,
  resolver: TypeResolver,
): Promise<SearchFinding[]> {
  const name = tableName(table);
  const types = await resolver.resolve(rowColumns(table).map((column) => column.type_oid));
  const shape = shapeOf(table, 'id', types, { fields: chosen?.fields ?? {} }, null);
  const findings: SearchFinding[] = [];
  if (shape.key === null)
    findings.push({
      level: 'warning',
      what: `${name} has no key: it is not indexed`,
      cure: 'Give it a primary key, or a unique index over columns that are NOT NULL.',
    });
  const unknown = [
    ...unknownFields(chosen?.fields ?? {}, shape.columns),
    ...(chosen?.routing === undefined ? [] : unknownFields({ [chosen.routing]: {} }, shape.columns)),
  ];
  if (unknown.length > 0)
    findings.push({
      level: 'error',
      what: `${name} has no column ${unknown.join(', ')}`,
      cure: 'Correct `tables` of the target.',
    });
  try {
    const { notes, fieldCount } = definitionOf(shape, { fields, shared: isShared(index), gone: [] });
    const limit = fieldLimitProblem(fieldCount, { ...settings, ...chosen?.settings });
    if (limit !== null)
      findings.push({
        level: 'error',
        what: `${name} ${limit}`,
        cure: 'Raise it in `settings`, or leave it out: it is set by need.',
      });
    for (const { column, text } of notes)
      findings.push({ level: 'warning', what: `${name}.${column}: ${text}`, cure: '' });
  } catch (error) {
    if (!isWalcastError(error)) throw error;
    findings.push({ level: 'error', what: `${name}: ${error.message}`, cure: error.hint });
  }
  return findings;
}
