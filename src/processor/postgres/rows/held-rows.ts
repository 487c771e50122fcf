import { WalcastError } from '../../../errors/walcast-error.ts';
import { EventBatch } from '../../../wal/event-batch.ts';

const BATCH_BYTES = 256 * 1024;
const BATCH_EVENTS = 4096;
const BATCH_FIELDS = 32 * 1024;

/**
 * Rows of a relation that is not there yet: `CREATE TABLE AS` writes its rows before its event. Copies, in their order, up to a limit in
 * bytes over all relations of a transaction.
 */
export class HeldRows {
  readonly #limit: number;
  readonly #batches = new Map<number, EventBatch[]>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get empty(): boolean {
    return this.#batches.size === 0;
  }

  get relations(): readonly number[] {
    return [...this.#batches.keys()];
  }

  has(oid: number): boolean {
    return this.#batches.has(oid);
  }

  add(batch: EventBatch, i: number, columns: number): void {
    const oid = batch.refs[i] as number;
    const oldAt = batch.oldAt[i] as number;
    const newAt = batch.newAt[i] as number;
    const size = tupleBytes(batch, oldAt, columns) + tupleBytes(batch, newAt, columns);
    const fields = columns * 2 * ((oldAt >= 0 ? 1 : 0) + (newAt >= 0 ? 1 : 0));
    this.#bytes += size + fields * 4;
    if (this.#bytes > this.#limit) {
      throw new WalcastError(
        'E_HELD_ROWS_LIMIT',
        `more than ${this.#limit} bytes of rows came before the statement that made relation ${oid}`,
      );
    }
    const into = this.#room(oid, size, fields);
    const at = into.count;
    into.kinds[at] = batch.kinds[i] as number;
    into.refs[at] = oid;
    into.oldIsFull[at] = batch.oldIsFull[i] as number;
    into.lsnHigh[at] = batch.lsnHigh[i] as number;
    into.lsnLow[at] = batch.lsnLow[i] as number;
    into.oldAt[at] = copyTuple(batch, oldAt, columns, into);
    into.newAt[at] = copyTuple(batch, newAt, columns, into);
    into.count = at + 1;
  }

  /** Takes the rows of one relation out, as batches that the caller releases. */
  take(oid: number): readonly EventBatch[] {
    const batches = this.#batches.get(oid) ?? [];
    this.#batches.delete(oid);
    for (const batch of batches) this.#bytes -= batch.byteLength + batch.fieldsUsed * 4;
    return batches;
  }

  clear(): void {
    this.#batches.clear();
    this.#bytes = 0;
  }

  #room(oid: number, bytes: number, fields: number): EventBatch {
    let batches = this.#batches.get(oid);
    if (batches === undefined) {
      batches = [];
      this.#batches.set(oid, batches);
    }
    const last = batches.at(-1);
    const fits =
      last !== undefined &&
      last.count < last.kinds.length &&
      last.byteLength + bytes <= last.bytes.length &&
      last.fieldsUsed + fields <= last.fields.length;
    if (fits) return last;
    const batch = new EventBatch(Math.max(BATCH_BYTES, bytes), BATCH_EVENTS, Math.max(BATCH_FIELDS, fields));
    batches.push(batch);
    return batch;
  }
}

function tupleBytes(batch: EventBatch, at: number, columns: number): number {
  if (at < 0) return 0;
  let size = 0;
  for (let i = 0; i < columns; i++) size += Math.max(0, batch.fields[at + i * 2 + 1] as number);
  return size;
}

function copyTuple(from: EventBatch, at: number, columns: number, into: EventBatch): number {
  if (at < 0) return -1;
  const start = into.fieldsUsed;
  for (let i = 0; i < columns; i++) {
    const offset = from.fields[at + i * 2] as number;
    const length = from.fields[at + i * 2 + 1] as number;
    into.fields[start + i * 2] = into.byteLength;
    into.fields[start + i * 2 + 1] = length;
    if (length <= 0) continue;
    from.bytes.copy(into.bytes, into.byteLength, offset, offset + length);
    into.byteLength += length;
  }
  into.fieldsUsed = start + columns * 2;
  return start;
}
