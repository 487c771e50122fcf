import { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { withoutDomains, type ValueType } from '../types/value-type.ts';
import { append } from '../values/append.ts';
import { fitOf } from '../values/json-guard.ts';
import { writeJsonString } from '../values/json-string.ts';
import { oddValueWriter, type OddValueWriter } from '../values/odd-values.ts';
import { rangeFieldWriter, valueWriter, type ValueWriter } from '../values/value-writer.ts';
import type { DocumentColumn } from './document-column.ts';

const COMMA = 0x2c;
const CAPACITY = 1024;
/** A larger value does not make its buffer stay that large. */
const KEPT_BYTES = 1024 * 1024;

/** Writes the members of one column with their keys, without a comma before them. */
export function memberWriter(column: DocumentColumn): ValueWriter {
  const { type, textKey, rawKey } = column;
  const key = keyBytes(column.key);
  const write = valueWriter(type);
  if (rawKey !== undefined) return flatWriter(key, keyBytes(rawKey), write, mayRepeatKeys(type));
  if (textKey !== undefined) {
    const text = keyBytes(textKey);
    const range = rangeFieldWriter(type);
    if (range !== null) return withText(key, text, write, always(range));
    const odd = oddValueWriter(type);
    if (odd !== null) return withText(key, text, write, odd);
  }
  return (bytes, from, length, out) => {
    append(key, 0, key.length, out);
    write(bytes, from, length, out);
  };
}

/** What an index compares, and where that is not all of the value, the value. */
function withText(key: Buffer, textKey: Buffer, write: ValueWriter, compared: OddValueWriter): ValueWriter {
  return (bytes, from, length, out) => {
    append(key, 0, key.length, out);
    if (compared.write(bytes, from, length, out)) return;
    out.byte(COMMA);
    append(textKey, 0, textKey.length, out);
    write(bytes, from, length, out);
  };
}

/** Bounds are never all of a range. */
function always(write: ValueWriter): OddValueWriter {
  return {
    write: (bytes, from, length, out) => {
      write(bytes, from, length, out);
      return false;
    },
  };
}

/** `"key":` */
export function keyBytes(key: string): Buffer {
  return Buffer.from(`${JSON.stringify(key)}:`);
}

function flatWriter(key: Buffer, rawKey: Buffer, write: ValueWriter, mayRepeat: boolean): ValueWriter {
  const scratch = new GrowingBuffer(CAPACITY);
  return (bytes, from, length, out) => {
    const begun = out.length;
    append(key, 0, key.length, out);
    const start = out.length;
    write(bytes, from, length, out);
    const fit = fitOf(out.bytes, start, out.length, mayRepeat);
    if (fit === 'object') return;
    scratch.clear();
    scratch.reserve(out.length - start);
    scratch.length = out.bytes.copy(scratch.bytes, 0, start, out.length);
    out.length = begun;
    if (fit === 'wrapped') {
      append(key, 0, key.length, out);
      out.text('{"value":');
      append(scratch.bytes, 0, scratch.length, out);
      out.text('},');
    }
    append(rawKey, 0, rawKey.length, out);
    writeJsonString(scratch.bytes, 0, scratch.length, out);
    if (scratch.bytes.length > KEPT_BYTES) {
      scratch.bytes = Buffer.allocUnsafeSlow(CAPACITY);
      scratch.clear();
    }
  };
}

/** The type json keeps a key as often as it was given. */
function mayRepeatKeys(of: ValueType): boolean {
  const type = withoutDomains(of);
  if (type.kind === 'array') return mayRepeatKeys(type.element);
  if (type.kind === 'composite') return type.fields.some((field) => mayRepeatKeys(field.type));
  return type.kind === 'json';
}
