import { describe, expect, it } from 'vitest';
import type { PlainKind } from '../../../documents/types/value-type.ts';
import { newProperties, sameField } from './index-definition.ts';
import { shapeChange, type ChangePolicy, type ShapeChange } from './shape-change.ts';
import type { ShapeColumn, TableShape } from './table-shape.ts';

const column = (num: number, name: string, kind: PlainKind = 'text', typeOid = 25): ShapeColumn => ({
  num,
  name,
  typeOid,
  typmod: -1,
  type: { kind },
});

const shape = (columns: readonly ShapeColumn[], more: Partial<TableShape> = {}): TableShape => ({
  tableId: 'x',
  oid: 1,
  schema: 's',
  name: 't',
  columns,
  key: [1],
  generated: [],
  partitioned: false,
  members: [],
  ...more,
});

const BEFORE = shape([column(1, 'id', 'integer', 23), column(2, 'a'), column(3, 'b')]);

function change(after: TableShape, more: Partial<ChangePolicy> = {}): ShapeChange {
  return shapeChange(BEFORE, after, {
    fields: 'ids',
    shared: false,
    gone: [],
    filledColumns: new Set(),
    sameField,
    ...more,
  });
}

describe('shapeChange', () => {
  it('needs nothing new for added, dropped and renamed columns, and remembers the names that are left', () => {
    const after = shape([column(1, 'id', 'integer', 23), column(2, 'c'), column(4, 'd')]);
    expect(change(after)).toEqual({ rebuild: null, gone: ['a', 'b'], moved: false });
    expect(change(after, { gone: ['d', 'e'] }).gone).toEqual(['e', 'a', 'b']);
  });

  it('tells two columns that swapped their names by their numbers', () => {
    const after = shape([column(1, 'id', 'integer', 23), column(2, 'b'), column(3, 'a')]);
    expect(change(after)).toEqual({ rebuild: null, gone: [], moved: false });
    expect(change(after, { fields: 'names' }).rebuild).toContain('is called');
  });

  it('makes documents anew for a type that is written otherwise, not for one that is written alike', () => {
    const to = (kind: PlainKind, typeOid: number): string | null =>
      change(shape([column(1, 'id', 'integer', 23), column(2, 'a', kind, typeOid), column(3, 'b')])).rebuild;
    expect(to('text', 1043)).toBeNull();
    expect(to('integer', 23)).toContain('another type');
    expect(to('jsonb', 3802)).toContain('another type');
  });

  it('makes documents anew for another key, but not for one that is gone', () => {
    expect(change({ ...BEFORE, key: [2] }).rebuild).toBe('its key changed');
    expect(change({ ...BEFORE, key: null }).rebuild).toBeNull();
    expect(
      shapeChange({ ...BEFORE, key: null }, BEFORE, {
        fields: 'ids',
        shared: false,
        gone: [],
        filledColumns: new Set(),
        sameField,
      }).rebuild,
    ).toBe('it has a key now');
  });

  it('makes documents anew where rows got a value with the column', () => {
    const after = shape([...BEFORE.columns, column(4, 'd')]);
    expect(change(after, { filledColumns: new Set([4]) }).rebuild).toContain('came with a value');
    expect(change(after).rebuild).toBeNull();
  });

  it('makes documents anew where their fields, or their table, are called otherwise', () => {
    expect(change({ ...BEFORE, name: 'u' })).toEqual({ rebuild: null, gone: [], moved: true });
    expect(change({ ...BEFORE, name: 'u' }, { shared: true }).rebuild).toBe('documents name their table');
    const again = shape([...BEFORE.columns, column(4, 'old')]);
    expect(change(again, { fields: 'names', gone: ['old'] }).rebuild).toContain('takes the name');
  });
});

describe('newProperties', () => {
  it('are those that are not there, or lead elsewhere', () => {
    const before = { a: { type: 'alias', path: '1' }, b: { type: 'text' } };
    const after = { a: { type: 'alias', path: '2' }, b: { type: 'text' }, c: { type: 'keyword' } };
    expect(newProperties(before, after)).toEqual({ a: { type: 'alias', path: '2' }, c: { type: 'keyword' } });
  });
});
