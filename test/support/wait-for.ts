import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, as it should read in the failure. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

type Falsy = false | null | undefined | 0 | '';

/** Asks until the answer is truthy and returns it. An error of the condition ends the waiting at once. */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions): Promise<Exclude<T, Falsy>> {
  const { what, timeoutMs = 15_000, everyMs = 20 } = options;
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer as Exclude<T, Falsy>;
    if (performance.now() > end) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}; the last answer was ${JSON.stringify(answer)}`);
    }
    await delay(everyMs);
  }
}
