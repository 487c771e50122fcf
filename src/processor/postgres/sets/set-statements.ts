import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { Relation } from '../../../wal/relation.ts';
import { UpdateVariants } from './update-variants.ts';
import type { TargetColumn, TargetKey, TargetTable } from '../rows/target-table.ts';

/** A statement over many rows. Parameter p is the array of the values of column `columns[p]` of the relation. */
export interface SetStatement {
  readonly sql: string;
  readonly types: readonly number[];
  readonly columns: Int32Array;
  /** How each parameter's array is written. */
  readonly forms: Uint8Array;
  /** Delimiter of each parameter's array text. */
  readonly delimiters: Uint8Array;
  /** Type of the elements of each parameter's array, whose binary form says it. */
  readonly elements: Int32Array;
  /**
   * The same, failing by division by zero unless it hits as many rows as one more parameter says. It costs about a microsecond a row, and saves
   * the wait for the count.
   */
  readonly checked: string;
  readonly checkedTypes: readonly number[];
}

/** How an array is written. */
export const FORM = {
  /** Text, each element in quotes. */
  quoted: 0,
  /** Text of values that never need quotes, half the work for both sides. */
  bare: 1,
  /** Elements with their lengths. Those whose binary form is their text need no escapes and are not read letter by letter. */
  binary: 2,
} as const;

export interface SetPlan {
  /** Values are in binary form. */
  readonly binary: boolean;
  readonly keyColumns: Int32Array;
  readonly columns: number;
  readonly updates: UpdateVariants;
  readonly remove: SetStatement;
}

const INT8 = 20;
const TEXT = 25;
const TEXT_ARRAY = 1009;
/** Digits and letters at most, never a word that means NULL: bool, int8, int2, int4, oid, float4, float8, numeric, uuid. */
const BARE_TYPES: ReadonlySet<number> = new Set([16, 20, 21, 23, 26, 700, 701, 1700, 2950]);
/** json, bpchar, varchar and text: the same bytes in both formats. */
const SAME_IN_BINARY: ReadonlySet<number> = new Set([114, 1042, 1043, TEXT]);
const COMMA = 0x2c;

/**
 * How the rows of a relation can be written as sets; null where only row by row is right: no usable key, a generated identity (SQL can't set
 * it), or a type that has no way through an array.
 */
export function planSets(relation: Relation, table: TargetTable, targets: readonly TargetColumn[]): SetPlan | null {
  const key = setKey(relation, table);
  if (key === null || targets.some((column) => column.identityAlways || column.textCast)) return null;
  const position = (name: string): number => relation.columns.findIndex((column) => column.name === name);
  const keyColumns = key.columns.map(({ name }) => position(name));
  const values = relation.columns.map((_, i) => i).filter((i) => !keyColumns.includes(i));
  const name = `${table.partitioned ? '' : 'only '}${quoteQualified(table.schema, table.name)}`;
  const match = (columns: readonly number[]): string =>
    key.columns
      .map(
        ({ name: column, operator }) =>
          `t.${quoteIdentifier(column)} ${operator} ${valueOf(targets, columns, position(column))}`,
      )
      .join(' and ');
  const update = (unchanged: Uint8Array): SetStatement | null => {
    const changed = values.filter((i) => unchanged[i] === 0);
    if (changed.length === 0) return null;
    const all = [...keyColumns, ...changed];
    const assignments = changed.map(
      (i) => `${quoteIdentifier((targets[i] as TargetColumn).name)} = ${valueOf(targets, all, i)}`,
    );
    return statement(
      `update ${name} as t set ${assignments.join(', ')} from ${unnest(all)} where ${match(all)}`,
      relation,
      targets,
      all,
    );
  };
  const keyPlaces = Int32Array.from(keyColumns);
  return {
    binary: relation.binary === true,
    keyColumns: keyPlaces,
    columns: relation.columns.length,
    updates: new UpdateVariants(relation.columns.length, keyPlaces, update),
    remove: statement(
      `delete from ${name} as t using ${unnest(keyColumns)} where ${match(keyColumns)}`,
      relation,
      targets,
      keyColumns,
    ),
  };
}

/** Columns by name: the target's may stand in another order. */
export function copyStatement(relation: Relation, table: TargetTable): string {
  const columns = relation.columns.map(({ name }) => quoteIdentifier(name));
  const format = relation.binary === true ? ' with (format binary)' : '';
  return `copy ${quoteQualified(table.schema, table.name)} (${columns.join(', ')}) from stdin${format}`;
}

/** Without old tuples only the columns of the replica identity are known; they have to be an exact key of the target. */
function setKey(relation: Relation, table: TargetTable): TargetKey | null {
  if (relation.replicaIdentity === 'f' || relation.replicaIdentity === 'n') return null;
  const names = new Set(relation.columns.filter(({ key }) => key).map(({ name }) => name));
  if (names.size === 0) return null;
  return (
    table.keys.find(
      (key) => key.exact && key.columns.length === names.size && key.columns.every(({ name }) => names.has(name)),
    ) ?? null
  );
}

function statement(
  sql: string,
  relation: Relation,
  targets: readonly TargetColumn[],
  columns: readonly number[],
): SetStatement {
  const parameters = columns.map((i) => parameterOf(relation, i, targets[i] as TargetColumn));
  const types = parameters.map(({ type }) => type);
  return {
    sql,
    types,
    checked: `with hit as (${sql} returning 1) select 1 / (count(*) = $${types.length + 1})::int from hit`,
    checkedTypes: [...types, INT8],
    columns: Int32Array.from(columns),
    forms: Uint8Array.from(parameters, ({ form }) => form),
    delimiters: Uint8Array.from(parameters, ({ delimiter }) => delimiter),
    elements: Int32Array.from(parameters, ({ element }) => element),
  };
}

/** What needs no quotes is known of the source's values only if its type says so as well. */
function parameterOf(
  relation: Relation,
  column: number,
  target: TargetColumn,
): { type: number; form: number; delimiter: number; element: number } {
  if (!direct(target)) return { type: TEXT_ARRAY, form: FORM.binary, delimiter: COMMA, element: TEXT };
  const { arrayOid: type, typeOid: element, delimiter } = target;
  const bare = BARE_TYPES.has(element) && BARE_TYPES.has(relation.columns[column]?.typeOid ?? 0);
  const counted = relation.binary === true || SAME_IN_BINARY.has(element);
  return { type, form: counted ? FORM.binary : bare ? FORM.bare : FORM.quoted, delimiter, element };
}

/** In the list of a SELECT the arrays are walked side by side; in FROM each would be stored first. */
function unnest(columns: readonly number[]): string {
  return `(select ${columns.map((_, p) => `unnest($${p + 1}) as c${p}`).join(', ')}) as u`;
}

function valueOf(targets: readonly TargetColumn[], columns: readonly number[], column: number): string {
  const target = targets[column] as TargetColumn;
  const value = `u.c${columns.indexOf(column)}`;
  return direct(target) ? value : `${value}::${target.typeName}`;
}

/** Arrays of arrays do not exist, and unnest would take a composite apart: such values travel as text and are cast by input function. */
function direct(column: TargetColumn): boolean {
  return column.arrayOid !== 0 && !column.nested;
}
