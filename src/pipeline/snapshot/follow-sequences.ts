import { ReadSession } from '../../listener/snapshot/read-session.ts';
import { readSequences } from '../../listener/snapshot/sequences.ts';
import type { SequenceValue } from '../../wal/snapshot.ts';
import { pause } from '../backoff.ts';
import type { CopySettings } from './copy-options.ts';

/** The stream does not carry what nextval does. */
const EVERY_MS = 10_000;

/**
 * Reads the source's sequences every few seconds and hands on those that moved. What goes wrong is tried again at the next turn: a sequence
 * that lags loses nothing as long as nobody writes to the target.
 */
export async function followSequences(
  { url, limits, logger }: CopySettings,
  signal: AbortSignal,
  set: (moved: readonly SequenceValue[]) => Promise<void>,
): Promise<void> {
  const known = new Map<string, string>();
  while (!signal.aborted) {
    try {
      const values = await readOnce(url, limits.statementTimeoutMs, signal);
      const moved = values.filter((value) => known.get(keyOf(value)) !== stateOf(value));
      if (moved.length > 0) await set(moved);
      known.clear();
      for (const value of values) known.set(keyOf(value), stateOf(value));
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: error }, 'the sequences could not be followed');
    }
    await pause(EVERY_MS, signal);
  }
}

async function readOnce(url: string, statementTimeoutMs: number, signal: AbortSignal): Promise<SequenceValue[]> {
  const session = await ReadSession.connect({ url, signal, statementTimeoutMs });
  try {
    return await readSequences(session);
  } finally {
    await session.close();
  }
}

function keyOf({ schema, name }: SequenceValue): string {
  return JSON.stringify([schema, name]);
}

function stateOf({ lastValue, isCalled }: SequenceValue): string {
  return `${lastValue} ${isCalled}`;
}
