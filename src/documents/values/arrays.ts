import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { writeJsonString } from './json-string.ts';
import { QuotedPart, stopsAt } from './quoted.ts';
import type { ValueWriter } from './value-writer.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const BOUNDS = 0x5b;
const EQUALS = 0x3d;
const COMMA = 0x2c;
/** array_in allows 6 dimensions. */
const MAX_DEPTH = 6;

/**
 * `{1,NULL,"a b"}` as a JSON array, dimension in dimension. Lower bounds (`[0:1]={…}`) are left out, as to_jsonb does. A text that is no array
 * becomes a string.
 */
export function arrayWriter(element: ValueWriter, delimiter: string): ValueWriter {
  const stops = stopsAt(`${delimiter}}`);
  const separator = delimiter.charCodeAt(0);
  const part = new QuotedPart();

  /** Writes the dimension that begins at `at`; returns what comes after it, -1 if it is none. */
  function dimension(bytes: Buffer, at: number, end: number, out: GrowingBuffer, depth: number): number {
    if (bytes[at] !== OPEN || depth > MAX_DEPTH) return -1;
    out.byte(BOUNDS);
    let i = at + 1;
    if (bytes[i] === CLOSE) {
      out.byte(BOUNDS + 2);
      return i + 1;
    }
    for (;;) {
      if (bytes[i] === OPEN) i = dimension(bytes, i, end, out, depth + 1);
      else {
        i = part.read(bytes, i, end, stops);
        if (i >= 0) item(out);
      }
      if (i < 0 || i >= end) return -1;
      if (bytes[i] === CLOSE) break;
      if (bytes[i] !== separator) return -1;
      out.byte(COMMA);
      i++;
    }
    out.byte(BOUNDS + 2);
    return i + 1;
  }

  function item(out: GrowingBuffer): void {
    if (!part.quoted && isNull(part)) out.text('null');
    else element(part.bytes, part.from, part.length, out);
  }

  return (bytes, from, length, out) => {
    const begun = out.length;
    const end = from + length;
    let at = from;
    if (bytes[at] === BOUNDS) {
      while (at < end && bytes[at] !== EQUALS) at++;
      at++;
    }
    const done = at < end && dimension(bytes, at, end, out, 1) === end;
    part.clear();
    if (done) return;
    out.length = begun;
    writeJsonString(bytes, from, length, out);
  };
}

const NULL = Buffer.from('NULL', 'latin1');

function isNull(part: QuotedPart): boolean {
  if (part.length !== NULL.length) return false;
  for (let i = 0; i < NULL.length; i++) if (part.bytes[part.from + i] !== NULL[i]) return false;
  return true;
}
