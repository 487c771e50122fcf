import { describe, expect, it } from 'vitest';
import { circles, sorted } from './graph.ts';

const graph = (edges: Readonly<Record<string, string>>): Map<string, Set<string>> =>
  new Map(Object.entries(edges).map(([node, needs]) => [node, new Set(needs === '' ? [] : needs.split(' '))]));
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

describe('circles', () => {
  it('finds nodes that need one another, and no others', () => {
    const found = circles(graph({ a: 'b', b: 'c', c: 'a x', x: '', y: 'x a', p: 'q', q: 'p', alone: 'alone missing' }));
    expect(found.map((group) => group.sort())).toEqual([
      ['a', 'b', 'c'],
      ['p', 'q'],
    ]);
  });

  it('sees two circles with one node in common as one', () => {
    expect(circles(graph({ a: 'b', b: 'a c', c: 'b' })).map((group) => group.sort())).toEqual([['a', 'b', 'c']]);
  });

  it('goes along chains of any length', () => {
    const chain = new Map(Array.from({ length: 50_000 }, (_, n) => [`n${n}`, new Set([`n${n + 1}`])]));
    expect(circles(chain)).toEqual([]);
    chain.set('n50000', new Set(['n0']));
    expect(circles(chain)[0]).toHaveLength(50_001);
  });
});

describe('sorted', () => {
  it('puts what is needed first, and the least of what could come next', () => {
    expect(sorted(graph({ d: 'c', c: '', b: 'z', a: 'missing', z: 'c' }), byName)).toEqual(['a', 'c', 'd', 'z', 'b']);
  });

  it('gives the same order whatever order the nodes come in', () => {
    const nodes = Array.from({ length: 500 }, (_, n) => {
      const needs = n < 3 ? '' : `n${(n * 7) % n} n${(n * 13) % n}`;
      return [`n${n}`, needs] as const;
    });
    const once = sorted(graph(Object.fromEntries(nodes)), byName);
    expect(once).toHaveLength(500);
    expect(sorted(graph(Object.fromEntries([...nodes].reverse())), byName)).toEqual(once);
    const place = new Map(once.map((node, at) => [node, at]));
    for (const [node, needs] of nodes)
      for (const need of needs.split(' ').filter((name) => name !== ''))
        expect(place.get(need)).toBeLessThan(place.get(node) ?? -1);
  });
});
