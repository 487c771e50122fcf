import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT, EventBatch, FIELD_NULL, FIELD_UNCHANGED } from '../../../wal/event-batch.ts';
import { HeldRows } from './held-rows.ts';

type Value = string | null | undefined;

function batchOf(rows: readonly { oid: number; values: readonly Value[] }[]): EventBatch {
  const texts = rows.flatMap(({ values }) => values.map((value) => value ?? ''));
  const batch = new EventBatch(Buffer.byteLength(texts.join('')) + 1, rows.length + 1, texts.length + 1);
  for (const { oid, values } of rows) {
    const i = batch.count++;
    batch.kinds[i] = EVENT.insert;
    batch.refs[i] = oid;
    batch.oldAt[i] = -1;
    batch.newAt[i] = batch.fieldsUsed;
    for (const value of values) {
      batch.fields[batch.fieldsUsed++] = batch.byteLength;
      if (typeof value === 'string') {
        const length = batch.bytes.write(value, batch.byteLength);
        batch.fields[batch.fieldsUsed++] = length;
        batch.byteLength += length;
      } else {
        batch.fields[batch.fieldsUsed++] = value === null ? FIELD_NULL : FIELD_UNCHANGED;
      }
    }
  }
  return batch;
}

function read(held: HeldRows, oid: number, columns: number): Value[][] {
  const rows: Value[][] = [];
  for (const batch of held.take(oid)) {
    for (let i = 0; i < batch.count; i++) {
      rows.push(Array.from({ length: columns }, (_, column) => batch.text(batch.newAt[i] as number, column)));
    }
  }
  return rows;
}

describe('HeldRows', () => {
  it('gives each relation its rows back in order, from memory and from disk', () => {
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null), fc.constant(undefined));
    const row = fc.record({ oid: fc.constantFrom(1, 2, 3), values: fc.tuple(value, value) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.constantFrom(0, 1e9), (rows, limit) => {
        const held = new HeldRows(limit);
        for (const each of rows) held.add(batchOf([each]), 0, 2);
        for (const oid of [1, 2, 3]) {
          expect(read(held, oid, 2)).toEqual(rows.filter((each) => each.oid === oid).map(({ values }) => values));
        }
        expect(held.empty).toBe(true);
      }),
    );
  });

  it('keeps memory bounded and the rows whole when there are many', () => {
    const held = new HeldRows(1024 * 1024);
    const wide = 'x'.repeat(10_000);
    const batch = batchOf(Array.from({ length: 100 }, (_, i) => ({ oid: 7, values: [`${i}`, wide] })));
    for (let round = 0; round < 100; round++) for (let i = 0; i < batch.count; i++) held.add(batch, i, 2);
    expect(process.memoryUsage().external).toBeLessThan(60 * 1024 * 1024);
    const rows = read(held, 7, 2);
    expect(rows.length).toBe(10_000);
    expect(rows.every(([id, text], i) => id === `${i % 100}` && text === wide)).toBe(true);
  });
});
