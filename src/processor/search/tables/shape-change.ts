import type { ValueType } from '../../../documents/types/value-type.ts';
import type { FieldOptions } from '../mapping/field-types.ts';
import type { ShapeColumn, TableShape } from './table-shape.ts';

export interface ChangePolicy {
  readonly fields: 'ids' | 'names';
  /** Documents name their table. */
  readonly shared: boolean;
  /** Names that fields of this index had for columns that are gone or called otherwise. */
  readonly gone: readonly string[];
  /** Values with which the added columns appeared in rows that were there. */
  readonly filledColumns: ReadonlySet<number>;
  readonly sameField: (
    before: ValueType,
    beforeOptions: FieldOptions | undefined,
    after: ValueType,
    afterOptions: FieldOptions | undefined,
  ) => boolean;
}

export interface ShapeChange {
  /** Why the documents that are there are not those of the new shape; null: they are. */
  readonly rebuild: string | null;
  readonly gone: readonly string[];
  /** The table is called otherwise. */
  readonly moved: boolean;
}

/** Pure: what has to happen to an index when its table changes its shape. Columns are told apart by number: a rename is no drop and add. */
export function shapeChange(before: TableShape, after: TableShape, policy: ChangePolicy): ShapeChange {
  const was = new Map(before.columns.map((column) => [column.num, column]));
  const names = new Set(after.columns.map(({ name }) => name));
  const left = before.columns.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const gone = [...new Set([...policy.gone, ...left])].filter((name) => !names.has(name));
  const moved = before.schema !== after.schema || before.name !== after.name;
  return { rebuild: reason(before, after, was, moved, policy), gone, moved };
}

function reason(
  before: TableShape,
  after: TableShape,
  was: ReadonlyMap<number, ShapeColumn>,
  moved: boolean,
  policy: ChangePolicy,
): string | null {
  if (after.key !== null && JSON.stringify(before.key) !== JSON.stringify(after.key))
    return before.key === null ? 'it has a key now' : 'its key changed';
  if (policy.shared && moved) return 'documents name their table';
  for (const column of after.columns) {
    const old = was.get(column.num);
    if (old === undefined) {
      if (policy.filledColumns.has(column.num)) return `column ${column.name} came with a value in every row`;
      if (policy.fields === 'names' && takesOldName(column.name, before, policy))
        return `column ${column.name} takes the name of another one`;
      continue;
    }
    if (policy.fields === 'names' && old.name !== column.name) return `column ${old.name} is called ${column.name}`;
    if (old.typeOid === column.typeOid && old.typmod === column.typmod && sameTree(old.type, column.type)) continue;
    if (!policy.sameField(old.type, old.options, column.type, column.options))
      return `column ${column.name} has another type`;
  }
  return null;
}

function takesOldName(name: string, before: TableShape, { gone }: ChangePolicy): boolean {
  return gone.includes(name) || before.columns.some((column) => column.name === name);
}

function sameTree(a: ValueType, b: ValueType): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
