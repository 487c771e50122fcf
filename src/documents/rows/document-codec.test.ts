import { expect, it } from 'vitest';
import { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import type { PlainKind } from '../types/value-type.ts';
import type { DocumentColumn } from './document-column.ts';
import { DocumentCodec } from './document-codec.ts';
import { JsonMembers } from './json-members.ts';

const column = (key: string, kind: PlainKind, more: Partial<DocumentColumn> = {}): DocumentColumn => ({
  key,
  type: { kind },
  ...more,
});

/** `undefined`: the stream left it out. */
function document(
  codec: DocumentCodec,
  values: readonly (string | null | undefined)[],
  stored?: string,
): [string, number] {
  const bytes = Buffer.from(values.map((value) => value ?? '').join(''));
  const fields = new Int32Array(values.length * 2);
  let offset = 0;
  for (const [i, value] of values.entries()) {
    fields[i * 2] = offset;
    fields[i * 2 + 1] = value === null ? -1 : value === undefined ? -2 : Buffer.byteLength(value);
    offset += Buffer.byteLength(value ?? '');
  }
  const out = new GrowingBuffer(1);
  const members = stored === undefined ? undefined : JsonMembers.of(Buffer.from(stored));
  const missing = codec.write(bytes, fields, 0, out, members);
  expect(codec.unchanged(fields, 0).length).toBeGreaterThanOrEqual(missing);
  return [out.bytes.toString('utf8', 0, out.length), missing];
}

it('writes the columns in their order, null as null, and leaves out those that are not in the document', () => {
  const codec = new DocumentCodec([column('t-1', 'integer'), null, column('a"b', 'text')]);
  expect(document(codec, ['1', 'x', null])).toEqual(['{"t-1":1,"a\\"b":null}', 0]);
  expect(document(new DocumentCodec([]), [])).toEqual(['{}', 0]);
});

it('begins every document with what is the same in all', () => {
  const codec = new DocumentCodec([column('a', 'integer')], { _table: 's.t', walcast_part: '5' });
  expect(document(codec, ['1'])[0]).toBe('{"_table":"s.t","walcast_part":"5","a":1}');
  expect(document(new DocumentCodec([], { _table: 's.t' }), [])[0]).toBe('{"_table":"s.t"}');
});

it('takes what did not change from the document that was there, to the digit', () => {
  const codec = new DocumentCodec([
    column('a', 'integer'),
    column('b', 'json', { rawKey: 'b-raw' }),
    column('c', 'text'),
  ]);
  const stored = ' { "a" : 9007199254740993, "b":{"value":1 }, "b-raw":"1","c":"x\\"}" , "gone": [1] } ';
  expect(document(codec, [undefined, undefined, undefined], stored)).toEqual([
    '{"a":9007199254740993,"b":{"value":1 },"b-raw":"1","c":"x\\"}"}',
    0,
  ]);
  expect(document(codec, [undefined, '{}', undefined], '{"c":null}')).toEqual(['{"b":{},"c":null}', 1]);
  expect(document(codec, ['1', undefined, undefined])).toEqual(['{"a":1}', 2]);
  expect(document(codec, [undefined, undefined, null], '{"b-raw":"[1"}')).toEqual(['{"b-raw":"[1","c":null}', 1]);
});

it('keeps JSON that an index refuses as text beside it', () => {
  const codec = new DocumentCodec([column('j', 'json', { rawKey: 'r' })]);
  expect(document(codec, ['{"a":\n1}'])[0]).toBe('{"j":{"a": 1}}');
  expect(document(codec, ['[1, "x"]'])[0]).toBe('{"j":{"value":[1, "x"]},"r":"[1, \\"x\\"]"}');
  expect(document(codec, ['{"a":1,"a":2}'])[0]).toBe('{"r":"{\\"a\\":1,\\"a\\":2}"}');
  expect(document(codec, [null])[0]).toBe('{"j":null}');
});

it('keeps the text of a range beside what can be compared', () => {
  const range: DocumentColumn = { key: 'r', type: { kind: 'range', subtype: { kind: 'integer' } }, textKey: 't' };
  expect(document(new DocumentCodec([range]), ['[1,5)'])[0]).toBe('{"r":{"gte":"1","lt":"5"},"t":"[1,5)"}');
});

it.each<[PlainKind, string, string]>([
  ['float8', 'NaN', '{"v":null,"t":"NaN"}'],
  ['float8', '1e+300', '{"v":1e+300}'],
  ['numeric', '-Infinity', '{"v":null,"t":"-Infinity"}'],
  ['numeric', '9'.repeat(400), `{"v":null,"t":"${'9'.repeat(400)}"}`],
  ['numeric', `0.${'9'.repeat(400)}`, `{"v":"0.${'9'.repeat(400)}"}`],
  ['date', 'infinity', '{"v":null,"t":"infinity"}'],
  ['timestamptz', '-infinity', '{"v":null,"t":"-infinity"}'],
  ['timestamp', '0001-01-01 00:00:00 BC', '{"v":"0000-01-01T00:00:00.000000"}'],
  ['inet', '10.0.0.1', '{"v":"10.0.0.1"}'],
  ['inet', '10.0.0.1/8', '{"v":"10.0.0.1","t":"10.0.0.1/8"}'],
])('keeps what an index cannot compare beside: %s %.20s', (kind, text, expected) => {
  expect(document(new DocumentCodec([column('v', kind, { textKey: 't' })]), [text])[0]).toBe(expected);
});

it('keeps an array of which an index can compare a part', () => {
  const numbers: DocumentColumn = {
    key: 'v',
    type: { kind: 'array', element: { kind: 'float8' }, delimiter: ',' },
    textKey: 't',
  };
  const codec = new DocumentCodec([numbers]);
  expect(document(codec, ['{1,NaN,NULL}'])[0]).toBe('{"v":[1,null,null],"t":[1,"NaN",null]}');
  expect(document(codec, ['{1,2}'])[0]).toBe('{"v":[1,2]}');
});

it('finds members and items of a response as they were sent', () => {
  const response = Buffer.from(
    '{"docs":[{"_id":"a\\"1","found":true,"_version":18446744073709551615,"_source":{"x":[1, 2]}},{}]}',
  );
  const docs = JsonMembers.of(response).member('docs');
  expect(docs?.size).toBe(2);
  expect(docs?.member(0)?.text('_id')).toBe('a"1');
  expect(docs?.member(0)?.text('_version')).toBe('18446744073709551615');
  expect(docs?.member(0)?.member('_source')?.raw('x')?.toString()).toBe('[1, 2]');
  expect(docs?.member(1)?.size).toBe(0);
  expect(docs?.member(1)?.has('_id')).toBe(false);
  expect(docs?.member(0)?.member('found')).toBeUndefined();
  for (const broken of ['', '1', '{', '{"a"', '{"a":1', '[1,', '["a', '{"a":1 "b":2}']) {
    expect(() => JsonMembers.of(Buffer.from(broken)), broken).toThrow();
  }
});
