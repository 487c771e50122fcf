import { FIELD_NULL, type EventBatch } from '../../../wal/event-batch.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { GrowingBuffer } from '../../../postgres/growing-buffer.ts';

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const N = 0x4e;
/** Up to here a byte of COPY text may need an escape; all others but the backslash stand for themselves. */
const LAST_CONTROL = 0x0d;
/** Second byte of the escape of a control character, by its code; 0: it stands for itself. */
const COPY_ESCAPES = Uint8Array.from({ length: LAST_CONTROL + 1 }, (_, code) => {
  const letter = new Map([
    [0x08, 'b'],
    [0x09, 't'],
    [0x0a, 'n'],
    [0x0b, 'v'],
    [0x0c, 'f'],
    [0x0d, 'r'],
  ]).get(code);
  return letter === undefined ? 0 : letter.charCodeAt(0);
});

/** One value in the text format of COPY. */
export function writeCopyValue(batch: EventBatch, field: number, out: GrowingBuffer): void {
  const length = batch.fields[field + 1] as number;
  if (length < 0) {
    refuseUnchanged(length);
    out.byte(BACKSLASH);
    out.byte(N);
    return;
  }
  out.reserve(length * 2);
  const from = batch.bytes;
  const to = out.bytes;
  let at = out.length;
  const start = batch.fields[field] as number;
  for (let i = start, end = start + length; i < end; i++) {
    const byte = from[i] as number;
    if (byte === BACKSLASH) {
      to[at++] = BACKSLASH;
      to[at++] = BACKSLASH;
    } else if (byte <= LAST_CONTROL && COPY_ESCAPES[byte] !== 0) {
      to[at++] = BACKSLASH;
      to[at++] = COPY_ESCAPES[byte] as number;
    } else {
      to[at++] = byte;
    }
  }
  out.length = at;
}

/** One element of an array's text form, always quoted; NULL is the bare word. */
export function writeArrayElement(batch: EventBatch, field: number, out: GrowingBuffer): void {
  const length = batch.fields[field + 1] as number;
  if (length < 0) {
    refuseUnchanged(length);
    out.text('NULL');
    return;
  }
  out.reserve(length * 2 + 2);
  const from = batch.bytes;
  const to = out.bytes;
  let at = out.length;
  to[at++] = QUOTE;
  const start = batch.fields[field] as number;
  for (let i = start, end = start + length; i < end; i++) {
    const byte = from[i] as number;
    if (byte === BACKSLASH || byte === QUOTE) to[at++] = BACKSLASH;
    to[at++] = byte;
  }
  to[at++] = QUOTE;
  out.length = at;
}

/** One element of an array's text form that needs neither quotes nor escapes. */
export function writeBareElement(batch: EventBatch, field: number, out: GrowingBuffer): void {
  const length = batch.fields[field + 1] as number;
  if (length < 0) {
    refuseUnchanged(length);
    out.text('NULL');
    return;
  }
  out.reserve(length);
  const from = batch.bytes;
  const to = out.bytes;
  const start = batch.fields[field] as number;
  for (let i = 0, at = out.length; i < length; i++, at++) to[at] = from[start + i] as number;
  out.length += length;
}

/** An unchanged value is never written: as a null it would be a wrong one. */
function refuseUnchanged(length: number): void {
  if (length !== FIELD_NULL) throw new WalcastError('E_INTERNAL', 'unchanged value in a set');
}
