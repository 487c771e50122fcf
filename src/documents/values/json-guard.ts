/**
 * What a flat object of a search index takes of JSON, and what would make it refuse the whole document. Limits are those of Lucene (a term of
 * 32,766 bytes) and of the JSON reader (1,000 digits, 1,000 levels, no key twice, no half characters), with some room below.
 */
export type Fit =
  /** As it is. */
  | 'object'
  /** Scalars outside of an object: inside of one it can be taken. */
  | 'wrapped'
  /** In no form. */
  | 'refused';

const PATH_AND_VALUE_BYTES = 32_000;
const NUMBER_BYTES = 900;
const DEPTH = 250;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const SQUARE = 0x5b;
const SQUARE_END = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const N = 0x6e;
const U = 0x75;
const D = 0x64;
/** Makes a letter a small one. */
const LOWER = 0x20;

/** By level: bytes of the path down to it, and whether it is an object. Used by one call at a time. */
const paths = new Int32Array(DEPTH + 1);
const objects = new Uint8Array(DEPTH + 1);

/** Lengths are those of the text: an escape is never shorter than what it stands for. `mayRepeat`: keys are not known to be unique. */
export function fitOf(json: Buffer, from: number, end: number, mayRepeat: boolean): Fit {
  const keys: Set<string>[] = [];
  objects[0] = 0;
  let depth = 0;
  let objectsOpen = 0;
  let key = false;
  let keyBytes = 0;
  let wrapped = false;
  for (let i = from; i < end; i++) {
    const byte = json[i] as number;
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        break;
      case BRACE:
      case SQUARE: {
        if (++depth > DEPTH) return 'refused';
        const isObject = byte === BRACE;
        if (isObject) objectsOpen++;
        objects[depth] = isObject ? 1 : 0;
        paths[depth] = (paths[depth - 1] as number) + keyBytes;
        keyBytes = 0;
        if (isObject && mayRepeat) keys[depth] = new Set();
        key = isObject;
        break;
      }
      case BRACE_END:
      case SQUARE_END:
        if (byte === BRACE_END) objectsOpen--;
        depth--;
        key = false;
        break;
      case COMMA:
        key = objects[depth] === 1;
        keyBytes = 0;
        break;
      case COLON:
        key = false;
        break;
      default: {
        const start = i;
        i = scalarEnd(json, i, end);
        const length = i - start;
        if (mayBeBroken && isBroken(json, start, i)) return 'refused';
        if (key) {
          keyBytes = length + 1;
          const known = keys[depth];
          if (mayRepeat && known !== undefined) {
            const name = JSON.parse(json.toString('utf8', start, i)) as string;
            if (known.has(name)) return 'refused';
            known.add(name);
          }
        }
        if ((paths[depth] as number) + keyBytes + (key ? 0 : length) > PATH_AND_VALUE_BYTES) return 'refused';
        if (byte !== QUOTE && length > NUMBER_BYTES) return 'refused';
        // Within an array null is nothing; alone it would be the same as SQL's.
        if (objectsOpen === 0 && !(byte === N && depth > 0)) wrapped = true;
        i--;
      }
    }
  }
  return wrapped ? 'wrapped' : 'object';
}

/** Half of a character, as the type json allows it and readers of newer versions don't: `"\\ud800"`. */
function isBroken(json: Buffer, from: number, end: number): boolean {
  return SURROGATE.test(JSON.parse(json.toString('utf8', from, end)) as string);
}

const SURROGATE = /\p{Surrogate}/u;
/** `\\ud…` was seen by {@link scalarEnd}. */
let mayBeBroken = false;

/** After the last byte of the string, number or word that begins at `at`. */
function scalarEnd(json: Buffer, at: number, end: number): number {
  let i = at + 1;
  mayBeBroken = false;
  if (json[at] === QUOTE) {
    for (; i < end; i++) {
      const byte = json[i];
      if (byte === BACKSLASH) {
        i++;
        if (json[i] === U && ((json[i + 1] as number) | LOWER) === D) mayBeBroken = true;
      } else if (byte === QUOTE) return i + 1;
    }
    return end;
  }
  for (; i < end; i++) {
    const byte = json[i] as number;
    if (byte === COMMA || byte === BRACE_END || byte === SQUARE_END || byte <= 0x20) break;
  }
  return i;
}
