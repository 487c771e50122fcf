import type { KeyRange, RangeKey } from './snapshot.ts';

const MINUS = 0x2d;

interface Bounds {
  /** null: from the lowest key on. */
  readonly lower: Buffer | null;
  readonly upper: Buffer | null;
  readonly index: number;
}

/** Finds the range that a key lies in, by the bytes of its text as the stream has them. Makes no object. */
export class KeyRanges {
  readonly #bounds: readonly Bounds[];
  readonly #compare: (bytes: Buffer, start: number, end: number, bound: Buffer) => number;

  constructor(kind: RangeKey['kind'], ranges: readonly KeyRange[]) {
    this.#compare = kind === 'integer' ? compareInteger : compareBytes;
    const bounds = ranges.map(({ lower, upper }, index) => ({
      lower: boundOf(kind, lower),
      upper: boundOf(kind, upper),
      index,
    }));
    this.#bounds = bounds.sort((a, b) =>
      a.lower === null ? -1 : b.lower === null ? 1 : this.#compare(a.lower, 0, a.lower.length, b.lower),
    );
  }

  /** Index of the range in the list given; −1: the key lies in none. */
  find(bytes: Buffer, start: number, length: number): number {
    const end = start + length;
    let low = 0;
    let high = this.#bounds.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const { lower } = this.#bounds[middle] as Bounds;
      if (lower === null || this.#compare(bytes, start, end, lower) >= 0) low = middle;
      else high = middle - 1;
    }
    const found = this.#bounds[low];
    if (found === undefined) return -1;
    if (found.lower !== null && this.#compare(bytes, start, end, found.lower) < 0) return -1;
    if (found.upper !== null && this.#compare(bytes, start, end, found.upper) >= 0) return -1;
    return found.index;
  }
}

/** In the one spelling that the server's output functions use. */
function boundOf(kind: RangeKey['kind'], text: string | null): Buffer | null {
  if (text === null) return null;
  return Buffer.from(kind === 'integer' ? BigInt(text).toString() : text.toLowerCase());
}

function compareBytes(bytes: Buffer, start: number, end: number, bound: Buffer): number {
  return bytes.compare(bound, 0, bound.length, start, end);
}

/** Decimal digits without leading zeros: the longer number is the greater one. */
function compareInteger(bytes: Buffer, start: number, end: number, bound: Buffer): number {
  const negative = bytes[start] === MINUS;
  if (negative !== (bound[0] === MINUS)) return negative ? -1 : 1;
  const difference = end - start - bound.length;
  const order = difference !== 0 ? difference : bytes.compare(bound, 0, bound.length, start, end);
  return negative ? -order : order;
}
