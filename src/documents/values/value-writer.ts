import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { withoutDomains, type ValueType } from '../types/value-type.ts';
import { append } from './append.ts';
import { arrayWriter } from './arrays.ts';
import { compositeWriter } from './composites.ts';
import { hstoreWriter } from './hstore.ts';
import { writeJsonString } from './json-string.ts';
import { multirangeWriter, rangeWriter } from './ranges.ts';
import { rangeDomain } from './range-bounds.ts';
import {
  writeBoolean,
  writeByte,
  writeBytea,
  writeFloat,
  writeJson,
  writeMoney,
  writePlainString,
  writePoint,
} from './scalars.ts';
import { writeDate, writeTime, writeTimestamp, writeTimestamptz } from './times.ts';

/** Appends the JSON of one value, given its text in PostgreSQL's form. Synchronous, keeps nothing of `bytes`. */
export type ValueWriter = (bytes: Buffer, from: number, length: number, out: GrowingBuffer) => void;

/** The JSON that says all of a value. Ranges are text. */
export function valueWriter(of: ValueType): ValueWriter {
  const type = withoutDomains(of);
  switch (type.kind) {
    case 'boolean':
      return writeBoolean;
    case 'integer':
    case 'vector':
      return append;
    case 'float4':
    case 'float8':
      return writeFloat;
    case 'numeric':
    case 'uuid':
    case 'bit':
    case 'inet':
    case 'cidr':
    case 'macaddr':
      return writePlainString;
    case 'money':
      return writeMoney;
    case 'byte':
      return writeByte;
    case 'date':
      return writeDate;
    case 'time':
    case 'timetz':
      return writeTime;
    case 'timestamp':
      return writeTimestamp;
    case 'timestamptz':
      return writeTimestamptz;
    case 'json':
    case 'jsonb':
      return writeJson;
    case 'bytea':
      return writeBytea;
    case 'point':
      return writePoint;
    case 'hstore':
      return hstoreWriter();
    case 'array':
      return arrayWriter(valueWriter(type.element), type.delimiter);
    case 'composite':
      return compositeWriter(type.fields.map(({ name, type: field }) => ({ name, write: valueWriter(field) })));
    case 'text':
    case 'citext':
    case 'keyword':
    case 'enum':
    case 'interval':
    case 'geometric':
    case 'tsvector':
    case 'range':
    case 'multirange':
    case 'other':
      return writeJsonString;
    default:
      return type satisfies never;
  }
}

/** Ranges, alone or in arrays, in the form of a search index's range fields; null: they have no such form. */
export function rangeFieldWriter(of: ValueType): ValueWriter | null {
  const type = withoutDomains(of);
  if (type.kind === 'array') {
    const element = rangeFieldWriter(type.element);
    return element === null ? null : arrayWriter(element, type.delimiter);
  }
  if (type.kind !== 'range' && type.kind !== 'multirange') return null;
  const domain = rangeDomain(type.subtype);
  if (domain === undefined) return null;
  return type.kind === 'range' ? rangeWriter(domain) : multirangeWriter(domain);
}
