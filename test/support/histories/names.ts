import { quoteIdentifier } from '../../../src/sql/quote.ts';
import type { Draw } from './draw.ts';

const BYTES = 63;

/** What a name is made odd with; `n` keeps it apart from the others of its history. */
const SHAPES: readonly ((base: string, n: number) => string)[] = [
  (base, n) => `${base}_${n}`,
  (base, n) => `${base}_${n}`,
  (base, n) => `${base}_${n}`,
  (base, n) => `${base[0]?.toUpperCase() ?? ''}${base.slice(1)}Of${n}`,
  (base, n) => `${base.toUpperCase()} ${n}`,
  (base, n) => `${base}.with.dots ${n}`,
  (base, n) => `the "${base}" ${n}`,
  (base, n) => `it's ${base}; -- ${n}`,
  (base, n) => `ünïcödé ${base} 表${n}`,
  (base, n) => `\\${base}$${n}$ /* x */`,
  (base, n) => `${n} (${base}), [x]`,
  (base, n) => cut(`${base}_${n}_${'long'.repeat(20)}`),
  (base, n) => cut(`${base}_${n}_${'é'.repeat(40)}`),
  (base, n) => ` ${base} ${n} `,
];

/** Reserved or otherwise special; for columns, of which each table has its own. */
const KEYWORDS = [
  'select',
  'user',
  'order',
  'table',
  'check',
  'default',
  'end',
  'xmin_',
  'value',
  'oid',
  'name',
  'type',
  'left',
];

export class Names {
  readonly draw: Draw;
  #next = 1;

  constructor(draw: Draw) {
    this.draw = draw;
  }

  /** Quoted, and used by nothing else in this history. */
  fresh(base: string): string {
    return quoteIdentifier(this.draw.pick(SHAPES)(base, this.#next++));
  }

  column(taken: readonly string[]): string {
    const keyword = quoteIdentifier(this.draw.pick(KEYWORDS));
    return this.draw.chance(0.3) && !taken.includes(keyword) ? keyword : this.fresh('c');
  }
}

/** As PostgreSQL would: to whole characters. */
function cut(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > BYTES) short = short.slice(0, -1);
  return short;
}
