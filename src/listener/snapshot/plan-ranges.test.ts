import { describe, expect, it } from 'vitest';
import { evenRangeBytes } from './plan-ranges.ts';

const MB = 1024 * 1024;

describe('the size of ranges', () => {
  it('leaves two ranges to each worker where one table is all there is', () => {
    expect(evenRangeBytes(640 * MB, 4, 128 * MB)).toBe(80 * MB);
  });

  it('is never above what was asked for', () => {
    expect(evenRangeBytes(100_000 * MB, 4, 128 * MB)).toBe(128 * MB);
    expect(evenRangeBytes(0, 4, 8192)).toBe(8192);
  });

  it('does not cut what is small', () => {
    expect(evenRangeBytes(20 * MB, 4, 128 * MB)).toBe(16 * MB);
  });
});
