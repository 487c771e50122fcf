/** What documents cost without sockets and servers: rows of ten columns become JSON with an id, from memory. `npm run bench:documents` */
import { IdentityCodec } from '../src/documents/identity/identity-codec.ts';
import { DocumentCodec } from '../src/documents/rows/document-codec.ts';
import type { ValueType } from '../src/documents/types/value-type.ts';
import { GrowingBuffer } from '../src/postgres/growing-buffer.ts';
import { tableMapping } from '../src/processor/search/mapping/table-mapping.ts';
import { median } from './statistics.ts';

const ROWS = 1_000;
const REPEATS = 300;
const ROUNDS = 7;
const FLUSH_BYTES = 4 * 1024 * 1024;

const COLUMNS: readonly (readonly [kind: ValueType, value: (i: number) => string])[] = [
  [{ kind: 'integer' }, (i) => String(i)],
  [{ kind: 'integer' }, (i) => String(i * 7919)],
  [{ kind: 'timestamptz' }, () => '2024-01-01 00:00:00.123456+00'],
  [{ kind: 'numeric' }, () => '1234.56'],
  [{ kind: 'boolean' }, () => 't'],
  [{ kind: 'text' }, (i) => `item number ${i}`],
  [
    { kind: 'text' },
    (i) => `a note about ${i}, "quoted", of a hundred characters or so, as people write them when they have time`,
  ],
  [{ kind: 'uuid' }, () => '0cc175b9-c0f1-b6a8-31c3-99e269772661'],
  [{ kind: 'jsonb' }, (i) => `{"size": ${i}, "tags": ["a", "b"], "inner": {"deep": null}}`],
  [{ kind: 'array', element: { kind: 'text' }, delimiter: ',' }, () => '{red,green,"dark blue",NULL}'],
];

const rows = Array.from({ length: ROWS }, (_, row) => COLUMNS.map(([, value]) => value(row)));
const bytes = Buffer.from(rows.flat().join(''));
const fields = new Int32Array(ROWS * COLUMNS.length * 2);
let offset = 0;
for (const [i, value] of rows.flat().entries()) {
  fields[i * 2] = offset;
  fields[i * 2 + 1] = Buffer.byteLength(value);
  offset += Buffer.byteLength(value);
}

const { columns } = tableMapping({
  tableId: '0123456789abcdef',
  fields: 'ids',
  columns: COLUMNS.map(([type], i) => ({ num: i + 1, name: `column_${i}`, type })),
});
const codec = new DocumentCodec(columns);
const identity = new IdentityCodec([0]);
const out = new GrowingBuffer(2 * FLUSH_BYTES);

/** CPU time of this process alone, user part, in ns a row. */
function measure(): { ns: number; size: number } {
  let written = 0;
  out.clear();
  const started = process.cpuUsage();
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (let row = 0; row < ROWS; row++) {
      const at = row * COLUMNS.length * 2;
      const begun = out.length;
      identity.write(bytes, fields, at, out);
      codec.write(bytes, fields, at, out);
      written += out.length - begun;
      if (out.length > FLUSH_BYTES) out.clear();
    }
  }
  const { user } = process.cpuUsage(started);
  return { ns: (user * 1000) / (ROWS * REPEATS), size: written / (ROWS * REPEATS) };
}

measure();
const results = Array.from({ length: ROUNDS }, measure);
const ns = median(results.map((result) => result.ns));
const size = results[0]?.size ?? 0;
process.stdout.write(
  `${(ns / 1000).toFixed(2)} µs of CPU a row of ${COLUMNS.length} columns, ${Math.round(size)} bytes of JSON: ${Math.round((size / ns) * 1000)} MB/s\n`,
);
