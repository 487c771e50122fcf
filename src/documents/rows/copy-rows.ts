import { FIELD_NULL } from '../../wal/event-batch.ts';

const COPY_DATA = 0x64;
const HEADER_BYTES = 5;
const NEWLINE = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const N = 0x4e;
const CAPACITY = 64 * 1024;
/** A row above this size does not make its buffer stay that large. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** What a byte after a backslash stands for. */
const ESCAPED = Uint8Array.from({ length: 256 }, (_, code) => code);
for (const [letter, code] of [
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
] as const) {
  ESCAPED[letter.charCodeAt(0)] = code;
}

/** The form in which a batch of the stream holds a row too: (offset, length) pairs from `at` on. Valid during the call only. */
export type TakeRow = (bytes: Buffer, fields: Int32Array, at: number) => void;

/** Reads rows out of CopyData messages in the text format, however they are cut. Holds no more than the row at hand. */
export class CopyRows {
  readonly #columns: number;
  readonly #take: TakeRow;
  readonly #fields: Int32Array;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  /** Bytes of the message at hand that are still to come. */
  #left = 0;
  /** The beginning of a row whose end has not come. */
  #row: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #rowLength = 0;
  /** A row without its escapes. */
  #plain: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #count = 0;
  /** In the bytes at hand, at or behind what was read of them. */
  #nextEscape = -1;

  constructor(columns: number, take: TakeRow) {
    this.#columns = columns;
    this.#take = take;
    this.#fields = new Int32Array(columns * 2);
  }

  /** So many were taken. */
  get rows(): number {
    return this.#count;
  }

  feed(data: Buffer): void {
    let at = 0;
    this.#nextEscape = -1;
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
    while (at < end) {
      const found = data.indexOf(NEWLINE, at);
      if (found < 0 || found >= end) break;
      if (this.#rowLength === 0) this.#line(data, at, found);
      else {
        this.#keep(data, at, found);
        this.#line(this.#row, 0, this.#rowLength);
        this.#rowLength = 0;
        if (this.#row.length > KEPT_BYTES) this.#row = Buffer.allocUnsafeSlow(CAPACITY);
      }
      at = found + 1;
    }
    if (at < end) this.#keep(data, at, end);
  }

  #keep(data: Buffer, from: number, end: number): void {
    const needed = this.#rowLength + end - from;
    if (needed > this.#row.length) {
      const next = Buffer.allocUnsafeSlow(Math.max(needed, this.#row.length * 2));
      this.#row.copy(next, 0, 0, this.#rowLength);
      this.#row = next;
    }
    this.#rowLength += data.copy(this.#row, this.#rowLength, from, end);
  }

  /** Most rows have no escapes and are read where they lie. */
  #line(bytes: Buffer, from: number, end: number): void {
    const escaped = this.#hasEscape(bytes, from, end);
    if (escaped && this.#plain.length < end - from) {
      this.#plain = Buffer.allocUnsafeSlow(Math.max(end - from, this.#plain.length * 2));
    }
    const found = escaped ? this.#unescape(bytes, from, end) : this.#split(bytes, from, end);
    if (found !== this.#columns) throw new Error(`a row has ${found} values instead of ${this.#columns}`);
    this.#count++;
    this.#take(escaped ? this.#plain : bytes, this.#fields, 0);
    if (this.#plain.length > KEPT_BYTES) this.#plain = Buffer.allocUnsafeSlow(CAPACITY);
  }

  /** What was found beyond the row at hand is kept for the next: each byte is looked at once. */
  #hasEscape(bytes: Buffer, from: number, end: number): boolean {
    if (bytes === this.#row) return bytes.subarray(from, end).includes(BACKSLASH);
    if (this.#nextEscape < from) {
      const found = bytes.indexOf(BACKSLASH, from);
      this.#nextEscape = found < 0 ? bytes.length : found;
    }
    return this.#nextEscape < end;
  }

  /** How many values there are. */
  #split(bytes: Buffer, from: number, end: number): number {
    const fields = this.#fields;
    if (this.#columns === 0) return from === end ? 0 : 1;
    let column = 0;
    let start = from;
    for (let i = from; i <= end; i++) {
      if (i < end && bytes[i] !== TAB) continue;
      fields[column * 2] = start;
      fields[column * 2 + 1] = i - start;
      column++;
      start = i + 1;
    }
    return column;
  }

  #unescape(bytes: Buffer, from: number, end: number): number {
    const fields = this.#fields;
    const plain = this.#plain;
    let column = 0;
    let start = 0;
    let length = 0;
    for (let i = from; ; i++) {
      const byte = bytes[i] as number;
      if (i < end && byte !== TAB) {
        if (byte === BACKSLASH && i + 1 < end) {
          i++;
          const next = bytes[i] as number;
          const alone = length === start && (i + 1 === end || bytes[i + 1] === TAB);
          if (next === N && alone) {
            fields[column * 2 + 1] = FIELD_NULL;
            start = -1;
          } else plain[length++] = ESCAPED[next] as number;
        } else plain[length++] = byte;
        continue;
      }
      if (start >= 0) fields[column * 2 + 1] = length - start;
      fields[column * 2] = Math.max(start, 0);
      column++;
      start = length;
      if (i >= end) return column;
    }
  }
}
