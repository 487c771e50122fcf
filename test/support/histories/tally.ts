import type { Step } from './history.ts';

interface Count {
  sent: number;
  refused: number;
  committed: number;
}

/** How the statements of many histories fared on their source. */
export class Tally {
  readonly counts = new Map<string, Count>();
  /** One refusal a form, to see why. */
  readonly refusals = new Map<string, string>();

  sent({ form = '', sql }: Step, failure: Error | null): void {
    const count = this.#of(form);
    count.sent++;
    if (failure === null) return;
    count.refused++;
    this.refusals.set(form, `${failure.message}: ${sql}`);
  }

  committed(steps: readonly Step[]): void {
    for (const { form = '' } of steps) this.#of(form).committed++;
  }

  /** Of all statements, those that the source took. */
  get share(): number {
    let [sent, refused] = [0, 0];
    for (const count of this.counts.values()) {
      sent += count.sent;
      refused += count.refused;
    }
    return sent === 0 ? 0 : (sent - refused) / sent;
  }

  /** Forms of which at least one statement was committed. */
  get seen(): string[] {
    return [...this.counts].filter(([, { committed }]) => committed > 0).map(([form]) => form);
  }

  #of(form: string): Count {
    let count = this.counts.get(form);
    if (count === undefined) {
      count = { sent: 0, refused: 0, committed: 0 };
      this.counts.set(form, count);
    }
    return count;
  }
}
