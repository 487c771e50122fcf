import { withoutDomains, type ValueType } from '../types/value-type.ts';
import { isoOf } from './times.ts';

/** How an index compares the bounds of a range: as whole numbers, doubles, or milliseconds. */
export type RangeDomain = 'integer' | 'number' | 'time';

/** Undefined: ranges of it are kept as text. */
export function rangeDomain(subtype: ValueType): RangeDomain | undefined {
  switch (withoutDomains(subtype).kind) {
    case 'integer':
      return 'integer';
    case 'numeric':
    case 'float4':
    case 'float8':
      return 'number';
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return 'time';
    default:
      return undefined;
  }
}

/** Of a range that is not empty. */
export interface Bounds {
  /** Null: there is none. */
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerIncluded: boolean;
  readonly upperIncluded: boolean;
}

/** `rank` counts the values that an index can tell apart: neighbours differ by one. */
interface Bound {
  readonly text: string;
  readonly rank: bigint;
}

/** Beyond every value that the index knows, on which side. */
type Beyond = 'below' | 'above';

const NOTHING = '[]';
const LOWEST_LONG = -(2n ** 63n);
const HIGHEST_LONG = 2n ** 63n - 1n;

/**
 * JSON of a range as a search index takes it: `{"gte":…,"lt":…}`, or `[]` where it holds nothing that the index knows. One that became empty
 * because the index counts in doubles and milliseconds would be refused with its document: then its bounds are included. Infinity is no bound.
 */
export function boundsJson(bounds: Bounds, domain: RangeDomain): string {
  const from = bounds.lower === null ? 'below' : bound(bounds.lower, domain);
  const to = bounds.upper === null ? 'above' : bound(bounds.upper, domain);
  if (from === 'above' || to === 'below') return NOTHING;
  if (from !== 'below' && to !== 'above' && from.rank > to.rank) return NOTHING;
  let { lowerIncluded, upperIncluded } = bounds;
  const lowest = from === 'below' ? LOWEST_LONG : from.rank + (lowerIncluded ? 0n : 1n);
  const highest = to === 'above' ? HIGHEST_LONG : to.rank - (upperIncluded ? 0n : 1n);
  if (lowest > highest || lowest > HIGHEST_LONG || highest < LOWEST_LONG) {
    if (domain === 'integer') return NOTHING;
    lowerIncluded = true;
    upperIncluded = true;
  }
  const parts = [
    ...(from === 'below' ? [] : [`"${lowerIncluded ? 'gte' : 'gt'}":"${from.text}"`]),
    ...(to === 'above' ? [] : [`"${upperIncluded ? 'lte' : 'lt'}":"${to.text}"`]),
  ];
  return `{${parts.join(',')}}`;
}

function bound(text: string, domain: RangeDomain): Bound | Beyond {
  switch (domain) {
    case 'integer':
      return { text, rank: BigInt(text) };
    case 'number':
      return numberBound(text);
    case 'time':
      return timeBound(text);
    default:
      return domain satisfies never;
  }
}

/** NaN sorts above all other numbers, infinity included. */
function numberBound(text: string): Bound | Beyond {
  const value = Number(text);
  if (Number.isNaN(value) || value === Infinity) return 'above';
  if (value === -Infinity) return 'below';
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(Math.abs(value));
  const magnitude = bits.readBigInt64BE();
  return { text, rank: value < 0 ? -magnitude : magnitude };
}

const ISO = /^([+-]?\d+)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)\.(\d{3}))?/;

function timeBound(text: string): Bound | Beyond {
  const iso = isoOf(text);
  const match = iso === null ? null : ISO.exec(iso);
  if (iso === null || match === null) return text.startsWith('-') ? 'below' : 'above';
  const [year = 0, month = 1, day = 1, ...clock] = match.slice(1).map((part) => Number(part ?? 0));
  const [hours = 0, minutes = 0, seconds = 0, millis = 0] = clock;
  const ofDay = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
  return { text: iso, rank: BigInt(daysSince1970(year, month, day)) * 86_400_000n + BigInt(ofDay) };
}

/** In the Gregorian calendar, for any year: Date ends before PostgreSQL's does. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
