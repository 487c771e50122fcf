const COPY_DATA = 0x64;
const NEWLINE = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const N = 0x4e;
const HEADER_BYTES = 5;
/** What a letter after a backslash stands for; every other byte for itself. */
const ESCAPED: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x76, 0x0b],
]);

export type CopyRow = readonly (string | null)[];

/** Reads rows out of CopyData messages in the text format, however they are cut. Holds no more than the row at hand. */
export class CopyTextRows {
  readonly #columns: number;
  readonly #take: (row: CopyRow, bytes: number) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  /** Of the message at hand. */
  #left = 0;
  #parts: Buffer[] = [];

  constructor(columns: number, take: (row: CopyRow, bytes: number) => void) {
    this.#columns = columns;
    this.#take = take;
  }

  feed(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      if (this.#left === 0) {
        this.#header[this.#headerLength++] = data[at++] as number;
        if (this.#headerLength < HEADER_BYTES) continue;
        if (this.#header[0] !== COPY_DATA) throw new Error('not a CopyData message');
        this.#left = this.#header.readInt32BE(1) - 4;
        this.#headerLength = 0;
        continue;
      }
      const end = Math.min(data.length, at + this.#left);
      this.#lines(data, at, end);
      this.#left -= end - at;
      at = end;
    }
  }

  /** A newline inside a value is escaped: each one ends a row. */
  #lines(data: Buffer, from: number, end: number): void {
    let at = from;
    for (;;) {
      const newline = data.indexOf(NEWLINE, at);
      if (newline < 0 || newline >= end) break;
      this.#row(data.subarray(at, newline));
      at = newline + 1;
    }
    if (at < end) this.#parts.push(Buffer.from(data.subarray(at, end)));
  }

  #row(last: Buffer): void {
    const line = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    const row: (string | null)[] = [];
    for (let at = 0; at <= line.length && this.#columns > 0; ) {
      const tab = line.indexOf(TAB, at);
      const end = tab < 0 ? line.length : tab;
      row.push(unescape(line.subarray(at, end)));
      at = end + 1;
    }
    if (row.length !== this.#columns) throw new Error(`a row has ${row.length} values instead of ${this.#columns}`);
    this.#take(row, line.length);
  }
}

function unescape(field: Buffer): string | null {
  let from = field.indexOf(BACKSLASH);
  if (from < 0) return field.toString('utf8');
  if (field.length === 2 && field[1] === N) return null;
  const plain = Buffer.allocUnsafe(field.length);
  let length = field.copy(plain, 0, 0, from);
  while (from < field.length) {
    let byte = field[from++] as number;
    if (byte === BACKSLASH) {
      byte = field[from++] as number;
      byte = ESCAPED.get(byte) ?? byte;
    }
    plain[length++] = byte;
  }
  return plain.toString('utf8', 0, length);
}
