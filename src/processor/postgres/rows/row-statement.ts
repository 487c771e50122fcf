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
  /** The same, failing by division by zero unless it hits exactly one row; null: there is no such form. */
  readonly checked: string | null;
}

class Parameters {
  readonly types: number[] = [];
  readonly columns: number[] = [];
  readonly fromOld: number[] = [];

  add(column: number, target: TargetColumn, fromOld: boolean): string {
    return this.#add(column, target.typeOid, fromOld);
  }

  /** A value that a row is found by. */
  find(column: number, target: TargetColumn, fromOld: boolean): string {
    return this.#add(column, target.baseOid, fromOld);
  }

  #add(column: number, type: number, fromOld: boolean): string {
    this.types.push(type);
    this.columns.push(column);
    this.fromOld.push(fromOld ? 1 : 0);
    return `$${this.types.length}`;
  }

  statement(sql: string, checked: string | null = null): RowStatement {
    return {
      sql,
      types: this.types,
      columns: Int32Array.from(this.columns),
      fromOld: Uint8Array.from(this.fromOld),
      checked,
    };
  }

  /** An UPDATE or DELETE. */
  change(sql: string): RowStatement {
    return this.statement(sql, `with hit as (${sql} returning 1) select 1 / (count(*) = 1)::int from hit`);
  }

  /** Where no trigger or rule fires it hits one row, or fails. */
  insert(sql: string): RowStatement {
    return this.statement(sql, sql);
  }
}

/**
 * The relation's columns with their counterparts; a column that the target lacks would lose its values, so it is an error. Values of
 * generated columns (PostgreSQL 18 can publish them) are computed by the target itself.
 */
export function matchColumns(relation: Relation, table: TargetTable): readonly TargetColumn[] {
  return relation.columns.map((column) => {
    const target = table.columns.get(column.name);
    if (target !== undefined) return target;
    const name = `${relation.schema}.${relation.name}`;
    throw new WalcastError('E_TARGET_SHAPE', `table ${name} of the target has no column ${column.name}`, {
      fields: { table: name },
    });
  });
}

export function insertStatement(relation: Relation, table: TargetTable): RowStatement {
  const targets = matchColumns(relation, table);
  const parameters = new Parameters();
  const name = quoteQualified(table.schema, table.name);
  const values = targets.flatMap((target, i) => (target.generated ? [] : [parameters.add(i, target, false)]));
  if (values.length === 0) return parameters.insert(`insert into ${name} default values`);
  const columns = targets.filter(({ generated }) => !generated).map((target) => quoteIdentifier(target.name));
  return parameters.insert(
    `insert into ${name} (${columns.join(', ')}) overriding system value values (${values.join(', ')})`,
  );
}

/** @param old what the message carries of the old row */
export function deleteStatement(relation: Relation, table: TargetTable, old: 'key' | 'full'): RowStatement {
  const targets = matchColumns(relation, table);
  const parameters = new Parameters();
  const where = findRow(relation, table, targets, parameters, old === 'full' ? 'full' : 'key', true);
  return parameters.change(`delete from ${only(table)} where ${where}`);
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
  /** SQL for the new value of each column that may have another one. */
  const values = new Map<string, string>();
  const identities: string[] = [];
  targets.forEach((target, i) => {
    const sameKey = old === 'none' && relation.columns[i]?.key === true;
    if (unchanged(i) || sameKey || target.generated) return;
    values.set(target.name, parameters.add(i, target, false));
    if (target.identityAlways) identities.push(target.name);
  });
  const where = findRow(relation, table, targets, parameters, old === 'full' ? 'full' : 'key', old !== 'none');
  const update = updateOf(table, targets, values);
  if (identities.length > 0) return parameters.statement(replaceIdentities(table, values, identities, where, update));
  // Nothing to write, but the row has to be there all the same.
  if (update === null) return parameters.statement(`select 1 from ${only(table)} where ${where} for update`);
  return parameters.change(`${update} where ${where}`);
}

/** `update … set …`; null: the table has no column that SQL can set. */
function updateOf(
  table: TargetTable,
  targets: readonly TargetColumn[],
  values: ReadonlyMap<string, string>,
): string | null {
  const settable = targets.filter(({ identityAlways, generated }) => !identityAlways && !generated);
  const changed = settable.filter(({ name }) => values.has(name));
  const assignments = (changed.length > 0 ? changed : settable.slice(0, 1)).map(
    ({ name }) => `${quoteIdentifier(name)} = ${values.get(name) ?? quoteIdentifier(name)}`,
  );
  return assignments.length === 0 ? null : `update ${only(table)} set ${assignments.join(', ')}`;
}

/**
 * SQL cannot update a GENERATED ALWAYS identity to a value, while SET … = DEFAULT gives the source's row a new one. A row whose identity
 * became another is taken out and put in again, by the same statement that updates a row whose identity stayed.
 */
function replaceIdentities(
  table: TargetTable,
  values: ReadonlyMap<string, string>,
  identities: readonly string[],
  where: string,
  update: string | null,
): string {
  const same = identities
    .map((name) => `${quoteIdentifier(name)} operator(pg_catalog.=) ${values.get(name) ?? 'null'}`)
    .join(' and ');
  const stayed = `${where} and ${same}`;
  const columns = [...table.columns.values()].filter(({ generated }) => !generated).map(({ name }) => name);
  const row = columns.map((name) => values.get(name) ?? `gone.${quoteIdentifier(name)}`);
  return `with stayed as (${update === null ? `select 1 from ${only(table)} where ${stayed} for update` : `${update} where ${stayed} returning 1`}),
    gone as (delete from ${only(table)} where ${where} and not (${same}) returning *),
    back as (insert into ${quoteQualified(table.schema, table.name)} (${columns.map(quoteIdentifier).join(', ')})
      overriding system value select ${row.join(', ')} from gone returning 1)
    select 1 from stayed union all select 1 from back`;
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
        return `${quoteIdentifier(name)} ${operator} ${parameters.find(i, targets[i] as TargetColumn, fromOld)}`;
      })
      .join(' and ');
  }
  if (image === 'key') {
    return relation.columns
      .map((column, i) =>
        column.key
          ? `${quoteIdentifier(column.name)} = ${parameters.find(i, targets[i] as TargetColumn, fromOld)}`
          : null,
      )
      .filter((part) => part !== null)
      .join(' and ');
  }
  // By record image: "=" takes 1.0 for 1.00 and is missing for json. One row of several equal ones. The casts keep *= from being taken
  // column by column.
  const stored = targets.flatMap((target, i) => (target.generated ? [] : [{ target, i }]));
  const columns = stored.map(({ target: { name, typeOid, baseOid, baseName } }) =>
    typeOid === baseOid ? quoteIdentifier(name) : `${quoteIdentifier(name)}::${baseName}`,
  );
  // Typed by name as well, since a row that goes with its owner's rights has literals in the place of parameters.
  const values = stored.map(({ target, i }) => `${parameters.find(i, target, fromOld)}::${target.baseName}`);
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
