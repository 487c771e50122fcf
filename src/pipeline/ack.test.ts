import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lsn } from '../wal/lsn.ts';
import { Ack } from './ack.ts';

describe('Ack', () => {
  it('confirms nothing before every target was heard of', () => {
    const ack = new Ack(['a', 'b'], lsn(10n));
    expect(ack.durable('a', lsn(50n))).toBe(false);
    expect(ack.confirmed).toBe(10n);
    expect(ack.durable('b', lsn(30n))).toBe(true);
    expect(ack.confirmed).toBe(30n);
  });

  it('never confirms more than the slowest target holds and never goes back', () => {
    const step = fc.record({ target: fc.constantFrom('a', 'b', 'c'), position: fc.bigInt({ min: 0n, max: 1000n }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ack = new Ack(['a', 'b', 'c'], lsn(100n));
        const reached = new Map<string, bigint>();
        let before = ack.confirmed;
        for (const { target, position } of steps) {
          ack.durable(target, lsn(position));
          reached.set(target, position > (reached.get(target) ?? -1n) ? position : (reached.get(target) ?? -1n));
          const least = reached.size < 3 ? 100n : [...reached.values()].reduce((a, b) => (a < b ? a : b));
          expect(ack.confirmed).toBe(least > 100n ? least : 100n);
          expect(ack.confirmed >= before).toBe(true);
          before = ack.confirmed;
        }
      }),
    );
  });
});
