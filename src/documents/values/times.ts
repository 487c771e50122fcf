import type { GrowingBuffer } from '../../postgres/growing-buffer.ts';
import { writeJsonString } from './json-string.ts';

/**
 * Dates and times in ISO 8601, always with six digits of a second's fraction, so that the order of the texts is the order of the values from
 * year 0 to 9999. Years BC are counted through zero, those beyond 9999 have a sign. What is no date (infinity) stays as it is.
 */

const QUOTE = 0x22;
const DASH = 0x2d;
const DOT = 0x2e;
const SPACE = 0x20;
const T = 0x54;
const Z = 0x5a;
const ZERO = 0x30;
const C = 0x43;
const FRACTION = 6;
/** `2024-02-29` and `2024-02-29 12:34:56` */
const DATE_BYTES = 10;
const SECOND_BYTES = 19;

const TIMESTAMP = /^(\d+)(-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d(?::\d\d)*)?)?( BC)?$/;

export function writeDate(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  if (length === DATE_BYTES && bytes[from + 4] === DASH) {
    out.reserve(DATE_BYTES + 2);
    const to = out.bytes;
    let at = out.length;
    to[at++] = QUOTE;
    for (let i = from; i < from + DATE_BYTES; i++) to[at++] = bytes[i] as number;
    to[at++] = QUOTE;
    out.length = at;
  } else writeRare(bytes, from, length, out);
}

export function writeTimestamp(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  const end = writeUsual(bytes, from, length, out);
  if (end === from + length) out.byte(QUOTE);
  else giveUp(bytes, from, length, out);
}

/** The zone is UTC by our settings: `+00`. */
export function writeTimestamptz(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  const end = writeUsual(bytes, from, length, out);
  if (end >= 0 && end === from + length - 3 && bytes[end + 1] === ZERO && bytes[end + 2] === ZERO) {
    out.reserve(2);
    out.bytes[out.length++] = Z;
    out.bytes[out.length++] = QUOTE;
  } else giveUp(bytes, from, length, out);
}

/** `24:00:00` and all others with their fraction. */
export function writeTime(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.byte(QUOTE);
  const end = writeClock(bytes, from, from + length, out);
  out.reserve(from + length - end + 1);
  for (let i = end; i < from + length; i++) out.bytes[out.length++] = bytes[i] as number;
  out.byte(QUOTE);
}

/** Where what {@link writeUsual} wrote begins. */
let begun = 0;

/** Quote, date, T and time of four-digit years; where it ended, -1 if it is something else. */
function writeUsual(bytes: Buffer, from: number, length: number, out: GrowingBuffer): number {
  begun = out.length;
  const usual =
    length >= SECOND_BYTES &&
    bytes[from + 4] === DASH &&
    bytes[from + DATE_BYTES] === SPACE &&
    bytes[from + length - 1] !== C;
  if (!usual) return -1;
  out.reserve(SECOND_BYTES + FRACTION + 4);
  const to = out.bytes;
  let at = out.length;
  to[at++] = QUOTE;
  for (let i = from; i < from + DATE_BYTES; i++) to[at++] = bytes[i] as number;
  to[at++] = T;
  out.length = at;
  return writeClock(bytes, from + DATE_BYTES + 1, from + length, out);
}

/** `12:34:56.789` as `12:34:56.789000`; where it ended. */
function writeClock(bytes: Buffer, from: number, end: number, out: GrowingBuffer): number {
  out.reserve(8 + 1 + FRACTION);
  const to = out.bytes;
  let at = out.length;
  let i = from;
  for (; i < from + 8 && i < end; i++) to[at++] = bytes[i] as number;
  to[at++] = DOT;
  let digits = 0;
  if (i < end && bytes[i] === DOT) {
    for (i++; i < end && digits < FRACTION; i++, digits++) {
      const byte = bytes[i] as number;
      if (byte < ZERO || byte > ZERO + 9) break;
      to[at++] = byte;
    }
  }
  for (; digits < FRACTION; digits++) to[at++] = ZERO;
  out.length = at;
  return i;
}

function giveUp(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  out.length = begun;
  writeRare(bytes, from, length, out);
}

function writeRare(bytes: Buffer, from: number, length: number, out: GrowingBuffer): void {
  const iso = isoOf(bytes.toString('latin1', from, from + length));
  if (iso === null) writeJsonString(bytes, from, length, out);
  else out.text(`"${iso}"`);
}

/** Null: it is no date. */
export function isoOf(text: string): string | null {
  const match = TIMESTAMP.exec(text);
  if (match === null) return null;
  const [, digits = '', day = '', time, fraction = '', zone, bc] = match;
  const year = bc === undefined ? Number(digits) : 1 - Number(digits);
  const sign = year < 0 ? '-' : year > 9999 ? '+' : '';
  const date = `${sign}${String(Math.abs(year)).padStart(4, '0')}${day}`;
  if (time === undefined) return date;
  return `${date}T${time}.${fraction.padEnd(FRACTION, '0')}${zone === undefined ? '' : offset(zone)}`;
}

function offset(zone: string): string {
  if (zone === '+00') return 'Z';
  return zone.length === 3 ? `${zone}:00` : zone;
}
