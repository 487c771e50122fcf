import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { append } from './append.ts';
import { writeJsonString } from './json-string.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const DOLLAR = 0x24;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const TRUE = 0x74; // t
const NINE = 0x39;
const ASCII_END = 0x80;

export function writeBoolean(bytes: Buffer, from: number, _length: number, out: GrowingBuffer): void {
  out.text(bytes[from] === TRUE ? 'true' : 'false');
}

/** Text that holds nothing to escape, in quotes. */
export function writePlainString(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.byte(QUOTE);
  append(bytes, from, length, out);
  out.byte(QUOTE);
}

/** JSON knows no NaN and no infinity: they are strings. */
export function writeFloat(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  const last = bytes[from + length - 1] as number;
  if (last <= NINE) append(bytes, from, length, out);
  else writePlainString(bytes, from, length, out);
}

/** Printed under lc_monetary C: `-$1,234.56`. The number alone, as a string like every exact decimal. */
export function writeMoney(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.reserve(length + 2);
  const to = out.bytes;
  let at = out.length;
  to[at++] = QUOTE;
  for (let i = from, end = from + length; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte !== DOLLAR && byte !== COMMA) to[at++] = byte;
  }
  to[at++] = QUOTE;
  out.length = at;
}

/** The type "char" holds any byte; those that are no character are written in octal, as newer servers print them. */
export function writeByte(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  const byte = bytes[from] as number;
  if (length !== 1 || byte < ASCII_END) writeJsonString(bytes, from, length, out);
  else out.text(`"\\\\${byte.toString(8)}"`);
}

/** JSON may have line breaks between its tokens, which a line of newline-delimited JSON may not; inside its strings there are none. */
export function writeJson(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.reserve(length);
  const to = out.bytes;
  let at = out.length;
  for (let i = from, end = from + length; i < end; i++) {
    const byte = bytes[i] as number;
    to[at++] = byte === LINE_FEED || byte === RETURN ? SPACE : byte;
  }
  out.length = at;
}

/** `(1,2)` as WKT, which means the same to whoever takes it as text or as a place: `POINT (1 2)`. */
export function writePoint(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.text('"POINT (');
  out.reserve(length);
  // Without its own parentheses.
  for (let i = from + 1; i < from + length - 1; i++) {
    const byte = bytes[i] as number;
    out.bytes[out.length++] = byte === COMMA ? SPACE : byte;
  }
  out.text(')"');
}

const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const EQUALS = 0x3d;
const NIBBLES = new Uint8Array(256);
for (let i = 0; i < 16; i++) {
  NIBBLES[i.toString(16).charCodeAt(0)] = i;
  NIBBLES[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}
const PREFIX_BYTES = 2;

/** `\x…` in base64. */
export function writeBytea(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  if (bytes[from] !== BACKSLASH) {
    writeJsonString(bytes, from, length, out);
    return;
  }
  const octet = (i: number): number =>
    ((NIBBLES[bytes[i] as number] as number) << 4) | (NIBBLES[bytes[i + 1] as number] as number);
  out.reserve(length + 6);
  const to = out.bytes;
  let at = out.length;
  to[at++] = QUOTE;
  const end = from + length;
  let i = from + PREFIX_BYTES;
  for (; i + 6 <= end; i += 6) {
    const three = (octet(i) << 16) | (octet(i + 2) << 8) | octet(i + 4);
    to[at++] = BASE64[three >> 18] as number;
    to[at++] = BASE64[(three >> 12) & 63] as number;
    to[at++] = BASE64[(three >> 6) & 63] as number;
    to[at++] = BASE64[three & 63] as number;
  }
  if (i < end) {
    const two = end - i === 4;
    const three = (octet(i) << 16) | (two ? octet(i + 2) << 8 : 0);
    to[at++] = BASE64[three >> 18] as number;
    to[at++] = BASE64[(three >> 12) & 63] as number;
    to[at++] = two ? (BASE64[(three >> 6) & 63] as number) : EQUALS;
    to[at++] = EQUALS;
  }
  to[at++] = QUOTE;
  out.length = at;
}
