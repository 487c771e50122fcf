import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fetches } from './backup-rows.ts';

const MB = 1024 * 1024;

it('rows are fetched together up to a limit, a large one by itself', () => {
  expect(fetches([])).toEqual([]);
  expect(fetches([10, 10, 10])).toEqual([3]);
  expect(fetches([10, 20 * MB, 10, 10])).toEqual([1, 1, 2]);
  expect(fetches([MB / 2, MB / 2, 1])).toEqual([2, 1]);
});

it('every row is fetched once, and no two rows together exceed the limit', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 * MB })), (lengths) => {
      let at = 0;
      for (const count of fetches(lengths)) {
        const bytes = lengths.slice(at, at + count).reduce((sum, length) => sum + length, 0);
        expect(count === 1 || bytes <= MB).toBe(true);
        at += count;
      }
      expect(at).toBe(lengths.length);
    }),
    { seed: 5 },
  );
});
