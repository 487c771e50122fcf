const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const SQUARE = 0x5b;
const SQUARE_END = 0x5d;
const COMMA = 0x2c;

/**
 * The members of a JSON object, or the items of an array, as the bytes that they are: numbers beyond 2^53, which JSON.parse would round, stay
 * exact. For JSON that a server has made.
 */
export class JsonMembers {
  readonly #json: Buffer;
  /** By key, or by position in an array. */
  readonly #ranges: ReadonlyMap<string, readonly [from: number, end: number]>;

  private constructor(json: Buffer, ranges: ReadonlyMap<string, readonly [number, number]>) {
    this.#json = json;
    this.#ranges = ranges;
  }

  /** Throws a SyntaxError for what is neither an object nor an array. */
  static of(json: Buffer, from = 0, end = json.length): JsonMembers {
    const ranges = new Map<string, readonly [number, number]>();
    let at = afterSpace(json, from, end);
    const opening = json[at];
    if (opening !== BRACE && opening !== SQUARE) throw new SyntaxError('neither a JSON object nor an array');
    const closing = opening + 2;
    at = afterSpace(json, at + 1, end);
    for (let index = 0; json[at] !== closing; index++) {
      let key = String(index);
      if (opening === BRACE) {
        const keyEnd = valueEnd(json, at, end);
        key = JSON.parse(json.toString('utf8', at, keyEnd)) as string;
        at = afterSpace(json, afterSpace(json, keyEnd, end) + 1, end);
      }
      const valueAt = at;
      at = valueEnd(json, at, end);
      ranges.set(key, [valueAt, at]);
      at = afterSpace(json, at, end);
      if (json[at] === COMMA) at = afterSpace(json, at + 1, end);
      else if (json[at] !== closing) throw new SyntaxError('JSON ends early');
    }
    return new JsonMembers(json, ranges);
  }

  get size(): number {
    return this.#ranges.size;
  }

  has(key: string): boolean {
    return this.#ranges.has(key);
  }

  /** A slice of the whole. */
  raw(key: string | number): Buffer | undefined {
    const range = this.#ranges.get(String(key));
    return range === undefined ? undefined : this.#json.subarray(...range);
  }

  /** An object or array within. */
  member(key: string | number): JsonMembers | undefined {
    const range = this.#ranges.get(String(key));
    const opening = range === undefined ? undefined : this.#json[range[0]];
    if (range === undefined || (opening !== BRACE && opening !== SQUARE)) return undefined;
    return JsonMembers.of(this.#json, ...range);
  }

  /** A string as it reads; anything else as it is written. */
  text(key: string | number): string | undefined {
    const raw = this.raw(key);
    if (raw === undefined) return undefined;
    return raw[0] === QUOTE ? (JSON.parse(raw.toString('utf8')) as string) : raw.toString('utf8');
  }
}

function afterSpace(json: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (json[at] as number) <= 0x20) at++;
  return at;
}

function valueEnd(json: Buffer, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      for (at++; at < end && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
      if (depth === 0) return at + 1;
    } else if (byte === BRACE || byte === SQUARE) depth++;
    else if (byte === BRACE_END || byte === SQUARE_END) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || byte === 0x3a || byte <= 0x20)) return at;
  }
  throw new SyntaxError('JSON ends early');
}
