import { WalcastError } from '../../../errors/walcast-error.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { Relation, RelationColumn } from '../../../wal/relation.ts';
import type { TargetColumn, TargetKey, TargetTable } from './target-table.ts';

/** SQL of one kind of row change, and where its parameters come from. */
export interface RowStatement {
  readonly sql: string;
  /** Type oids of the target's columns, so that each value goes through exactly that type's input function. */
  readonly types: readonly number[];
  /** Parameter p is column `columns[p]` of the relation … */
  readonly columns: Int32Array;
  /** … of the old tuple (1) or the new one (0). */
  readonly fromOld: Uint8Array;
}

class Parameters {
  readonly types: number[] = [];
  readonly columns: number[] = [];
  readonly fromOld: number[] = [];

  add(column: number, target: TargetColumn, fromOld: boolean): string {
    this.types.push(target.typeOid);
    this.columns.push(column);
    this.fromOld.push(fromOld ? 1 : 0);
    return `$${this.types.length}`;
  }

  statement(sql: string): RowStatement {
    return { sql, types: this.types, columns: Int32Array.from(this.columns), fromOld: Uint8Array.from(this.fromOld) };
  }
}

/** The relation's columns with their counterparts; a column that the target lacks would lose its values, so it is an error. */
export function matchColumns(relation: Relation, table: TargetTable): readonly TargetColumn[] {
  return relation.columns.map((column) => {
    const target = table.columns.get(column.name);
    if (target === undefined || target.generated) {
      const name = `${relation.schema}.${relation.name}`;
      throw new WalcastError(
        'E_TARGET_SHAPE',
        target === undefined
          ? `table ${name} of the target has no column ${column.name}`
          : `column ${column.name} of ${name} is generated on the target only`,
        { fields: { table: name } },
      );
    }
    return target;
  });
}

export function insertStatement(relation: Relation, table: TargetTable): RowStatement {
  const targets = matchColumns(relation, table);
  const parameters = new Parameters();
  const name = quoteQualified(table.schema, table.name);
  if (targets.length === 0) return parameters.statement(`insert into ${name} default values`);
  const values = targets.map((target, i) => parameters.add(i, target, false));
  const columns = targets.map((target) => quoteIdentifier(target.name));
  return parameters.statement(
    `insert into ${name} (${columns.join(', ')}) overriding system value values (${values.join(', ')})`,
  );
}

/** @param old what the message carries of the old row */
export function deleteStatement(relation: Relation, table: TargetTable, old: 'key' | 'full'): RowStatement {
  const targets = matchColumns(relation, table);
  const parameters = new Parameters();
  const where = findRow(relation, table, targets, parameters, old === 'full' ? 'full' : 'key', true);
  return parameters.statement(`delete from ${only(table)} where ${where}`);
}

/** @param unchanged column i is unchanged TOAST and keeps the value that the target has */
export function updateStatement(
  relation: Relation,
  table: TargetTable,
  old: 'none' | 'key' | 'full',
  unchanged: (column: number) => boolean,
): RowStatement {
  const targets = matchColumns(relation, table);
  const parameters = new Parameters();
  const assignments: string[] = [];
  targets.forEach((target, i) => {
    const sameKey = old === 'none' && relation.columns[i]?.key === true;
    if (unchanged(i) || sameKey || target.identityAlways) return;
    assignments.push(`${quoteIdentifier(target.name)} = ${parameters.add(i, target, false)}`);
  });
  if (assignments.length === 0) {
    // Nothing to write, but the row has to be there all the same.
    const first = targets.find((target) => !target.identityAlways);
    if (first !== undefined) assignments.push(`${quoteIdentifier(first.name)} = ${quoteIdentifier(first.name)}`);
  }
  let where = findRow(relation, table, targets, parameters, old === 'full' ? 'full' : 'key', old !== 'none');
  targets.forEach((target, i) => {
    // SQL cannot update a GENERATED ALWAYS identity. It does not change on the source either; if it did, no row is hit and we stop.
    if (!target.identityAlways || unchanged(i) || (old === 'none' && relation.columns[i]?.key === true)) return;
    where += ` and ${quoteIdentifier(target.name)} = ${parameters.add(i, target, false)}`;
  });
  if (assignments.length === 0) return parameters.statement(`select 1 from ${only(table)} where ${where} for update`);
  return parameters.statement(`update ${only(table)} set ${assignments.join(', ')} where ${where}`);
}

function findRow(
  relation: Relation,
  table: TargetTable,
  targets: readonly TargetColumn[],
  parameters: Parameters,
  image: 'key' | 'full',
  fromOld: boolean,
): string {
  const key = image === 'full' ? exactKey(relation, table) : identityKey(relation, table);
  if (key !== null) {
    return key.columns
      .map(({ name, operator }) => {
        const i = relation.columns.findIndex((column) => column.name === name);
        return `${quoteIdentifier(name)} ${operator} ${parameters.add(i, targets[i] as TargetColumn, fromOld)}`;
      })
      .join(' and ');
  }
  if (image === 'key') {
    return relation.columns
      .map((column, i) =>
        column.key
          ? `${quoteIdentifier(column.name)} = ${parameters.add(i, targets[i] as TargetColumn, fromOld)}`
          : null,
      )
      .filter((part) => part !== null)
      .join(' and ');
  }
  // By record image: "=" takes 1.0 for 1.00 and is missing for json. One row of several equal ones. The casts keep *= from being taken
  // column by column.
  const columns = relation.columns.map((column) => quoteIdentifier(column.name));
  const values = relation.columns.map((_, i) => parameters.add(i, targets[i] as TargetColumn, fromOld));
  const condition =
    columns.length === 0
      ? 'true'
      : `row(${columns.join(', ')})::record operator(pg_catalog.*=) row(${values.join(', ')})::record`;
  return `ctid = (select ctid from ${only(table)} where ${condition} limit 1)`;
}

/** The target's unique index on exactly the columns of the source's replica identity. */
function identityKey(relation: Relation, table: TargetTable): TargetKey | null {
  const names = new Set(relation.columns.filter(isKey).map((column) => column.name));
  return (
    table.keys.find((key) => key.columns.length === names.size && key.columns.every(({ name }) => names.has(name))) ??
    null
  );
}

/** With the whole old row at hand any exact key of the target finds it faster than its image. */
function exactKey(relation: Relation, table: TargetTable): TargetKey | null {
  const names = new Set(relation.columns.map((column) => column.name));
  return table.keys.find((key) => key.exact && key.columns.every(({ name }) => names.has(name))) ?? null;
}

function isKey(column: RelationColumn): boolean {
  return column.key;
}

function only(table: TargetTable): string {
  const name = quoteQualified(table.schema, table.name);
  return table.partitioned ? name : `only ${name}`;
}
