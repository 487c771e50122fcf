import fc from 'fast-check';

const below = (limit: number): fc.Arbitrary<number> => fc.noBias(fc.nat({ max: limit - 1 }));

/** The choices of one history: fast-check's generator under its seed, asked while the history is being made. */
export class Draw {
  readonly #generate: fc.GeneratorValue;

  constructor(seed: number) {
    const [generate] = fc.sample(fc.gen(), { seed, numRuns: 1 });
    if (generate === undefined) throw new Error('fast-check made no generator');
    this.#generate = generate;
  }

  /** From `from` to `to`, both included. */
  int(from: number, to: number): number {
    return from + this.#generate(below, to - from + 1);
  }

  chance(probability: number): boolean {
    return this.int(1, 1000) <= probability * 1000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.int(0, items.length - 1)] as T;
  }

  /** Undefined where there is nothing to pick from. */
  maybe<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : this.pick(items);
  }

  /** Up to `count` different ones, in an order of their own. */
  some<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const taken: T[] = [];
    while (left.length > 0 && taken.length < count) taken.push(...left.splice(this.int(0, left.length - 1), 1));
    return taken;
  }

  /** A clause or nothing. */
  clause(probability: number, text: string): string {
    return this.chance(probability) ? text : '';
  }
}
