import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyTextRows, type CopyRow } from './copy-text-rows.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** As the server prints it: one message a row. */
function messages(rows: readonly CopyRow[]): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const line = row.map((value) => value?.replaceAll(/[\b\f\n\r\t\v\\]/g, (one) => ESCAPES[one] ?? one) ?? '\\N');
      const text = Buffer.from(`${line.join('\t')}\n`);
      const header = Buffer.alloc(5);
      header[0] = 0x64;
      header.writeInt32BE(text.length + 4, 1);
      return Buffer.concat([header, text]);
    }),
  );
}

it('reads what COPY prints, cut at any byte', () => {
  const value = fc.option(fc.string({ unit: fc.constantFrom('a', '\\', 'N', '\n', '\t', '\r', '\v', 'é', '😀', '') }));
  const table = fc
    .integer({ min: 0, max: 4 })
    .chain((columns) => fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 6 }));
  fc.assert(
    fc.property(table, fc.array(fc.nat(300), { maxLength: 8 }), (rows, cuts) => {
      const bytes = messages(rows);
      const read: CopyRow[] = [];
      const reader = new CopyTextRows(rows[0]?.length ?? 0, (row) => read.push(row));
      let at = 0;
      for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        reader.feed(Buffer.from(bytes.subarray(at, cut)));
        at = Math.max(at, cut);
      }
      expect(read).toEqual(rows);
    }),
    { seed: 3 },
  );
});

it('refuses a row of another width', () => {
  const read = (row: CopyRow): void => new CopyTextRows(2, () => undefined).feed(messages([row]));
  expect(() => read(['only one'])).toThrow('1 values instead of 2');
  expect(() => read(['a', 'b', 'c'])).toThrow('3 values instead of 2');
});
