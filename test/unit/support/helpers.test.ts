import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../support/random.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('seeded random numbers', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 50 }, () => random.int(1, 1_000_000));
  };

  it('repeat with their seed and change with it', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('reach both ends of a range, and nothing outside', () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.int(-1, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
  });

  it('shuffle without losing or changing anything', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = seededRandom(3).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort()).toEqual(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuse to pick from nothing', () => {
    expect(() => seededRandom(1).pick([])).toThrow(RangeError);
  });
});

describe('waiting', () => {
  it('returns the first answer that holds', async () => {
    const answers = [false, 0, undefined, 'yes', 'later'];
    expect(await waitFor(() => answers.shift(), { what: 'a yes', everyMs: 1 })).toBe('yes');
  });

  it('ends with what was waited for and the last answer', async () => {
    const waiting = waitFor(() => 0, { what: 'the tide', timeoutMs: 5, everyMs: 1 });
    await expect(waiting).rejects.toThrow('waited 5 ms in vain for the tide; the last answer was 0');
  });

  it('ends at once when the question itself fails', async () => {
    const failing = (): Promise<boolean> => Promise.reject(new Error('gone'));
    await expect(waitFor(failing, { what: 'x', timeoutMs: 60_000 })).rejects.toThrow('gone');
  });
});
