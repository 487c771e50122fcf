import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ValueType } from '../../../documents/types/value-type.ts';
import { columnField, fieldName } from './field-names.ts';
import { unknownFields } from './field-options.ts';
import { sameField, tableMapping, type FieldOptions, type MappingColumn } from './table-mapping.ts';

const TEXT: ValueType = { kind: 'text' };
const NUMBER: ValueType = { kind: 'integer' };

function mapped(columns: readonly MappingColumn[], fields: 'ids' | 'names' = 'ids', gone: readonly string[] = []) {
  return tableMapping({ tableId: 't', columns, fields, gone });
}

it('stores a column under its number and finds it by its name', () => {
  const { mappings, columns, fieldCount } = mapped([
    { num: 1, name: 'id', type: NUMBER },
    { num: 3, name: 'body', type: TEXT },
  ]);
  expect(mappings).toEqual({
    dynamic: 'strict',
    properties: {
      walcast_none: { type: 'keyword' },
      't-1': { type: 'long' },
      id: { type: 'alias', path: 't-1' },
      't-3': { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: 8191 } } },
      body: { type: 'alias', path: 't-3' },
      body__keyword: { type: 'alias', path: 't-3.keyword' },
    },
  });
  expect(columns.map(({ key }) => key)).toEqual(['t-1', 't-3']);
  expect(fieldCount).toBe(7);
});

it('gives fields the names of their columns if asked to', () => {
  const { mappings, columns } = mapped([{ num: 1, name: 'a.b', type: { kind: 'jsonb' } }], 'names');
  expect(Object.keys(mappings.properties)).toEqual(['walcast_none', 'a%2Eb', 'a%2Eb__raw']);
  expect(columns[0]).toMatchObject({ key: 'a%2Eb', rawKey: 'a%2Eb__raw' });
});

it('changes only where names lead when a column is renamed', () => {
  const before = mapped([{ num: 1, name: 'a', type: TEXT }]);
  const after = mapped([{ num: 1, name: 'b', type: TEXT }], 'ids', ['a']);
  expect(after.mappings.properties['t-1']).toEqual(before.mappings.properties['t-1']);
  expect(after.mappings.properties['b']).toEqual({ type: 'alias', path: 't-1' });
  expect(after.mappings.properties['a']).toEqual({ type: 'alias', path: 'walcast_none' });
  expect(after.mappings.properties['a__keyword']).toEqual({ type: 'alias', path: 'walcast_none' });
  expect(after.columns).toEqual(before.columns);
});

it('lets a column keep its name where that of a sub-field is the same', () => {
  const { mappings, notes } = mapped([
    { num: 1, name: 'a', type: TEXT },
    { num: 2, name: 'a__keyword', type: NUMBER },
  ]);
  expect(mappings.properties['a__keyword']).toEqual({ type: 'alias', path: 't-2' });
  expect(mappings.properties['a___keyword']).toEqual({ type: 'alias', path: 't-1.keyword' });
  expect(notes).toEqual([{ column: 'a', kind: 'sibling', text: 'a__keyword is taken: it is found as a___keyword' }]);
});

it('allows as many fields as a wide table needs, and some more', () => {
  const wide = Array.from({ length: 1500 }, (_, i) => ({ num: i + 1, name: `c${i}`, type: TEXT }));
  const { settings, fieldCount } = mapped(wide);
  expect(fieldCount).toBe(1 + 4 * 1500);
  expect(settings['index.mapping.total_fields.limit']).toBe(2 * fieldCount);
  expect(mapped([]).settings['index.mapping.total_fields.limit']).toBe(1000);
});

it('tells of what a person would not expect', () => {
  const { notes } = mapped([
    { num: 1, name: '_id', type: { kind: 'bytea' } },
    { num: 2, name: 'b', type: { kind: 'other' } },
    { num: 3, name: 'c', type: { kind: 'range', subtype: TEXT } },
  ]);
  expect(notes.map(({ column, kind }) => [column, kind])).toEqual([
    ['_id', 'name'],
    ['_id', 'not-searchable'],
    ['b', 'keyword'],
    ['c', 'keyword'],
  ]);
});

it.each<[ValueType, FieldOptions, FieldOptions]>([
  [
    TEXT,
    { analyzer: 'english' },
    { type: 'text', analyzer: 'english', fields: { keyword: { type: 'keyword', ignore_above: 8191 } } },
  ],
  [TEXT, { type: 'keyword' }, { type: 'keyword', ignore_above: 8191 }],
  [TEXT, { type: 'keyword', ignore_above: 5 }, { type: 'keyword', ignore_above: 5 }],
  [NUMBER, { index: false }, { type: 'long', index: false }],
  [{ kind: 'point' }, { type: 'geo_point' }, { type: 'geo_point', ignore_malformed: true }],
])('lays options over what %j gets: %j', (type, options, field) => {
  expect(mapped([{ num: 1, name: 'a', type, options }]).mappings.properties['t-1']).toEqual(field);
});

it('keeps beside what a chosen field cannot compare', () => {
  const at: ValueType = { kind: 'timestamptz' };
  expect(mapped([{ num: 1, name: 'a', type: at, options: { type: 'date_nanos' } }]).columns[0]?.textKey).toBe(
    't-1-text',
  );
  expect(mapped([{ num: 1, name: 'a', type: at, options: { type: 'keyword' } }]).columns[0]).toEqual({
    type: at,
    key: 't-1',
  });
});

it.each(['object', 'nested', 'alias'])('refuses a field of type %s, which no name can lead to', (type) => {
  expect(() => mapped([{ num: 1, name: 'a', type: { kind: 'jsonb' }, options: { type } }])).toThrow(
    expect.objectContaining({ code: 'E_CONFIG' }),
  );
});

it('finds options of columns that are not there', () => {
  expect(unknownFields({ a: {}, b: {} }, [{ name: 'b' }])).toEqual(['a']);
});

it('knows which changes of a type leave field and documents as they are', () => {
  const same = (a: ValueType, b: ValueType): boolean => sameField(a, undefined, b, undefined);
  expect(same(TEXT, { kind: 'domain', base: TEXT })).toBe(true);
  expect(same(NUMBER, TEXT)).toBe(false);
  expect(same({ kind: 'float4' }, { kind: 'float8' })).toBe(false);
  // Both are keywords, but not of the same JSON.
  expect(same({ kind: 'time' }, { kind: 'interval' })).toBe(false);
  expect(same({ kind: 'enum', labels: { 1: 'a' } }, { kind: 'enum', labels: { 1: 'a', 2: 'b' } })).toBe(true);
  expect(same({ kind: 'enum', labels: { 1: 'a' } }, { kind: 'enum', labels: { 1: 'b' } })).toBe(false);
  const part = (name: string): ValueType => ({ kind: 'composite', fields: [{ name, type: TEXT }] });
  expect(same(part('a'), part('b'))).toBe(false);
  expect(
    same({ kind: 'array', element: part('a'), delimiter: ',' }, { kind: 'array', element: part('a'), delimiter: ',' }),
  ).toBe(true);
  expect(sameField(TEXT, undefined, TEXT, { analyzer: 'english' })).toBe(false);
});

it('gives every column a name of its own that has nothing which OpenSearch refuses', () => {
  const unit = fc.constantFrom('a', '.', '*', '%', '2', 'E', '5', 'F', '_', 'i', 'd', ' ', '\t', 'é', '"');
  const name = fc.oneof(
    fc.string({ unit, minLength: 1, maxLength: 5 }),
    fc.constantFrom('_id', '%5Fid', '_table', ' ', '%20'),
  );
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(fieldName(a) === fieldName(b)).toBe(a === b);
      expect(fieldName(a)).not.toMatch(/[.*\t]|^(_id|_table)?$|^\s+$/);
    }),
    { seed: 8, numRuns: 5_000 },
  );
  expect(fieldName('Größe "x" 漢字')).toBe('Größe "x" 漢字');
  expect(columnField('0123abcd', 7)).toBe('0123abcd-7');
});
