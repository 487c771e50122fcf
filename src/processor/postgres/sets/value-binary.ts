import { FIELD_NULL, type EventBatch } from '../../../wal/event-batch.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { GrowingBuffer } from '../../../postgres/growing-buffer.ts';

/** Up to here a loop is faster than a call of `copy`. */
const SHORT = 24;
const COPY_SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** A value as COPY, an array and Bind want it: its length, −1 for NULL, and its bytes. @returns whether it is NULL */
export function writeBinaryValue(batch: EventBatch, field: number, out: GrowingBuffer): boolean {
  const length = batch.fields[field + 1] as number;
  if (length < 0) {
    // An unchanged value is never written: as a null it would be a wrong one.
    if (length !== FIELD_NULL) throw new WalcastError('E_INTERNAL', 'unchanged value in a set');
    out.int32(-1);
    return true;
  }
  out.reserve(length + 4);
  const to = out.bytes;
  let at = out.length;
  to[at++] = length >>> 24;
  to[at++] = length >>> 16;
  to[at++] = length >>> 8;
  to[at++] = length;
  const from = batch.bytes;
  const start = batch.fields[field] as number;
  if (length <= SHORT) for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
  else from.copy(to, at, start, start + length);
  out.length = at + length;
  return false;
}

/** `count` values follow, one dimension from 1 on. */
export function beginBinaryArray(element: number, count: number, out: GrowingBuffer): void {
  out.int32(1);
  out.int32(0);
  out.int32(element);
  out.int32(count);
  out.int32(1);
}

/** @param at where the array began */
export function endBinaryArray(nulls: boolean, at: number, out: GrowingBuffer): void {
  if (nulls) out.patchInt32(at + 4, 1);
}

export function beginBinaryCopy(out: GrowingBuffer): void {
  out.reserve(COPY_SIGNATURE.length);
  COPY_SIGNATURE.copy(out.bytes, out.length);
  out.length += COPY_SIGNATURE.length;
  out.int32(0); // no flags
  out.int32(0); // no extension of the header
}

export function endBinaryCopy(out: GrowingBuffer): void {
  out.int16(-1);
}
