import { writeJsonString } from './json-string.ts';
import { QuotedPart, stopsAt } from './quoted.ts';
import type { ValueWriter } from './value-writer.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const BRACE = 0x7b;
const COMMA = 0x2c;
const STOPS = stopsAt(',)');

/** `(1,"a b",)` as a JSON object. A text with another number of values (its type was another one then) becomes a string. */
export function compositeWriter(
  fields: readonly { readonly name: string; readonly write: ValueWriter }[],
): ValueWriter {
  const keys = fields.map(({ name }) => `${JSON.stringify(name)}:`);
  const part = new QuotedPart();

  return (bytes, from, length, out) => {
    const begun = out.length;
    const end = from + length;
    const fail = (): void => {
      part.clear();
      out.length = begun;
      writeJsonString(bytes, from, length, out);
    };
    if (bytes[from] !== OPEN || bytes[end - 1] !== CLOSE) return fail();
    out.byte(BRACE);
    let at = from + 1;
    for (let i = 0; i < fields.length; i++) {
      at = part.read(bytes, at, end, STOPS);
      if (at < 0 || at >= end) return fail();
      if (bytes[at] !== (i === fields.length - 1 ? CLOSE : COMMA)) return fail();
      if (i > 0) out.byte(COMMA);
      out.text(keys[i] ?? '');
      // Nothing at all is NULL, an empty text has quotes.
      if (part.length === 0 && !part.quoted) out.text('null');
      else fields[i]?.write(part.bytes, part.from, part.length, out);
      at++;
    }
    if (at !== (fields.length === 0 ? end - 1 : end)) return fail();
    part.clear();
    out.byte(BRACE + 2);
  };
}
