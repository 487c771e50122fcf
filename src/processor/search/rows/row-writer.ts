import { WalcastError } from '../../../errors/walcast-error.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import { EVENT, FIELD_UNCHANGED, type EventBatch } from '../../../wal/event-batch.ts';
import { formatLsn } from '../../../wal/lsn.ts';
import { VERDICT, type Verdict } from '../../../wal/snapshot-cut.ts';
import type { BulkWriter } from '../bulk/index.ts';
import type { Binding } from './binding.ts';
import type { UnchangedRows } from './unchanged-rows.ts';

/** Turns rows of the stream into operations on documents. No object is made a row unless a value is missing. */
export class RowWriter {
  readonly #writer: BulkWriter;
  readonly #unchanged: UnchangedRows;
  readonly #oldId = new GrowingBuffer(1024);
  /** Of a new row whose unchanged values are those of the old one. */
  #merged = new Int32Array(64);
  rows = 0;

  constructor(writer: BulkWriter, unchanged: UnchangedRows) {
    this.#writer = writer;
    this.#unchanged = unchanged;
  }

  /** False: rows that wait for values have to be written before it, see {@link UnchangedRows}. */
  write(binding: Binding, batch: EventBatch, i: number, verdict: Verdict = VERDICT.apply): boolean {
    const writer = this.#writer;
    const kind = batch.kinds[i];
    const newAt = batch.newAt[i] as number;
    const oldAt = batch.oldAt[i] as number;
    if (kind === EVENT.delete || verdict === VERDICT.removeOld) {
      this.#require(binding, batch, i, oldAt);
      this.#identify(binding, batch, oldAt);
      if (this.#unchanged.waits(binding, writer.id)) return false;
      this.#remove(binding, batch, oldAt);
      return true;
    }
    let removes = false;
    if (kind === EVENT.update) {
      if (!binding.identified) this.#require(binding, batch, i, -1);
      if (oldAt >= 0 && verdict === VERDICT.apply) removes = this.#moved(binding, batch, oldAt, newAt);
      if (removes && this.#unchanged.waits(binding, this.#oldId)) return false;
    }
    const fields = oldAt >= 0 && batch.oldIsFull[i] === 1 ? this.#merge(binding, batch, oldAt, newAt) : batch.fields;
    const at = fields === batch.fields ? newAt : 0;
    writer.id.clear();
    binding.identity.write(batch.bytes, fields, at, writer.id);
    if (this.#unchanged.waits(binding, writer.id)) return false;
    if (removes) {
      writer.id.clear();
      this.#copyId(this.#oldId, writer.id);
      this.#remove(binding, batch, oldAt);
      writer.id.clear();
      binding.identity.write(batch.bytes, fields, at, writer.id);
    }
    writer.begin('index', binding.target, binding.route(batch.bytes, fields, at));
    if (binding.codec.write(batch.bytes, fields, at, writer.out) === 0) {
      writer.end();
    } else {
      writer.cancel();
      this.#unchanged.add(binding, batch.bytes, fields, at, batch.lsn(i));
    }
    this.rows++;
    return true;
  }

  #remove(binding: Binding, batch: EventBatch, oldAt: number): void {
    this.#writer.begin('delete', binding.target, binding.route(batch.bytes, batch.fields, oldAt));
    this.#writer.end();
    this.rows++;
  }

  #identify(binding: Binding, batch: EventBatch, at: number): void {
    this.#writer.id.clear();
    binding.identity.write(batch.bytes, batch.fields, at, this.#writer.id);
  }

  /** The old row's document is another one, by its id or by the shard that it lies on. */
  #moved(binding: Binding, batch: EventBatch, oldAt: number, newAt: number): boolean {
    const { id } = this.#writer;
    this.#identify(binding, batch, oldAt);
    this.#oldId.clear();
    this.#copyId(id, this.#oldId);
    id.clear();
    for (const place of binding.keyColumns) {
      // an unchanged key is a key that did not change
      if ((batch.fields[newAt + place * 2 + 1] as number) === FIELD_UNCHANGED) return false;
    }
    binding.identity.write(batch.bytes, batch.fields, newAt, id);
    if (!same(id, this.#oldId)) return true;
    return binding.routingAt >= 0 && !sameField(batch, oldAt, newAt, binding.routingAt);
  }

  #copyId(from: GrowingBuffer, to: GrowingBuffer): void {
    to.reserve(from.length);
    to.length += from.bytes.copy(to.bytes, to.length, 0, from.length);
  }

  #merge({ columns }: Binding, batch: EventBatch, oldAt: number, newAt: number): Int32Array {
    const size = columns.length * 2;
    if (this.#merged.length < size) this.#merged = new Int32Array(size);
    for (let field = 0; field < size; field += 2) {
      const from = batch.fields[newAt + field + 1] === FIELD_UNCHANGED ? oldAt : newAt;
      this.#merged[field] = batch.fields[from + field] as number;
      this.#merged[field + 1] = batch.fields[from + field + 1] as number;
    }
    return this.#merged;
  }

  #require(binding: Binding, batch: EventBatch, i: number, oldAt: number): void {
    if (binding.identified && (oldAt >= 0 || batch.kinds[i] === EVENT.update)) return;
    throw new WalcastError(
      'E_SEARCH_IDENTITY',
      `${binding.table}: the row at ${formatLsn(batch.lsn(i))} does not tell the key of its document`,
      { fields: { table: binding.table, lsn: formatLsn(batch.lsn(i)) } },
    );
  }
}

function same(a: GrowingBuffer, b: GrowingBuffer): boolean {
  return a.length === b.length && a.bytes.compare(b.bytes, 0, b.length, 0, a.length) === 0;
}

function sameField({ bytes, fields }: EventBatch, a: number, b: number, column: number): boolean {
  const [from, length] = [fields[a + column * 2] as number, fields[a + column * 2 + 1] as number];
  const [other, otherLength] = [fields[b + column * 2] as number, fields[b + column * 2 + 1] as number];
  if (otherLength === FIELD_UNCHANGED) return true;
  if (length < 0 || otherLength < 0) return length === otherLength;
  return length === otherLength && bytes.compare(bytes, other, other + otherLength, from, from + length) === 0;
}
