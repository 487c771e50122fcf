import { expect, test } from 'vitest';
import { OPERATION } from './operation-queue.ts';

test('operations are told apart', () => {
  const numbers = Object.values(OPERATION);
  expect(new Set(numbers).size).toBe(numbers.length);
});
