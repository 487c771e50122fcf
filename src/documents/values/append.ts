import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';

/** Below this a loop is faster than a call into native code. */
const LONG_BYTES = 48;

/** Bytes as they are. */
export function append(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.reserve(length);
  const to = out.bytes;
  let at = out.length;
  if (length >= LONG_BYTES) at += bytes.copy(to, at, from, from + length);
  else for (let i = from, end = from + length; i < end; i++) to[at++] = bytes[i] as number;
  out.length = at;
}
