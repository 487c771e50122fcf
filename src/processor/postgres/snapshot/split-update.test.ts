import { expect, it } from 'vitest';
import { EVENT, EventBatch, FIELD_UNCHANGED } from '../../../wal/event-batch.ts';
import { VERDICT } from '../../../wal/snapshot-cut.ts';
import { splitUpdate } from './split-update.ts';

const UNCHANGED = undefined;

function update(old: readonly (string | undefined)[], now: readonly (string | undefined)[], full: boolean): EventBatch {
  const batch = new EventBatch(256, 1, 16);
  const tuple = (values: readonly (string | undefined)[]): number => {
    const at = batch.fieldsUsed;
    for (const value of values) {
      batch.fields[batch.fieldsUsed++] = batch.byteLength;
      const length = value === undefined ? FIELD_UNCHANGED : batch.bytes.write(value, batch.byteLength);
      batch.fields[batch.fieldsUsed++] = length;
      batch.byteLength += Math.max(0, length);
    }
    return at;
  };
  batch.kinds[0] = EVENT.update;
  batch.refs[0] = 7;
  batch.oldAt[0] = tuple(old);
  batch.newAt[0] = tuple(now);
  batch.oldIsFull[0] = full ? 1 : 0;
  batch.count = 1;
  return batch;
}

function read(half: EventBatch | null, at: 'oldAt' | 'newAt'): (string | null | undefined)[] {
  return half === null ? [] : [0, 1].map((column) => half.text(half[at][0] as number, column));
}

it('keeps the old key of an update whose new row is there', () => {
  const half = splitUpdate(VERDICT.removeOld, update(['1', ''], ['2', UNCHANGED], false), 0, 2);
  expect([half?.kinds[0], half?.newAt[0], read(half, 'oldAt')]).toEqual([EVENT.delete, -1, ['1', '']]);
});

it('keeps the new row of an update whose old row is elsewhere', () => {
  const half = splitUpdate(VERDICT.addNew, update(['1', ''], ['2', 'v'], false), 0, 2);
  expect([half?.kinds[0], half?.oldAt[0], read(half, 'newAt')]).toEqual([EVENT.insert, -1, ['2', 'v']]);
});

it('takes an unchanged value from the whole old row, or gives up', () => {
  const whole = splitUpdate(VERDICT.addNew, update(['1', 'large'], ['2', UNCHANGED], true), 0, 2);
  expect(read(whole, 'newAt')).toEqual(['2', 'large']);
  expect(splitUpdate(VERDICT.addNew, update(['1', ''], ['2', UNCHANGED], false), 0, 2)).toBeNull();
});
