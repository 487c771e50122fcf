import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import type { PlainKind, ValueType } from '../types/value-type.ts';
import { rangeFieldWriter, valueWriter, type ValueWriter } from './value-writer.ts';

const plain = (kind: PlainKind): ValueType => ({ kind });
const array = (element: ValueType, delimiter = ','): ValueType => ({ kind: 'array', element, delimiter });
const range = (kind: PlainKind): ValueType => ({ kind: 'range', subtype: plain(kind) });

/** What a writer makes of a text that stands somewhere in a larger buffer, behind something that was written before. */
function written(write: ValueWriter, text: string): string {
  const bytes = Buffer.from(`{${text}"`);
  const out = new GrowingBuffer(1);
  out.text('before');
  write(bytes, 1, bytes.length - 2, out);
  const all = out.bytes.toString('utf8', 0, out.length);
  expect(all.slice(0, 6)).toBe('before');
  return all.slice(6);
}

const json = (type: ValueType, text: string): string => written(valueWriter(type), text);

const person: ValueType = {
  kind: 'composite',
  fields: [
    { name: 'na"me', type: plain('text') },
    { name: 'n', type: plain('integer') },
    { name: 'tags', type: array(plain('text')) },
  ],
};

it.each<[ValueType, string, string]>([
  [plain('boolean'), 't', 'true'],
  [plain('boolean'), 'f', 'false'],
  [plain('integer'), '-9223372036854775808', '-9223372036854775808'],
  [plain('numeric'), '1.500', '"1.500"'],
  [plain('numeric'), 'NaN', '"NaN"'],
  [plain('float8'), '1e+20', '1e+20'],
  [plain('float8'), '-Infinity', '"-Infinity"'],
  [plain('float4'), 'NaN', '"NaN"'],
  [plain('float8'), '-0', '-0'],
  [plain('money'), '-$1,234.56', '"-1234.56"'],
  [plain('text'), 'a"b\\c\nd\u0001é😀', '"a\\"b\\\\c\\nd\\u0001é😀"'],
  [plain('byte'), '\\200', '"\\\\200"'],
  [plain('date'), '2024-02-29', '"2024-02-29"'],
  [plain('date'), '0044-03-15 BC', '"-0043-03-15"'],
  [plain('date'), '0001-01-01 BC', '"0000-01-01"'],
  [plain('date'), '5874897-12-31', '"+5874897-12-31"'],
  [plain('date'), 'infinity', '"infinity"'],
  [plain('timestamp'), '2024-02-29 12:34:56', '"2024-02-29T12:34:56.000000"'],
  [plain('timestamp'), '2024-02-29 12:34:56.7', '"2024-02-29T12:34:56.700000"'],
  [plain('timestamp'), '4713-01-01 00:00:00 BC', '"-4712-01-01T00:00:00.000000"'],
  [plain('timestamp'), '294276-12-31 23:59:59.999999', '"+294276-12-31T23:59:59.999999"'],
  [plain('timestamptz'), '2024-02-29 12:34:56.789012+00', '"2024-02-29T12:34:56.789012Z"'],
  [plain('timestamptz'), '4713-01-01 12:00:00+00 BC', '"-4712-01-01T12:00:00.000000Z"'],
  [plain('timestamptz'), '2024-02-29 12:34:56+05:45', '"2024-02-29T12:34:56.000000+05:45"'],
  [plain('timestamptz'), '2024-02-29 12:34:56-05', '"2024-02-29T12:34:56.000000-05:00"'],
  [plain('timestamptz'), '-infinity', '"-infinity"'],
  [plain('time'), '24:00:00', '"24:00:00.000000"'],
  [plain('timetz'), '23:59:59.999999-15:59:59', '"23:59:59.999999-15:59:59"'],
  [plain('json'), '{"a":\n 1}', '{"a":  1}'],
  [plain('bytea'), '\\x', '""'],
  [plain('bytea'), '\\x00', '"AA=="'],
  [plain('bytea'), '\\x0001', '"AAE="'],
  [plain('bytea'), '\\x0001feFF5c27', '"AAH+/1wn"'],
  [plain('point'), '(1e-300,-0.1)', '"POINT (1e-300 -0.1)"'],
  [plain('hstore'), '', '{}'],
  [plain('hstore'), '"a"=>"1", "b\\"=>"=>NULL, "c"=>"x\\\\"', '{"a":"1","b\\"=>":null,"c":"x\\\\"}'],
  [plain('vector'), '[1,2.5,-3e-05]', '[1,2.5,-3e-05]'],
  [array(plain('integer')), '{}', '[]'],
  [array(plain('integer')), '{1,NULL,{2}}', '[1,null,[2]]'],
  [array(plain('integer')), '[0:1][2:2]={{1},{2}}', '[[1],[2]]'],
  [array(plain('text')), '{NULL,"NULL","",a,"b \\"c\\\\","{,}"}', '[null,"NULL","","a","b \\"c\\\\","{,}"]'],
  [array(plain('geometric'), ';'), '{(1,1),(0,0);(2,2),(0,0)}', '["(1,1),(0,0)","(2,2),(0,0)"]'],
  [array(plain('json')), '{"{\\"a\\": [1]}",null}', '[{"a": [1]},null]'],
  [array(plain('json')), '{NULL}', '[null]'],
  [array(plain('text')), '{a', '"{a"'],
  [person, '("a ""b",,"{x,""y z""}")', '{"na\\"me":"a \\"b","n":null,"tags":["x","y z"]}'],
  [person, '("",1,)', '{"na\\"me":"","n":1,"tags":null}'],
  [person, '(a,1)', '"(a,1)"'],
  [person, '(a,1,{},4)', '"(a,1,{},4)"'],
  [
    array(person),
    '{"(a,1,\\"{p,\\"\\"q\\\\\\\\\\\\\\\\r\\"\\"}\\")"}',
    '[{"na\\"me":"a","n":1,"tags":["p","q\\\\r"]}]',
  ],
  [{ kind: 'composite', fields: [] }, '()', '{}'],
  [{ kind: 'domain', base: { kind: 'domain', base: plain('integer') } }, '5', '5'],
  [{ kind: 'enum', labels: {} }, 'a "b"', '"a \\"b\\""'],
  [range('integer'), '[1,5)', '"[1,5)"'],
])('%j: %s → %s', (type, text, expected) => {
  expect(json(type, text)).toBe(expected);
  if (!expected.startsWith('-')) JSON.parse(expected);
});

it('writes a byte that is no character in octal', () => {
  const out = new GrowingBuffer(16);
  valueWriter(plain('byte'))(Buffer.from([0x80]), 0, 1, out);
  expect(out.bytes.toString('utf8', 0, out.length)).toBe('"\\\\200"');
});

it.each<[ValueType, string, string]>([
  [range('integer'), '[1,5)', '{"gte":"1","lt":"5"}'],
  [range('integer'), '(,)', '{}'],
  [range('integer'), 'empty', '[]'],
  [range('integer'), '(1,2)', '[]'],
  [range('integer'), '(1,3)', '{"gt":"1","lt":"3"}'],
  [range('integer'), '(,-9223372036854775808)', '[]'],
  [range('numeric'), '[1.0,1.00]', '{"gte":"1.0","lte":"1.00"}'],
  [range('numeric'), '(1,1.00000000000000000001)', '{"gte":"1","lte":"1.00000000000000000001"}'],
  [range('numeric'), '(-1e-320,0)', '{"gt":"-1e-320","lt":"0"}'],
  [range('numeric'), '[NaN,NaN]', '[]'],
  [range('numeric'), '[1,NaN]', '{"gte":"1"}'],
  [range('numeric'), '[-1e400,1e400)', '{}'],
  [range('float8'), '[-Infinity,Infinity)', '{}'],
  [range('date'), '[2024-01-01,2024-02-03)', '{"gte":"2024-01-01","lt":"2024-02-03"}'],
  [range('date'), '[2024-01-01,infinity]', '{"gte":"2024-01-01"}'],
  [range('date'), '[infinity,)', '[]'],
  [
    range('timestamp'),
    '["2024-01-01 00:00:00.000001","2024-01-01 00:00:00.000002")',
    '{"gte":"2024-01-01T00:00:00.000001","lte":"2024-01-01T00:00:00.000002"}',
  ],
  [
    range('timestamp'),
    '("2024-01-01 00:00:00","2024-01-01 00:00:00.001")',
    '{"gte":"2024-01-01T00:00:00.000000","lte":"2024-01-01T00:00:00.001000"}',
  ],
  [range('timestamp'), '(,"0044-03-15 00:00:00 BC"]', '{"lte":"-0043-03-15T00:00:00.000000"}'],
  [{ kind: 'multirange', subtype: plain('integer') }, '{}', '[]'],
  [{ kind: 'multirange', subtype: plain('integer') }, '{[1,5),[7,9)}', '[{"gte":"1","lt":"5"},{"gte":"7","lt":"9"}]'],
  [array(range('integer')), '{"[1,5)",NULL,empty}', '[{"gte":"1","lt":"5"},null,[]]'],
])('%j for an index: %s → %s', (type, text, expected) => {
  const write = rangeFieldWriter(type);
  expect(write === null ? null : written(write, text)).toBe(expected);
});

it('has no form for ranges that an index could not compare', () => {
  expect(rangeFieldWriter(range('text'))).toBeNull();
  expect(rangeFieldWriter(array(range('inet')))).toBeNull();
  expect(rangeFieldWriter(plain('text'))).toBeNull();
});

it('writes any text as the JSON string that means it, whatever its length', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'é', '😀', 'b'.repeat(70)),
  });
  fc.assert(
    fc.property(text, (value) => {
      expect(JSON.parse(json(plain('text'), value))).toBe(value);
    }),
    { seed: 5, numRuns: 500 },
  );
});

it('is never at a loss, whatever the text', () => {
  const nested: ValueType = array({ kind: 'composite', fields: [{ name: 'a', type: array(range('integer')) }] });
  const types = [nested, person, array(plain('text')), plain('hstore'), plain('timestamptz'), plain('date')];
  const noise = fc.string({
    unit: fc.constantFrom('{', '}', '(', ')', '[', ']', ',', '"', '\\', '=', '>', 'N', '1', ' '),
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.constantFrom(...types), noise, (type, text) => {
      const value = json(type, text);
      if (type !== nested && type !== person) JSON.parse(value);
    }),
    { seed: 6, numRuns: 2_000 },
  );
});
