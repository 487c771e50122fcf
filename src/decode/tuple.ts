import { FIELD_NULL, FIELD_UNCHANGED } from '../wal/event-batch.ts';
import { protocolError } from './protocol-error.ts';

/** How a stream carries values: what it was asked for, since what pgoutput has no binary form of is no part of a binary stream. */
export const VALUE_TEXT = 0x74; // t
export const VALUE_BINARY = 0x62; // b
export type ValueFormat = typeof VALUE_TEXT | typeof VALUE_BINARY;

const NULL = 0x6e; // n
const UNCHANGED = 0x75; // u

/** Position after the tuple that {@link readTuple} read last; a field of the module, so that no object is made per row. */
export let tupleEnd = 0;

/**
 * Walks one TupleData in `bytes[at, end)` and writes (offset, length) of each column into `fields` from `into`. The values themselves are
 * not touched. All have the format `values`: written as another one, they would be other values.
 */
export function readTuple(
  bytes: Buffer,
  at: number,
  end: number,
  fields: Int32Array,
  into: number,
  columns: number,
  kind: number,
  values: ValueFormat,
): void {
  if (at + 2 > end) throw protocolError('message ends early', { kind, offset: at });
  const count = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  if (count !== columns) throw protocolError(`row has ${count} columns, its relation ${columns}`, { kind, offset: at });
  let position = at + 2;
  let field = into;
  for (let i = 0; i < count; i++) {
    if (position >= end) throw protocolError('message ends early', { kind, offset: position });
    const format = bytes[position++] as number;
    if (format === values) {
      if (position + 4 > end) throw protocolError('message ends early', { kind, offset: position });
      const length =
        ((bytes[position] as number) << 24) |
        ((bytes[position + 1] as number) << 16) |
        ((bytes[position + 2] as number) << 8) |
        (bytes[position + 3] as number);
      position += 4;
      if (length < 0 || length > end - position)
        throw protocolError('value is longer than its message', { kind, offset: position });
      fields[field] = position;
      fields[field + 1] = length;
      position += length;
    } else if (format === NULL) {
      fields[field] = 0;
      fields[field + 1] = FIELD_NULL;
    } else if (format === UNCHANGED) {
      fields[field] = 0;
      fields[field + 1] = FIELD_UNCHANGED;
    } else {
      throw protocolError(`column format ${format} instead of ${values}`, { kind, offset: position - 1 });
    }
    field += 2;
  }
  tupleEnd = position;
}
