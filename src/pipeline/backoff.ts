import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 200;
const LIMIT_MS = 5_000;

/** Milliseconds to wait before try `attempt` (0 = first repetition): doubling, capped, with up to 20 % of jitter. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(LIMIT_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(base * (0.9 + random() * 0.2));
}

/** Resolves after the time or at once when the signal fires; never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
