import { writeJsonString } from './json-string.ts';
import { QuotedPart, stopsAt } from './quoted.ts';
import type { ValueWriter } from './value-writer.ts';

const BRACE = 0x7b;
const COLON = 0x3a;
const COMMA = 0x2c;
const KEY_STOPS = stopsAt('=');
const VALUE_STOPS = stopsAt(',');
/** `=>` and `, ` */
const ARROW_BYTES = 2;

/** `"a"=>"1", "b"=>NULL` as an object of strings. */
export function hstoreWriter(): ValueWriter {
  const part = new QuotedPart();
  return (bytes, from, length, out) => {
    const begun = out.length;
    const end = from + length;
    out.byte(BRACE);
    for (let at = from; at < end; at += ARROW_BYTES) {
      if (at > from) out.byte(COMMA);
      at = part.read(bytes, at, end, KEY_STOPS);
      if (at < 0 || at >= end || !part.quoted) {
        out.length = begun;
        return writeJsonString(bytes, from, length, out);
      }
      writeJsonString(part.bytes, part.from, part.length, out);
      out.byte(COLON);
      at = part.read(bytes, at + ARROW_BYTES, end, VALUE_STOPS);
      if (at < 0) {
        out.length = begun;
        return writeJsonString(bytes, from, length, out);
      }
      if (part.quoted) writeJsonString(part.bytes, part.from, part.length, out);
      else out.text('null');
    }
    part.clear();
    out.byte(BRACE + 2);
  };
}
