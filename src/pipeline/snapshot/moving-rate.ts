/** What is counted, at one moment: running totals. */
export interface Totals {
  /** Share of the whole, in bytes of the source's tables. */
  readonly size: number;
  readonly bytes: number;
  readonly rows: number;
}

interface Sample extends Totals {
  readonly at: number;
}

const EVERY_MS = 1_000;
const WINDOW_MS = 60_000;
/** From less time than this no rate is told: it would jump about. */
const LEAST_MS = 2_000;

/** Growth per second over the last minute; holds one sample a second. */
export class MovingRate {
  #samples: Sample[] = [];

  /** Is it time for the next sample? */
  isDue(at: number): boolean {
    const last = this.#samples.at(-1);
    return last === undefined || at - last.at >= EVERY_MS;
  }

  note(at: number, { size, bytes, rows }: Totals): void {
    if (!this.isDue(at)) return;
    this.#samples.push({ at, size, bytes, rows });
    while (this.#samples.length > 1 && at - (this.#samples[0]?.at ?? at) > WINDOW_MS) this.#samples.shift();
  }

  /** Null: too early to tell. */
  perSecond(at: number, now: Totals): Totals | null {
    const first = this.#samples.find((sample) => at - sample.at <= WINDOW_MS);
    if (first === undefined || at - first.at < LEAST_MS) return null;
    const seconds = (at - first.at) / 1000;
    const grown = (key: keyof Totals): number => Math.max(0, now[key] - first[key]) / seconds;
    return { size: grown('size'), bytes: grown('bytes'), rows: grown('rows') };
  }

  /** What was measured before has no meaning any more. */
  reset(): void {
    this.#samples = [];
  }
}
