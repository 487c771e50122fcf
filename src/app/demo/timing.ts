/** Times of something, in ms; beyond the limit every new one takes the place of an old one. */
export class Samples {
  readonly #limit: number;
  readonly #values: number[] = [];
  #count = 0;
  #worst = 0;

  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get worst(): number {
    return this.#worst;
  }

  add(value: number): void {
    this.#values[this.#count % this.#limit] = value;
    this.#count++;
    this.#worst = Math.max(this.#worst, value);
  }

  /** The least value that `share` of the values do not exceed; null of none. */
  percentile(share: number): number | null {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  }
}

/** Events of the last seconds, as a rate. */
export class Rate {
  readonly #windowMs: number;
  readonly #marks: { readonly at: number; readonly total: number }[] = [];

  constructor(windowMs = 2_000) {
    this.#windowMs = windowMs;
  }

  /** Takes a running total now and then, returns what it grew by a second. */
  perSecond(total: number, now = performance.now()): number {
    this.#marks.push({ at: now, total });
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > this.#windowMs) this.#marks.shift();
    const first = this.#marks[0];
    if (first === undefined || now <= first.at) return 0;
    return ((total - first.total) * 1000) / (now - first.at);
  }
}

/** Repeatable pseudo-random numbers (mulberry32), so that every demo writes the same kind of things. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
