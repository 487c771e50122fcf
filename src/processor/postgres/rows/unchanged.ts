import { FIELD_UNCHANGED, type EventBatch } from '../../../wal/event-batch.ts';

/** Does the tuple at `at` leave out an unchanged TOAST value? */
export function hasUnchanged(batch: EventBatch, at: number, columns: number): boolean {
  for (let field = at + 1, end = at + columns * 2; field < end; field += 2) {
    if (batch.fields[field] === FIELD_UNCHANGED) return true;
  }
  return false;
}
