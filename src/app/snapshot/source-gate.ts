import { readOtherSlot, type OtherSlot } from '../../listener/postgres/other-slots.ts';
import type { Logger } from '../../observe/logger.ts';
import { bytesText } from '../../observe/units.ts';
import { pause } from '../../pipeline/backoff.ts';
import type { ReadGate } from '../../pipeline/snapshot/copy-options.ts';
import { withReadingSession } from '../status/reading-session.ts';

/** How old an answer may be. */
const FRESH_MS = 5_000;
const LOG_EVERY_MS = 60_000;

export interface SourceGateOptions {
  readonly url: string;
  /** Does not count: what it keeps grows until the copy is done, however long we wait. */
  readonly ownSlot: string;
  /** 0: no limit. */
  readonly maxRetainedBytes: number;
  readonly logger: Logger;
  readonly everyMs?: number;
}

/**
 * Lets rows be read unless the source keeps too much WAL for another reader: a standby or subscriber that falls behind because of our load
 * gets the time to catch up. For all workers of a copy; they wait together.
 */
export function sourceGate(options: SourceGateOptions): ReadGate {
  const { maxRetainedBytes, logger, everyMs = FRESH_MS } = options;
  if (maxRetainedBytes === 0) return () => Promise.resolve();
  let last: { readonly at: number; readonly reason: string | null } | null = null;
  let asking: Promise<string | null> | null = null;
  let loggedAt = Number.NEGATIVE_INFINITY;

  const ask = async (signal: AbortSignal): Promise<string | null> => {
    if (last !== null && performance.now() - last.at < everyMs) return last.reason;
    asking ??= look(options, last?.reason ?? null, signal).finally(() => (asking = null));
    const reason = await asking;
    last = { at: performance.now(), reason };
    return reason;
  };
  return async (progress, signal) => {
    for (;;) {
      const reason = await ask(signal);
      progress.pause(reason);
      signal.throwIfAborted();
      if (reason === null) return;
      if (performance.now() - loggedAt >= LOG_EVERY_MS) {
        loggedAt = performance.now();
        logger.warn(`the copy is paused: ${reason}`);
      }
      await pause(everyMs, signal);
    }
  };
}

async function look(
  { url, ownSlot, maxRetainedBytes, logger }: SourceGateOptions,
  before: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const worst = await withReadingSession('source', url, signal, (session) => readOtherSlot(session, ownSlot));
    return gateReason(worst, maxRetainedBytes);
  } catch (error) {
    // the copy has connections of its own, and tells what is wrong with the source
    logger.debug({ err: error }, 'the slots of the source could not be looked at');
    return before;
  }
}

/** Pure: why no rows may be read now; null: they may. */
export function gateReason(worst: OtherSlot | null, maxRetainedBytes: number): string | null {
  if (worst === null || worst.retainedBytes <= maxRetainedBytes) return null;
  return `slot ${worst.name} keeps ${bytesText(worst.retainedBytes)} of WAL on the source, more than snapshot.max_retained_wal, ${bytesText(maxRetainedBytes)}`;
}
