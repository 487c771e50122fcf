import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandXid, formatSnapshot, isVisible, parseSnapshot } from './visibility.ts';

const EPOCH = 1n << 32n;

describe('parseSnapshot', () => {
  it('reads what PostgreSQL prints, with and without running transactions', () => {
    expect(parseSnapshot('10:20:10,14,15')).toEqual({ xmin: 10n, xmax: 20n, inProgress: new Set([10n, 14n, 15n]) });
    expect(parseSnapshot('10:10:')).toEqual({ xmin: 10n, xmax: 10n, inProgress: new Set() });
  });

  it.each(['', '10:20', '10:20:1,', '10:20:,1', 'a:1:', '10:20:1 ', '-1:2:'])('refuses %j', (text) => {
    expect(() => parseSnapshot(text)).toThrow('not a pg_snapshot');
  });

  it('keeps what it formats, beyond the numbers that doubles hold', () => {
    const xid = fc.bigInt(0n, (1n << 63n) - 1n);
    fc.assert(
      fc.property(xid, xid, fc.uniqueArray(xid), (xmin, xmax, list) => {
        const snapshot = { xmin, xmax, inProgress: new Set(list) };
        expect(parseSnapshot(formatSnapshot(snapshot))).toEqual(snapshot);
      }),
    );
  });
});

describe('isVisible', () => {
  it('says who had ended: below xmin, and below xmax unless it was running', () => {
    const snapshot = parseSnapshot('10:20:10,14');
    const visible = [8n, 9n, 10n, 11n, 13n, 14n, 15n, 19n, 20n, 21n].filter((xid) => isVisible(snapshot, xid));
    expect(visible).toEqual([8n, 9n, 11n, 13n, 15n, 19n]);
  });
});

describe('expandXid', () => {
  it('finds every id that is up to 2^31 transactions away, in whatever epoch', () => {
    const near = fc.oneof(
      fc.bigInt(3n, 10n * EPOCH),
      // On either side of the end of an epoch.
      fc.tuple(fc.bigInt(1n, 5n), fc.bigInt(-100n, 100n)).map(([epoch, off]) => epoch * EPOCH + off),
    );
    const distance = fc.oneof(fc.bigInt(-(1n << 31n), (1n << 31n) - 1n), fc.bigInt(-200n, 200n));
    fc.assert(
      fc.property(near, distance, (reference, away) => {
        const xid = reference + away;
        fc.pre(xid >= 3n);
        expect(expandXid(Number(xid % EPOCH), reference)).toBe(xid);
      }),
      { numRuns: 2000 },
    );
  });

  it('judges alike before, at and after the wrap', () => {
    const before = parseSnapshot(`${EPOCH - 5n}:${EPOCH + 6n}:${EPOCH - 5n},${EPOCH + 4n}`);
    const visible = (xid: number): boolean => isVisible(before, expandXid(xid, before.xmax));
    expect([2 ** 32 - 6, 2 ** 32 - 5, 2 ** 32 - 4, 3, 4, 5, 6, 7].map(visible)).toEqual([
      true, // ended before xmin
      false, // running
      true, // the last of the epoch
      true, // the first of the next
      false, // running
      true,
      false, // xmax itself
      false,
    ]);
  });

  it('takes an id of the first epoch that seems to lie before its beginning for one of the next', () => {
    expect(expandXid(2 ** 32 - 1, 3n)).toBe(EPOCH - 1n);
  });
});
