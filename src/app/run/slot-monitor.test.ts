import { expect, it } from 'vitest';
import { slotWarning } from './slot-monitor.ts';

const GB = 1024 ** 3;
const ROOM = { safeBytes: 10 * GB, retainedBytes: GB, secondsLeft: null, copySecondsLeft: null };

it('is quiet while a slot has room and time', () => {
  expect(slotWarning(ROOM)).toBeNull();
  expect(slotWarning({ ...ROOM, secondsLeft: 86_400, copySecondsLeft: 7_200 })).toBeNull();
});

it('warns an hour before a slot is lost, and when a quarter of its room is left', () => {
  expect(slotWarning({ ...ROOM, secondsLeft: 600 })).toContain('in about 10 min');
  expect(slotWarning({ ...ROOM, safeBytes: GB, retainedBytes: 9 * GB })).toContain('no more than 1.0 GB are left');
});

it('warns as soon as it is seen that the initial copy will take longer than the slot lasts', () => {
  expect(slotWarning({ ...ROOM, secondsLeft: 10_000, copySecondsLeft: 20_000 })).toContain('needs 6 h more');
});
