import { GrowingBuffer } from '../../postgres/growing-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CAPACITY = 256;
/** A value above this size does not make its buffer stay that large. */
const KEPT_BYTES = 1024 * 1024;

/**
 * The parts of PostgreSQL's compound texts (arrays, composites, ranges): bare up to a delimiter, or in double quotes, within which a backslash
 * or a second quote says that the next character means itself. A part without escapes is read where it lies, others are copied.
 */
export class QuotedPart {
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  length = 0;
  quoted = false;
  #plain = new GrowingBuffer(CAPACITY);

  /** Reads the part at `at`; returns where it ends: at one of `stops` (not inside quotes) or at `end`. */
  read(bytes: Buffer, at: number, end: number, stops: Uint8Array): number {
    this.quoted = bytes[at] === QUOTE;
    this.bytes = bytes;
    if (this.quoted) {
      this.from = at + 1;
      for (let i = at + 1; i < end; i++) {
        const byte = bytes[i] as number;
        if (byte === BACKSLASH || (byte === QUOTE && bytes[i + 1] === QUOTE && i + 1 < end))
          return this.#copy(bytes, i, end, stops);
        if (byte !== QUOTE) continue;
        this.length = i - this.from;
        // What comes after the quotes belongs to the part too; no server prints that.
        return i + 1 === end || stops[bytes[i + 1] as number] === 1 ? i + 1 : -1;
      }
      return -1;
    }
    this.from = at;
    let i = at;
    for (; i < end; i++) {
      const byte = bytes[i] as number;
      if (stops[byte] === 1) break;
      if (byte === BACKSLASH || byte === QUOTE) return -1;
    }
    this.length = i - at;
    return i;
  }

  /** The text of the part is given up. */
  clear(): void {
    if (this.#plain.bytes.length > KEPT_BYTES) this.#plain = new GrowingBuffer(CAPACITY);
  }

  #copy(bytes: Buffer, escape: number, end: number, stops: Uint8Array): number {
    const plain = this.#plain;
    plain.clear();
    plain.reserve(end - this.from);
    const to = plain.bytes;
    let length = bytes.copy(to, 0, this.from, escape);
    for (let i = escape; i < end; i++) {
      const byte = bytes[i] as number;
      const doubled = byte === QUOTE && bytes[i + 1] === QUOTE && i + 1 < end;
      if (byte === BACKSLASH || doubled) {
        if (++i >= end) return -1;
        to[length++] = bytes[i] as number;
      } else if (byte === QUOTE) {
        this.bytes = to;
        this.from = 0;
        this.length = length;
        return i + 1 === end || stops[bytes[i + 1] as number] === 1 ? i + 1 : -1;
      } else to[length++] = byte;
    }
    return -1;
  }
}

/** A table for {@link QuotedPart.read}. */
export function stopsAt(characters: string): Uint8Array {
  const stops = new Uint8Array(256);
  for (const byte of Buffer.from(characters, 'latin1')) stops[byte] = 1;
  return stops;
}
