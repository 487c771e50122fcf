import { expect, test } from 'vitest';
import { foldedBound } from './folded-bound.ts';

test.each([
  [
    `((k IS NOT NULL) AND (k = ANY (ARRAY['v1'::text, 'é "w"'::text])))`,
    `((k IS NOT NULL) AND (k = ANY (E'{"v1","é \\\\"w\\\\""}'::text[])))`,
  ],
  ['("ü, x" = ANY (ARRAY[1, 2]))', `("ü, x" = ANY ('{"1","2"}'::integer[]))`],
  [`(k = ANY (ARRAY['-1'::bigint, '2'::bigint]))`, `(k = ANY ('{"-1","2"}'::bigint[]))`],
  [`(k = ANY (ARRAY['a'::"S, x"."E"(3), 'b'::"S, x"."E"(3)]))`, `(k = ANY ('{"a","b"}'::"S, x"."E"(3)[]))`],
  ['(k = ANY (ARRAY[f(1), 2]))', '(k = ANY (ARRAY[f(1), 2]))'],
  ['((k >= 1) AND (k < 5))', '((k >= 1) AND (k < 5))'],
])('%s', async (bound, folded) => {
  expect(await foldedBound(bound)).toBe(folded);
});
