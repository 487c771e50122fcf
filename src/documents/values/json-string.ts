import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LAST_CONTROL = 0x1f;
/** Longest escape: `\u001f`. */
const ESCAPE_BYTES = 6;
/** From this size on it pays to look for what must be escaped and to copy the rest as a whole. */
const LONG_BYTES = 64;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
/** Second byte of the short escapes. */
const SHORT = new Uint8Array(LAST_CONTROL + 1);
for (const [code, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
] as const) {
  SHORT[code] = letter.charCodeAt(0);
}

/** UTF-8 text as a JSON string, quotes included. Multi-byte characters stay as they are. */
export function writeJsonString(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.byte(QUOTE);
  writeJsonText(bytes, from, length, out);
  out.byte(QUOTE);
}

/** The same without quotes. */
export function writeJsonText(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.reserve(length + ESCAPE_BYTES);
  let to = out.bytes;
  let at = out.length;
  const end = from + length;
  if (length >= LONG_BYTES && isPlain(bytes, from, end)) {
    bytes.copy(to, at, from, end);
    out.length = at + length;
    return;
  }
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > LAST_CONTROL && byte !== QUOTE && byte !== BACKSLASH) {
      to[at++] = byte;
      continue;
    }
    out.length = at;
    out.reserve(end - i + ESCAPE_BYTES * 2);
    to = out.bytes;
    to[at++] = BACKSLASH;
    if (byte > LAST_CONTROL) to[at++] = byte;
    else if (SHORT[byte] !== 0) to[at++] = SHORT[byte] as number;
    else {
      to[at++] = 0x75; // u
      to[at++] = 0x30;
      to[at++] = 0x30;
      to[at++] = HEX[byte >> 4] as number;
      to[at++] = HEX[byte & 15] as number;
    }
  }
  out.length = at;
}

function isPlain(bytes: Buffer, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte <= LAST_CONTROL || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}
