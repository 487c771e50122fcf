import { EventBatch } from '../../../wal/event-batch.ts';
import { copyTuple, tupleBytes } from './copy-tuple.ts';
import { SpoolFile, type SpooledBatch } from './spool-file.ts';

const BATCH_BYTES = 256 * 1024;
const BATCH_EVENTS = 4096;
const BATCH_FIELDS = 32 * 1024;
/** Above this, full batches go to disk. */
export const MEMORY_LIMIT_BYTES = 8 * 1024 * 1024;

interface Held {
  /** Older rows first, on disk … */
  readonly spooled: SpooledBatch[];
  /** … then the rest. */
  readonly batches: EventBatch[];
}

/**
 * Rows of a relation that is not there yet: `CREATE TABLE AS` writes its rows before its event. Copies, in their order; little of them in
 * memory, the rest on disk.
 */
export class HeldRows {
  readonly #memoryLimit: number;
  readonly #held = new Map<number, Held>();
  #memory = 0;
  #spool: SpoolFile | null = null;

  constructor(memoryLimit: number = MEMORY_LIMIT_BYTES) {
    this.#memoryLimit = memoryLimit;
  }

  get empty(): boolean {
    return this.#held.size === 0;
  }

  get relations(): readonly number[] {
    return [...this.#held.keys()];
  }

  has(oid: number): boolean {
    return this.#held.has(oid);
  }

  add(batch: EventBatch, i: number, columns: number): void {
    const oid = batch.refs[i] as number;
    const oldAt = batch.oldAt[i] as number;
    const newAt = batch.newAt[i] as number;
    const size = tupleBytes(batch, oldAt, columns) + tupleBytes(batch, newAt, columns);
    const fields = columns * 2 * ((oldAt >= 0 ? 1 : 0) + (newAt >= 0 ? 1 : 0));
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

  /** Takes the rows of one relation out, batch by batch. To be read to the end; the caller releases each. */
  *take(oid: number): Generator<EventBatch, void, undefined> {
    const held = this.#held.get(oid);
    if (held === undefined) return;
    this.#held.delete(oid);
    for (const place of held.spooled) if (this.#spool !== null) yield this.#spool.read(place);
    for (const batch of held.batches) {
      this.#memory -= batch.footprint;
      yield batch;
    }
    if (this.empty) this.clear();
  }

  clear(): void {
    this.#held.clear();
    this.#memory = 0;
    this.#spool?.close();
    this.#spool = null;
  }

  #room(oid: number, bytes: number, fields: number): EventBatch {
    let held = this.#held.get(oid);
    if (held === undefined) {
      held = { spooled: [], batches: [] };
      this.#held.set(oid, held);
    }
    const last = held.batches.at(-1);
    const fits =
      last !== undefined &&
      last.count < last.kinds.length &&
      last.byteLength + bytes <= last.bytes.length &&
      last.fieldsUsed + fields <= last.fields.length;
    if (fits) return last;
    if (this.#memory > this.#memoryLimit) this.#spoolAll();
    const batch = new EventBatch(Math.max(BATCH_BYTES, bytes), BATCH_EVENTS, Math.max(BATCH_FIELDS, fields));
    held.batches.push(batch);
    this.#memory += batch.footprint;
    return batch;
  }

  #spoolAll(): void {
    this.#spool ??= new SpoolFile();
    for (const held of this.#held.values()) {
      for (const batch of held.batches.splice(0)) held.spooled.push(this.#spool.write(batch));
    }
    this.#memory = 0;
  }
}
