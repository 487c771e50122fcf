import { FIELD_UNCHANGED, type EventBatch } from '../../../wal/event-batch.ts';

export function tupleBytes(batch: EventBatch, at: number, columns: number): number {
  if (at < 0) return 0;
  let size = 0;
  for (let i = 0; i < columns; i++) size += Math.max(0, batch.fields[at + i * 2 + 1] as number);
  return size;
}

/**
 * Copies a tuple's values; `into` has the room. An unchanged TOAST value is taken from the tuple at `fallback` of `earlier`, if there is one.
 * @returns where its fields begin
 */
export function copyTuple(
  from: EventBatch,
  at: number,
  columns: number,
  into: EventBatch,
  fallback = -1,
  earlier: EventBatch = from,
): number {
  if (at < 0) return -1;
  const start = into.fieldsUsed;
  for (let i = 0; i < columns; i++) {
    const unchanged = from.fields[at + i * 2 + 1] === FIELD_UNCHANGED && fallback >= 0;
    const source = unchanged ? earlier : from;
    const field = (unchanged ? fallback : at) + i * 2;
    const offset = source.fields[field] as number;
    const length = source.fields[field + 1] as number;
    into.fields[start + i * 2] = into.byteLength;
    into.fields[start + i * 2 + 1] = length;
    if (length <= 0) continue;
    source.bytes.copy(into.bytes, into.byteLength, offset, offset + length);
    into.byteLength += length;
  }
  into.fieldsUsed = start + columns * 2;
  return start;
}
