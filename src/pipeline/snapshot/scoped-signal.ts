import { setMaxListeners } from 'node:events';

/**
 * A signal for many connections of one piece of work: it follows the others, which keep no hold on it, and so none on the connections that
 * listen to it.
 */
export function scopedSignal(...signals: readonly AbortSignal[]): AbortSignal {
  const scoped = AbortSignal.any([...signals]);
  setMaxListeners(0, scoped);
  return scoped;
}
