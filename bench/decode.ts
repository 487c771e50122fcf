/** What decoding costs without sockets and servers: inserts of eight columns as pgoutput sends them, from memory. `npm run bench:decode` */
import { Decoder } from '../src/decode/decoder.ts';
import { median } from './statistics.ts';

const ROWS_PER_TRANSACTION = 1_000;
const TRANSACTIONS = 1_000;
const ROUNDS = 7;
const RELATION_OID = 16_400;
const NAMES: readonly string[] = ['id', 'k', 'at', 'amount', 'flag', 'name', 'note', 'token'];

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

/** XLogData: a header of 25 bytes, then the message. */
function framed(...parts: readonly (Buffer | string)[]): Buffer {
  const header = Buffer.alloc(25);
  header[0] = 0x77;
  return Buffer.concat([header, ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))]);
}

function lsn(value: number): Buffer {
  return Buffer.concat([int32(0), int32(value)]);
}

const begin = framed('B', lsn(100), lsn(0), int32(700));
const commit = framed('C', Buffer.alloc(1), lsn(100), lsn(200), lsn(0));
const relation = framed(
  'R',
  int32(RELATION_OID),
  'public\0item\0d',
  int16(NAMES.length),
  ...NAMES.flatMap((name, i) => [Buffer.from([i === 0 ? 1 : 0]), `${name}\0`, int32(25), int32(-1)]),
);
const rows = Array.from({ length: ROWS_PER_TRANSACTION }, (_, i) => {
  const values = [
    i,
    i * 7919,
    '2024-01-01 00:00:00.123456+00',
    '1234.56',
    't',
    `item number ${i}`,
    `a note about ${i}`,
    '0cc175b9-c0f1-b6a8-31c3-99e269772661',
  ];
  const fields = values.flatMap((value) => ['t', int32(Buffer.byteLength(String(value))), String(value)]);
  return framed('I', int32(RELATION_OID), 'N', int16(values.length), ...fields);
});

/** CPU time of this process alone, user part, in ns a row. */
function measure(): number {
  let seen = 0;
  const decoder = new Decoder({
    batch: (batch) => {
      seen += batch.count;
      batch.release();
    },
    message: () => null,
  });
  const started = process.cpuUsage();
  for (let t = 0; t < TRANSACTIONS; t++) {
    decoder.append(begin);
    if (t === 0) decoder.append(relation);
    for (const row of rows) decoder.append(row);
    decoder.append(commit);
  }
  decoder.seal();
  const { user } = process.cpuUsage(started);
  const expected = TRANSACTIONS * (ROWS_PER_TRANSACTION + 2) + 1;
  if (seen !== expected) throw new Error(`${seen} events instead of ${expected}`);
  return (user * 1000) / (TRANSACTIONS * ROWS_PER_TRANSACTION);
}

const results = Array.from({ length: ROUNDS }, measure);
console.log(
  `decode: ${median(results).toFixed(0)} ns of user CPU a row (${results.map((ns) => ns.toFixed(0)).join(', ')})`,
);
