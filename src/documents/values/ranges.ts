import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { writeJsonString } from './json-string.ts';
import { QuotedPart, stopsAt } from './quoted.ts';
import { boundsJson, type Bounds, type RangeDomain } from './range-bounds.ts';
import type { ValueWriter } from './value-writer.ts';

const COMMA = 0x2c;
const SQUARE = 0x5b;
const SQUARE_END = 0x5d;
const ROUND = 0x28;
const ROUND_END = 0x29;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const E = 0x65;
const STOPS = stopsAt(',])');

/** `[1,5)` as the object that a range field of a search index takes. */
export function rangeWriter(domain: RangeDomain): ValueWriter {
  const reader = new RangeReader(domain);
  return (bytes, from, length, out) => {
    const begun = out.length;
    if (reader.write(bytes, from, from + length, out) === from + length) return;
    out.length = begun;
    writeJsonString(bytes, from, length, out);
  };
}

/** `{[1,5),[7,9)}` as an array of such objects. */
export function multirangeWriter(domain: RangeDomain): ValueWriter {
  const reader = new RangeReader(domain);
  return (bytes, from, length, out) => {
    const begun = out.length;
    const end = from + length - 1;
    if (bytes[from] !== BRACE || bytes[end] !== BRACE_END) return writeJsonString(bytes, from, length, out);
    out.byte(SQUARE);
    let at = from + 1;
    while (at >= 0 && at < end) {
      if (at > from + 1) {
        if (bytes[at++] !== COMMA) break;
        out.byte(COMMA);
      }
      at = reader.write(bytes, at, end, out);
    }
    out.byte(SQUARE_END);
    if (at === end) return;
    out.length = begun;
    writeJsonString(bytes, from, length, out);
  };
}

class RangeReader {
  readonly #domain: RangeDomain;
  readonly #part = new QuotedPart();

  constructor(domain: RangeDomain) {
    this.#domain = domain;
  }

  /** Where the range that begins at `at` ends; -1: it is none. */
  write(bytes: Buffer, at: number, end: number, out: GrowingBuffer): number {
    const opening = bytes[at];
    if (opening === E) {
      out.text('[]');
      return at + 'empty'.length;
    }
    if (opening !== SQUARE && opening !== ROUND) return -1;
    const comma = this.#part.read(bytes, at + 1, end, STOPS);
    if (comma < 0 || bytes[comma] !== COMMA) return -1;
    const lower = this.#bound();
    const last = this.#part.read(bytes, comma + 1, end, STOPS);
    if (last < 0 || last >= end || (bytes[last] !== SQUARE_END && bytes[last] !== ROUND_END)) return -1;
    const upper = this.#bound();
    const bounds: Bounds = {
      lower,
      upper,
      lowerIncluded: opening === SQUARE,
      upperIncluded: bytes[last] === SQUARE_END,
    };
    out.text(boundsJson(bounds, this.#domain));
    return last + 1;
  }

  #bound(): string | null {
    const { bytes, from, length, quoted } = this.#part;
    return length === 0 && !quoted ? null : bytes.toString('utf8', from, from + length);
  }
}
