import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasName, isShared } from './alias-name.ts';

const DEFAULT = '{schema}.{table}';

describe('aliasName', () => {
  it.each([
    ['public', 'orders', 'public.orders'],
    ['public', 'Orders', 'public.=4frders'],
    ['a.b', 'c', 'a=2eb.c'],
    ['a', 'b.c', 'a.b=2ec'],
    ['_s', 't"x*', '=5fs.t=22x=2a'],
    ['s', 'größe', 's.größe'],
    ['s', 'ÄRGER', 's.=c3=84=52=47=45=52'],
    ['s', 'a b', 's.a=20b'],
    ['s', '表', 's.表'],
  ])('%s, %s', (schema, name, alias) => {
    expect(aliasName(DEFAULT, { schema, name })).toBe(alias);
  });

  it('tells any two tables apart, and is always a name that OpenSearch takes', () => {
    const part = fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' });
    const one = fc.record({ schema: part, name: part });
    fc.assert(
      fc.property(one, one, (a, b) => {
        const [first, second] = [aliasName(DEFAULT, a), aliasName(DEFAULT, b)];
        expect(first === second).toBe(a.schema === b.schema && a.name === b.name);
        expect(Buffer.byteLength(first)).toBeLessThanOrEqual(255);
        expect(first).toBe(first.toLowerCase());
        expect(first).not.toMatch(/[\\/*?"<>| ,#:\u0000-\u001f]|^[-_+]/);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('knows a template that several tables share', () => {
    expect([isShared('{schema}'), isShared('all'), isShared(DEFAULT)]).toEqual([true, true, false]);
  });
});
