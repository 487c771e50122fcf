import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { withoutDomains, type ValueType } from '../types/value-type.ts';
import { append } from './append.ts';
import { arrayWriter } from './arrays.ts';
import { valueWriter, type ValueWriter } from './value-writer.ts';

const SLASH = 0x2f;
const NINE = 0x39;
const ZERO = 0x30;
const QUOTE = 0x22;
const MINUS = 0x2d;
/** A number of fewer characters is finite as a double. */
const SURELY_FINITE = 300;

/** Whether a text is no value of the field that its type has in an index. */
type IsOdd = (bytes: Buffer, from: number, length: number) => boolean;

/** NaN and infinity. */
const isNotFinite: IsOdd = (bytes, from, length) => {
  if ((bytes[from + length - 1] as number) > NINE) return true;
  return length > SURELY_FINITE && !Number.isFinite(Number(bytes.toString('latin1', from, from + length)));
};

/** infinity and -infinity */
const isEndless: IsOdd = (bytes, from) => {
  const first = bytes[from] as number;
  return first === MINUS || first > NINE || first < ZERO;
};

/** An address with the length of its network. */
const hasMask: IsOdd = (bytes, from, length) => hostBytes(bytes, from, length) < length;

function hostBytes(bytes: Buffer, from: number, length: number): number {
  for (let i = 0; i < length; i++) if (bytes[from + i] === SLASH) return i;
  return length;
}

/** Writes what an index can compare of values, and says whether that was all of them. */
export interface OddValueWriter {
  /** False: something was left out, or cut off. */
  write(bytes: Buffer, from: number, length: number, out: GrowingBuffer): boolean;
}

/** Null: the type has no values that its field would not take. */
export function oddValueWriter(type: ValueType): OddValueWriter | null {
  const state = { whole: true };
  const write = elementWriter(type, state);
  if (write === null) return null;
  return {
    write: (bytes, from, length, out) => {
      state.whole = true;
      write(bytes, from, length, out);
      return state.whole;
    },
  };
}

function elementWriter(of: ValueType, state: { whole: boolean }): ValueWriter | null {
  const type = withoutDomains(of);
  switch (type.kind) {
    case 'array': {
      const element = elementWriter(type.element, state);
      return element === null ? null : arrayWriter(element, type.delimiter);
    }
    case 'numeric':
    case 'float4':
    case 'float8':
      return unless(isNotFinite, valueWriter(type), writeNull, state);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return unless(isEndless, valueWriter(type), writeNull, state);
    case 'inet':
      return unless(hasMask, valueWriter(type), writeHost, state);
    default:
      return null;
  }
}

function unless(isOdd: IsOdd, write: ValueWriter, writeOdd: ValueWriter, state: { whole: boolean }): ValueWriter {
  return (bytes, from, length, out) => {
    if (isOdd(bytes, from, length)) {
      state.whole = false;
      writeOdd(bytes, from, length, out);
    } else write(bytes, from, length, out);
  };
}

function writeNull(_bytes: Buffer, _from: number, _length: number, out: GrowingBuffer): void {
  out.text('null');
}

function writeHost(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.byte(QUOTE);
  append(bytes, from, hostBytes(bytes, from, length), out);
  out.byte(QUOTE);
}
