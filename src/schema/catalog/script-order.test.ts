import { describe, expect, it } from 'vitest';
import type { CatalogObject, ObjectKind } from './catalog-object.ts';
import { scriptOrder } from './script-order.ts';

type Extra = Partial<Omit<CatalogObject, 'key' | 'kind'>> & { readonly needs?: readonly string[] };

function order(objects: Readonly<Record<string, readonly [kind: ObjectKind, extra?: Extra]>>): string[] {
  const list = Object.entries(objects).map(([key, [kind, { needs: _, ...extra } = {}]]): CatalogObject => {
    const statements = [{ tag: kind, text: key }];
    return { key, kind, name: key, section: 'pre-data', statements, ...extra };
  });
  const steps = scriptOrder(list, ({ key }) => new Set(objects[key]?.[1]?.needs ?? []));
  return steps.flatMap(({ section, statements }) =>
    statements.map(({ text }) => `${section === 'pre-data' ? '' : '+'}${text}`),
  );
}

const stub = (
  name: string,
  needs: readonly string[] = [],
  enoughFor: 'everything' | 'its own needs' = 'everything',
): Extra => ({
  stub: { enoughFor, needs, statements: [{ tag: '', text: `${name}?` }], completion: [{ tag: '', text: `${name}!` }] },
});

describe('scriptOrder', () => {
  it('follows needs, then kinds, then names, and puts pre-data first', () => {
    expect(
      order({
        index: ['index', { section: 'post-data', needs: ['b'] }],
        b: ['table', { needs: ['f'] }],
        a: ['table'],
        f: ['function', { needs: ['a'] }],
        s: ['schema'],
      }),
    ).toEqual(['s', 'a', 'f', 'b', '+index']);
  });

  it('opens a circle of view and function at the view; others wait for the whole view', () => {
    expect(
      order({
        v: ['view', { needs: ['t', 'f'], ...stub('v', ['t']) }],
        f: ['function', { needs: ['v'], ...stub('f') }],
        t: ['table'],
        above: ['view', { needs: ['v'] }],
      }),
    ).toEqual(['t', 'v?', 'f', 'v!', 'above']);
  });

  it('makes a shell type only for the functions that the type needs', () => {
    expect(
      order({
        t: ['type', { needs: ['in', 'out'], ...stub('t', [], 'its own needs') }],
        in: ['function', { needs: ['t'] }],
        out: ['function', { needs: ['t'] }],
        user: ['function', { needs: ['t'] }],
      }),
    ).toEqual(['t?', 'in', 'out', 't!', 'user']);
  });

  it('completes in post-data what needs a key, and moves what can be moved', () => {
    expect(
      order({
        t: ['table'],
        key: ['index', { section: 'post-data', needs: ['t'] }],
        grouped: ['view', { needs: ['t', 'key'], ...stub('grouped', ['t']) }],
        stored: ['view', { needs: ['t', 'key'], movable: true }],
        typed: ['table', { needs: ['grouped'] }],
        grants: ['grant', { section: null, needs: ['stored'] }],
        other: ['grant', { section: null, needs: ['t'] }],
      }),
    ).toEqual(['t', 'grouped?', 'typed', 'other', '+key', '+grouped!', '+stored', '+grants']);
  });

  it('names the objects of a circle that nothing opens', () => {
    expect(() => order({ a: ['table', { needs: ['b'] }], b: ['table', { needs: ['a'] }] })).toThrowError(
      expect.objectContaining({ code: 'E_SCHEMA_CIRCLE', fields: { objects: ['table a', 'table b'] } }) as Error,
    );
  });

  it('names a table that would need post-data', () => {
    const make = (): string[] => order({ key: ['index', { section: 'post-data' }], t: ['table', { needs: ['key'] }] });
    expect(make).toThrowError(expect.objectContaining({ code: 'E_SCHEMA_CIRCLE' }) as Error);
  });
});
