import { EVENT, EventBatch, FIELD_UNCHANGED } from '../../../wal/event-batch.ts';
import { copyTuple } from '../rows/copy-tuple.ts';

const BYTES = 64 * 1024;
const EVENTS = 128;
const FIELDS = 2048;

/** New tuples that were put together from two updates of a row: what the later one left out is taken from the earlier one. */
export class MergedRows {
  #last: EventBatch | null = null;

  /** Forgets the batch that is being filled: somebody else lets go of it. */
  clear(): void {
    this.#last = null;
  }

  /** The merged tuple is the last event of the batch that it returns. */
  merge(later: EventBatch, at: number, earlier: EventBatch, earlierAt: number, columns: number): EventBatch {
    let bytes = 0;
    for (let c = 0; c < columns; c++) {
      const left = later.fields[at + c * 2 + 1] === FIELD_UNCHANGED;
      bytes += Math.max(0, (left ? earlier.fields[earlierAt + c * 2 + 1] : later.fields[at + c * 2 + 1]) as number);
    }
    const into = this.#room(bytes, columns);
    const start = copyTuple(later, at, columns, into, earlierAt, earlier);
    const i = into.count++;
    into.kinds[i] = EVENT.update;
    into.oldAt[i] = -1;
    into.newAt[i] = start;
    return into;
  }

  #room(bytes: number, columns: number): EventBatch {
    const last = this.#last;
    if (
      last !== null &&
      last.count < EVENTS &&
      last.byteLength + bytes <= last.bytes.length &&
      last.fieldsUsed + columns * 2 <= last.fields.length
    )
      return last;
    this.#last = new EventBatch(Math.max(BYTES, bytes), EVENTS, Math.max(FIELDS, columns));
    return this.#last;
  }
}
