import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts';

const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('"', "'", '\\', '.', ' ', '$', ';', '-', 'A', 'ä', '\n'),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .map((value) => value.replaceAll('\0', ''));

/** What the server makes of a quoted identifier or literal, by its lexical rules. */
function unquoted(quoted: string, mark: string): string {
  expect(quoted[0]).toBe(mark);
  expect(quoted.at(-1)).toBe(mark);
  const inner = quoted.slice(1, -1);
  expect(inner.replaceAll(mark + mark, '')).not.toContain(mark);
  return inner.replaceAll(mark + mark, mark);
}

describe('quoteIdentifier', () => {
  it.each([
    ['plain', '"plain"'],
    ['select', '"select"'],
    ['Upper', '"Upper"'],
    ['a"b', '"a""b"'],
    ['a.b', '"a.b"'],
    ['"; drop table x; --', '"""; drop table x; --"'],
  ])('%s → %s', (name, expected) => {
    expect(quoteIdentifier(name)).toBe(expected);
  });

  it('keeps any name whole', () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(unquoted(quoteIdentifier(name), '"')).toBe(name);
      }),
      { seed: 7 },
    );
  });

  it('refuses a zero byte, which would end the statement', () => {
    expect(() => quoteIdentifier('a\0b')).toThrow(RangeError);
    expect(() => quoteLiteral('a\0b')).toThrow(RangeError);
  });

  it('joins schema and name', () => {
    expect(quoteQualified('a.b', 'c"d')).toBe('"a.b"."c""d"');
  });
});

describe('quoteLiteral', () => {
  it('keeps any text whole, whatever standard_conforming_strings says', () => {
    fc.assert(
      fc.property(text, (value) => {
        const quoted = quoteLiteral(value);
        if (!value.includes('\\')) expect(unquoted(quoted, "'")).toBe(value);
        else {
          expect(quoted.startsWith(" E'")).toBe(true);
          const inner = unquoted(quoted.slice(2), "'");
          expect(inner.replaceAll('\\\\', '')).not.toContain('\\');
          expect(inner.replaceAll('\\\\', '\\')).toBe(value);
        }
      }),
      { seed: 8 },
    );
  });
});
