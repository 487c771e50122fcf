import { describe, expect, it } from 'vitest';
import { EVENT, EventBatch, FIELD_NULL, FIELD_UNCHANGED } from '../../../wal/event-batch.ts';
import { MergedRows } from './merged-rows.ts';
import { NO_VARIANT, UpdateVariants } from './update-variants.ts';

const UNCHANGED = Symbol('unchanged');
type Value = string | null | typeof UNCHANGED;

/** A batch of updates with these new tuples, each of three columns of which the first is the key. */
function batchOf(...tuples: readonly (readonly Value[])[]): EventBatch {
  const batch = new EventBatch(1024, 16, 64);
  for (const values of tuples) {
    const i = batch.count++;
    batch.kinds[i] = EVENT.update;
    batch.oldAt[i] = -1;
    batch.newAt[i] = batch.fieldsUsed;
    for (const value of values) {
      const length =
        value === null
          ? FIELD_NULL
          : value === UNCHANGED
            ? FIELD_UNCHANGED
            : batch.bytes.write(value, batch.byteLength);
      batch.fields[batch.fieldsUsed++] = batch.byteLength;
      batch.fields[batch.fieldsUsed++] = length;
      if (length > 0) batch.byteLength += length;
    }
  }
  return batch;
}

const variants = (): UpdateVariants =>
  new UpdateVariants(3, Int32Array.of(0), (unchanged) =>
    unchanged[1] === 1 && unchanged[2] === 1
      ? null
      : {
          sql: [...unchanged].join(''),
          types: [],
          columns: new Int32Array(0),
          checked: '',
          checkedTypes: [],
          forms: new Uint8Array(0),
          delimiters: new Uint8Array(0),
          elements: new Int32Array(),
        },
  );

describe('statements of updates that leave values out', () => {
  it('are one for each set of columns left out, the same one every time', () => {
    const batch = batchOf(['1', 'a', 'b'], ['1', UNCHANGED, 'b'], ['2', UNCHANGED, null], ['1', 'a', UNCHANGED]);
    const of = variants();
    const found = [0, 1, 2, 3].map((i) => of.of(batch, batch.newAt[i] as number));
    expect(found).toEqual([0, 1, 1, 2]);
    expect([0, 1, 2].map((variant) => of.statement(variant).sql)).toEqual(['000', '010', '001']);
  });

  it('are none where the key is left out, where nothing is left to be set, and where they become too many', () => {
    const batch = batchOf([UNCHANGED, 'a', 'b'], ['1', UNCHANGED, UNCHANGED]);
    const of = variants();
    expect(of.of(batch, 0)).toBe(NO_VARIANT);
    expect(of.of(batch, batch.newAt[1] as number)).toBe(NO_VARIANT);

    const wide = new UpdateVariants(6, Int32Array.of(0), (unchanged) => ({
      sql: [...unchanged].join(''),
      types: [],
      checked: '',
      checkedTypes: [],
      forms: new Uint8Array(0),
      columns: new Int32Array(0),
      delimiters: new Uint8Array(0),
      elements: new Int32Array(),
    }));
    const all = Array.from({ length: 32 }, (_, mask) =>
      batchOf(['k', ...Array.from({ length: 5 }, (__, bit) => (mask & (1 << bit) ? UNCHANGED : 'v'))]),
    );
    const taken = all.map((one) => wide.of(one, 0));
    expect(taken.filter((variant) => variant !== NO_VARIANT)).toHaveLength(16);
    expect(all.map((one) => wide.of(one, 0))).toEqual(taken);
  });
});

describe('a row that is merged', () => {
  it('takes what the later update left out from the earlier one, which may have left it out as well', () => {
    const earlier = batchOf(['1', 'old', UNCHANGED]);
    const later = batchOf(['1', UNCHANGED, UNCHANGED], ['1', UNCHANGED, 'new'], ['1', null, 'new']);
    const merged = new MergedRows();
    const read = (i: number): (string | null | undefined)[] => {
      const into = merged.merge(later, later.newAt[i] as number, earlier, 0, 3);
      const at = into.newAt[into.count - 1] as number;
      return [0, 1, 2].map((column) => into.text(at, column));
    };
    expect([read(0), read(1), read(2)]).toEqual([
      ['1', 'old', undefined],
      ['1', 'old', 'new'],
      ['1', null, 'new'],
    ]);
  });

  it('goes to another batch when one is full, and however large it is', () => {
    const large = new EventBatch(300_000, 1, 8);
    large.bytes.fill(0x78);
    large.fields.set([0, 300_000]);
    const merged = new MergedRows();
    const first = merged.merge(large, 0, large, 0, 1);
    expect(first.byteLength).toBe(300_000);
    expect(merged.merge(large, 0, large, 0, 1)).not.toBe(first);
    const small = batchOf(['1', 'a', 'b']);
    const batches = new Set(Array.from({ length: 300 }, () => merged.merge(small, 0, small, 0, 3)));
    expect(batches.size).toBe(3);
  });
});
