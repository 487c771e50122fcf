import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asTemplate, textArray } from './role-runner.ts';

test('only placeholders outside quotes become places of the template', () => {
  expect(asTemplate(`insert into "a$1%".t (b) values ($1::int, $12, '$3 %')`)).toBe(
    `insert into "a$1%%".t (b) values (%1$L::int, %12$L, '$3 %%')`,
  );
});

/** What the server makes of the text form of a text[]. */
function read(text: string): (string | null)[] {
  const elements: (string | null)[] = [];
  for (const [whole, quoted] of text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|NULL/gs)) {
    elements.push(whole === 'NULL' ? null : (quoted ?? '').replaceAll(/\\(.)/gs, '$1'));
  }
  return elements;
}

test('any values survive as an array', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.string({ unit: fc.constantFrom('"', '\\', ',', '{', 'NULL', 'é', '\n', ' ') }))),
      (values) => {
        expect(read(textArray(values))).toEqual(values);
      },
    ),
    { seed: 20 },
  );
});
