import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CopyRows } from './copy-rows.ts';

type Row = readonly (string | null)[];

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
function messages(rows: readonly Row[]): Buffer {
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

function reader(columns: number): { rows: Row[]; copy: CopyRows } {
  const rows: Row[] = [];
  const copy = new CopyRows(columns, (bytes, fields, at) => {
    const row: (string | null)[] = [];
    for (let i = 0; i < columns; i++) {
      const length = fields[at + i * 2 + 1] ?? 0;
      const offset = fields[at + i * 2] ?? 0;
      row.push(length < 0 ? null : bytes.toString('utf8', offset, offset + length));
    }
    rows.push(row);
  });
  return { rows, copy };
}

it('reads what COPY prints, cut at any byte', () => {
  const unit = fc.constantFrom('a', '\\', 'N', '\n', '\t', '\r', '\v', 'é', '😀', '');
  const value = fc.option(fc.oneof(fc.string({ unit }), fc.constantFrom('\\N', 'N', 'x'.repeat(70_000))));
  const table = fc
    .integer({ min: 0, max: 4 })
    .chain((columns) => fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 6 }));
  fc.assert(
    fc.property(table, fc.array(fc.nat(300), { maxLength: 8 }), (rows, cuts) => {
      const bytes = messages(rows);
      const { rows: read, copy } = reader(rows[0]?.length ?? 0);
      let at = 0;
      for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        copy.feed(Buffer.from(bytes.subarray(at, cut)));
        at = Math.max(at, cut);
      }
      expect(read).toEqual(rows);
      expect(copy.rows).toBe(rows.length);
    }),
    { seed: 3 },
  );
});

it('refuses a row of another width', () => {
  const read = (columns: number, row: Row): void => reader(columns).copy.feed(messages([row]));
  expect(() => read(2, ['only one'])).toThrow('1 values instead of 2');
  expect(() => read(2, ['a', 'b\\', 'c'])).toThrow('3 values instead of 2');
  expect(() => read(0, ['a'])).toThrow('1 values instead of 0');
});
