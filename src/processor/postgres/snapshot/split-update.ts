import { EVENT, EventBatch } from '../../../wal/event-batch.ts';
import { VERDICT, type Verdict } from '../../../wal/snapshot-cut.ts';
import { copyTuple, tupleBytes } from '../rows/copy-tuple.ts';
import { hasUnchanged } from '../rows/unchanged.ts';

/**
 * The half of an update that the target lacks, as a row event of its own: its delete or its insert. Null: the new row keeps a TOAST value that
 * the stream leaves out, and there is no row here to keep it from.
 */
export function splitUpdate(verdict: Verdict, batch: EventBatch, i: number, columns: number): EventBatch | null {
  const removes = verdict === VERDICT.removeOld;
  const oldAt = batch.oldAt[i] as number;
  const newAt = batch.newAt[i] as number;
  const whole = oldAt >= 0 && batch.oldIsFull[i] === 1;
  const at = removes ? oldAt : newAt;
  const fallback = removes || !whole ? -1 : oldAt;
  const size = tupleBytes(batch, at, columns) + tupleBytes(batch, fallback, columns);
  const half = new EventBatch(Math.max(1, size), 1, columns);
  half.kinds[0] = removes ? EVENT.delete : EVENT.insert;
  half.refs[0] = batch.refs[i] as number;
  half.oldIsFull[0] = removes ? (batch.oldIsFull[i] as number) : 0;
  half.lsnHigh[0] = batch.lsnHigh[i] as number;
  half.lsnLow[0] = batch.lsnLow[i] as number;
  const copied = copyTuple(batch, at, columns, half, fallback);
  half.oldAt[0] = removes ? copied : -1;
  half.newAt[0] = removes ? -1 : copied;
  half.count = 1;
  return !removes && hasUnchanged(half, copied, columns) ? null : half;
}
