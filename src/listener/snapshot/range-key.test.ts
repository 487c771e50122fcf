import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableMetadata } from '../../wal/table-metadata.ts';
import { chooseKey, compareKeys, inRange, rangesBetween } from './range-key.ts';

function table(definition: string | null, ...columns: readonly (readonly [string, number])[]): TableMetadata {
  return {
    oid: 1,
    schema: 'public',
    name: 't',
    kind: 'r',
    persistence: 'p',
    owner: 'o',
    identity: 'd',
    columns: columns.map(([name, type], at) => ({ num: at + 1, name, type: '', type_oid: type })),
    constraints: [
      { oid: 2, name: 'u', type: 'u', definition: 'UNIQUE (id)' },
      ...(definition === null ? [] : [{ oid: 3, name: 'p', type: 'p', definition }]),
    ],
  };
}

describe('chooseKey', () => {
  it.each([
    ['PRIMARY KEY (id)', 'id', 20, 'integer'],
    ['PRIMARY KEY (id, other)', 'id', 21, 'integer'],
    ['PRIMARY KEY (id) INCLUDE (other)', 'id', 23, 'integer'],
    ['PRIMARY KEY (id, span WITHOUT OVERLAPS)', 'id', 2950, 'uuid'],
    ['PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED', 'id', 2950, 'uuid'],
    ['PRIMARY KEY ("we ""ird, (x)", b)', 'we "ird, (x)', 20, 'integer'],
    ['PRIMARY KEY (größe)', 'größe', 20, 'integer'],
  ])('takes the first column of %s', (definition, column, type, kind) => {
    expect(chooseKey(table(definition, ['other', 25], [column, type]))).toEqual({ column, kind });
  });

  it.each([
    ['text', 'PRIMARY KEY (id)', 25],
    ['numeric', 'PRIMARY KEY (id)', 1700],
    ['a domain', 'PRIMARY KEY (id)', 16400],
    ['oid', 'PRIMARY KEY (id)', 26],
  ])('takes no %s', (_name, definition, type) => {
    expect(chooseKey(table(definition, ['id', type]))).toBeNull();
  });

  it('takes no other unique key: its column may be null', () => {
    expect(chooseKey(table(null, ['id', 20]))).toBeNull();
  });
});

const integers = fc.bigInt(-(1n << 63n), (1n << 63n) - 1n).map(String);
const near = fc.integer({ min: -20, max: 20 }).map(String);
const uuids = fc.uuid();

describe('rangesBetween', () => {
  it.each([
    ['integer', fc.oneof(integers, near)],
    ['uuid', uuids],
  ] as const)('holds each %s key in exactly one range', (kind, keys) => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 30 }), fc.array(keys, { minLength: 1 }), (bounds, probes) => {
        const ranges = rangesBetween(bounds, kind);
        for (const key of [...probes, ...bounds]) {
          expect(ranges.filter((range) => inRange(key, range, kind))).toHaveLength(1);
        }
      }),
    );
  });

  it('leaves neither gap nor overlap: each begins where the one before ends', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(integers, near), { maxLength: 30 }), (bounds) => {
        const ranges = rangesBetween(bounds, 'integer');
        expect(ranges[0]?.lower).toBeNull();
        expect(ranges.at(-1)?.upper).toBeNull();
        for (let i = 1; i < ranges.length; i++) {
          expect(ranges[i]?.lower).toBe(ranges[i - 1]?.upper);
          expect(ranges[i]?.lower).not.toBeNull();
        }
        for (const { lower, upper } of ranges) {
          if (lower !== null && upper !== null) expect(BigInt(lower) < BigInt(upper)).toBe(true);
        }
      }),
    );
  });
});

it('orders uuids by their bytes', () => {
  fc.assert(
    fc.property(uuids, uuids, (a, b) => {
      const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('-', ''), 'hex');
      expect(compareKeys(a, b, 'uuid')).toBe(Buffer.compare(bytes(a), bytes(b)));
    }),
  );
});
