import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shrink } from '../../support/histories/shrink.ts';

const always = (): boolean => true;

test('what does not matter is left out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 40 }), fc.nat(), async (items, seed) => {
      const needed = items.filter((_, i) => (i * 7 + seed) % 5 === 0);
      const fails = (some: readonly number[]): Promise<boolean> =>
        Promise.resolve(needed.every((item) => some.includes(item)));
      const left = await shrink(items, fails, always);
      expect(left).toEqual(needed.length === 0 ? [left[0]] : needed);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('when there is no more time, what failed last is the answer', async () => {
  let runs = 0;
  const left = await shrink(
    [1, 2, 3, 4, 5, 6, 7, 8],
    (some) => Promise.resolve(++runs > 0 && some.includes(1)),
    () => runs < 1,
  );
  expect(left).toEqual([1, 2, 3, 4]);
});
