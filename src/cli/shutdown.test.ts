import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listenForShutdown } from './shutdown.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listen() {
  const source = new EventEmitter();
  const forced: string[] = [];
  const shutdown = listenForShutdown({
    source: source as unknown as Pick<NodeJS.Process, 'on' | 'off'>,
    force: (why) => forced.push(why),
  });
  return { source, forced, shutdown };
}

it('asks politely at the first signal', () => {
  const { source, forced, shutdown } = listen();
  source.emit('SIGTERM', 'SIGTERM');
  expect(shutdown.signal.aborted).toBe(true);
  expect(shutdown.received()).toBe('SIGTERM');
  expect(forced).toEqual([]);
});

it('cuts off at the second signal', () => {
  const { source, forced } = listen();
  source.emit('SIGTERM', 'SIGTERM');
  source.emit('SIGINT', 'SIGINT');
  expect(forced).toEqual(['SIGINT after SIGTERM']);
});

it('cuts off within ten seconds, and not once it is disposed of', () => {
  const { source, forced } = listen();
  source.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(8_999);
  expect(forced).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(forced).toHaveLength(1);
  const second = listen();
  second.source.emit('SIGTERM', 'SIGTERM');
  second.shutdown.dispose();
  vi.advanceTimersByTime(20_000);
  expect(second.forced).toEqual([]);
});
