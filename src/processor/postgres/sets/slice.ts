import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { EVENT, type EventBatch } from '../../../wal/event-batch.ts';
import type { RowWriter, SetEntry } from '../rows/row-writer.ts';
import type { SetPlan } from './set-statements.ts';
import { MergedRows } from './merged-rows.ts';
import { IN_ORDER, NetChanges, TAKEN } from './net-changes.ts';
import type { SetWriter } from './set-writer.ts';
import { NO_VARIANT } from './update-variants.ts';

/** A slice is written when it holds this many rows, bytes of rows, or batches. */
const SLICE_ROWS = 10_000;
const SLICE_BYTES = 1024 * 1024;
const SLICE_BATCHES = 6;
/** Maps kept for the next slice: of this many relations, and no larger than this many entries. */
const SPARE_LIMIT = 100;
const SPARE_CAPACITY = 16 * 1024;
/** Fewer rows of a relation than this are not worth a set. */
const LEAST_ROWS = 4;

/** Up to here a group is not worth a round trip of its own before its COMMIT. */
const CHECKED_ROWS = 32;

/** Up to here inserts before a command are not waited for. */
const INSERTED_ROWS = 1_000;

/** A larger row goes by itself, straight from its batch: a set would copy it. */
const LARGE_ROW_BYTES = 64 * 1024;

/** Up to here sets that check their own counts cost less than the wait for them. */
const WHOLE_ROWS = 2_000;

export const SAVEPOINT_STATEMENT = 'slice_begin';
export const RELEASE_STATEMENT = 'slice_end';

/** What a slice holds of one relation. */
interface Share {
  readonly entry: SetEntry;
  /** Null: inserts only so far, or `inOrder`. */
  readonly net: NetChanges | null;
  count: number;
  /** Something came for which the order of its rows matters: one by one. */
  inOrder: boolean;
}

/** Rows in stream order, kept as places in their batches, and what they come to. Written as sets, or one by one if that is refused. */
export class Slice {
  /** Those of the stream, and those of merged rows among them. */
  readonly #batches: EventBatch[] = [];
  readonly #merged = new MergedRows();
  /** Place of the stream's latest batch. */
  #latest = -1;
  #streamed = 0;
  /** Place of the batch that merged rows go to. */
  #mergedAt = -1;
  readonly #shares = new Map<number, Share>();
  /** The share of the row before. */
  #lastOid = -1;
  #lastShare: Share | null = null;
  /** Maps of earlier slices, empty, for relations that come again. */
  readonly #spare = new Map<SetEntry, NetChanges>();
  /** Pairs of batch and event, in stream order. */
  #places = new Int32Array(512);
  #count = 0;
  #bytes = 0;
  /** Triggers see all tables as the source's changes left them: everything goes in stream order. */
  #fires = false;

  get empty(): boolean {
    return this.#count === 0;
  }

  get full(): boolean {
    return this.#count >= SLICE_ROWS || this.#bytes >= SLICE_BYTES || this.#streamed >= SLICE_BATCHES;
  }

  add(batch: EventBatch, i: number, entry: SetEntry): void {
    if (this.#latest < 0 || this.#batches[this.#latest] !== batch) {
      this.#latest = this.#batches.push(batch.retain()) - 1;
      this.#streamed++;
    }
    const at = this.#latest;
    if (this.#count * 2 === this.#places.length) this.#grow();
    this.#places[this.#count * 2] = at;
    this.#places[this.#count * 2 + 1] = i;
    this.#count++;
    const share = this.#share(batch.refs[i] as number, entry);
    share.count++;
    const bytes = rowBytes(batch, i, entry.relation.columns.length);
    this.#bytes += bytes;
    if (!share.inOrder && (bytes > LARGE_ROW_BYTES || !this.#collect(share, at, i))) share.inOrder = true;
  }

  /** @returns whether sets were written, whose outcome has to be awaited before anything else */
  write(connection: PipelinedConnection, sets: SetWriter, rows: RowWriter): boolean {
    if (!this.#worthwhile) {
      this.writeInOrder(rows);
      return false;
    }
    connection.beginSegment();
    connection.command(SAVEPOINT_STATEMENT);
    this.#writeShares(sets, rows, false);
    return true;
  }

  /** Each statement could fail by itself if it hits another number of rows than it should. */
  couldBeWhole(rows: RowWriter): boolean {
    if (this.#count > WHOLE_ROWS || !this.#worthwhile) return false;
    for (let i = 0; i < this.#count; i++) {
      const share = this.#shares.get(this.#batchOf(i).refs[this.#eventOf(i)] as number);
      if (share !== undefined && !isSet(share) && !rows.checkable(this.#batchOf(i), this.#eventOf(i))) return false;
    }
    return true;
  }

  /** As sets that check their own counts. */
  writeWhole(sets: SetWriter, rows: RowWriter): void {
    this.#writeShares(sets, rows, true);
  }

  get #worthwhile(): boolean {
    return !this.#fires && [...this.#shares.values()].some((share) => isSet(share));
  }

  #writeShares(sets: SetWriter, rows: RowWriter, checked: boolean): void {
    for (const [oid, share] of this.#shares) {
      const { entry, net, count } = share;
      if (!isSet(share)) this.#writeRelation(oid, rows, checked);
      else if (net !== null && entry.plan !== null)
        sets.write(entry.plan, rows.setNames(oid), entry.copy, net, this.#batches, checked);
      else sets.copy(entry.copy, entry.relation, this.#placesOf(oid, count), count, this.#batches);
    }
  }

  /** One by one, each statement failing by itself if it hits another number of rows than one. False: that cannot be; nothing was written. */
  writeChecked(rows: RowWriter): boolean {
    if (this.#count > CHECKED_ROWS || this.#fires) return false;
    for (let i = 0; i < this.#count; i++) if (!rows.checkable(this.#batchOf(i), this.#eventOf(i))) return false;
    for (let i = 0; i < this.#count; i++) rows.writeChecked(this.#batchOf(i), this.#eventOf(i));
    return true;
  }

  /**
   * Inserts as they came, without a savepoint: order takes no part in whether they fit, so one that is refused is refused for good, and may end
   * the session. False: there are other changes; nothing was written.
   */
  writeInserts(sets: SetWriter, rows: RowWriter): boolean {
    if (this.#fires || this.#count > INSERTED_ROWS) return false;
    for (const share of this.#shares.values()) if (share.entry.generates) return false;
    for (let i = 0; i < this.#count; i++) if (this.#batchOf(i).kinds[this.#eventOf(i)] !== EVENT.insert) return false;
    for (const [oid, share] of this.#shares) {
      if (!isSet(share)) this.#writeRelation(oid, rows, false);
      else {
        const { copy, relation } = share.entry;
        sets.copy(copy, relation, this.#placesOf(oid, share.count), share.count, this.#batches, true);
      }
    }
    return true;
  }

  writeInOrder(rows: RowWriter): void {
    for (let i = 0; i < this.#count; i++) this.#writeRow(i, rows);
  }

  /** Gives the batches back, each once its rows in the pipeline are answered. */
  clear(connection: PipelinedConnection): void {
    for (const batch of this.#batches) connection.releaseBatch(batch);
    this.#batches.length = 0;
    this.#latest = -1;
    this.#streamed = 0;
    this.#merged.clear();
    this.#mergedAt = -1;
    if (this.#spare.size > SPARE_LIMIT) this.#spare.clear();
    for (const { net, entry } of this.#shares.values()) {
      if (net === null || net.capacity > SPARE_CAPACITY) continue;
      net.clear();
      this.#spare.set(entry, net);
    }
    this.#shares.clear();
    this.#lastOid = -1;
    this.#lastShare = null;
    this.#fires = false;
    this.#count = 0;
    this.#bytes = 0;
  }

  #share(oid: number, entry: SetEntry): Share {
    if (oid === this.#lastOid && this.#lastShare !== null) return this.#lastShare;
    let share = this.#shares.get(oid);
    if (share === undefined) {
      const net = entry.plan === null ? null : (this.#spare.get(entry) ?? new NetChanges(entry.plan.keyColumns));
      share = { entry, net, count: 0, inOrder: entry.relation.columns.length === 0 };
      this.#shares.set(oid, share);
      if (entry.fires) this.#fires = true;
    }
    this.#lastOid = oid;
    this.#lastShare = share;
    return share;
  }

  /** False: the order of this relation's rows matters. */
  #collect({ net, entry }: Share, at: number, i: number): boolean {
    const batch = this.#batches[at] as EventBatch;
    const kind = batch.kinds[i];
    if (net === null) return kind === EVENT.insert;
    if (kind === EVENT.insert) return net.insert(this.#batches, at, i);
    if (kind === EVENT.delete) return net.delete(this.#batches, at, i);
    if (batch.oldAt[i] !== -1 || entry.plan === null) return false;
    const variant = entry.plan.updates.of(batch, batch.newAt[i] as number);
    if (variant === NO_VARIANT) return false;
    const other = net.update(this.#batches, at, i, variant);
    return other === TAKEN || (other !== IN_ORDER && this.#merge(net, other, entry.plan, batch, i));
  }

  /** An update that leaves values out, of a row that was changed before. */
  #merge(net: NetChanges, entry: number, plan: SetPlan, batch: EventBatch, i: number): boolean {
    const earlier = this.#batches[net.newBatch(entry)] as EventBatch;
    const earlierAt = earlier.newAt[net.newEvent(entry)] as number;
    const merged = this.#merged.merge(batch, batch.newAt[i] as number, earlier, earlierAt, plan.columns);
    if (this.#batches[this.#mergedAt] !== merged) this.#mergedAt = this.#batches.push(merged) - 1;
    const event = merged.count - 1;
    const variant = plan.updates.of(merged, merged.newAt[event] as number);
    if (variant === NO_VARIANT) return false;
    this.#bytes += rowBytes(merged, event, plan.columns);
    net.merged(entry, this.#mergedAt, event, variant);
    return true;
  }

  #writeRelation(oid: number, rows: RowWriter, checked: boolean): void {
    for (let i = 0; i < this.#count; i++) {
      if (this.#batchOf(i).refs[this.#eventOf(i)] !== oid) continue;
      if (checked) rows.writeChecked(this.#batchOf(i), this.#eventOf(i));
      else this.#writeRow(i, rows);
    }
  }

  #writeRow(i: number, rows: RowWriter): void {
    rows.writeNow(this.#batchOf(i), this.#eventOf(i));
  }

  /** Of the row that came as number `i`. */
  #batchOf(i: number): EventBatch {
    return this.#batches[this.#places[i * 2] as number] as EventBatch;
  }

  #eventOf(i: number): number {
    return this.#places[i * 2 + 1] as number;
  }

  #placesOf(oid: number, count: number): Int32Array {
    const places = new Int32Array(count * 2);
    let to = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#batchOf(i).refs[this.#eventOf(i)] !== oid) continue;
      places[to++] = this.#places[i * 2] as number;
      places[to++] = this.#places[i * 2 + 1] as number;
    }
    return places;
  }

  #grow(): void {
    const next = new Int32Array(this.#places.length * 2);
    next.set(this.#places);
    this.#places = next;
  }
}

function isSet(share: Share): boolean {
  return !share.inOrder && share.count >= LEAST_ROWS;
}

/** From the first value of the row to the end of the last. */
function rowBytes(batch: EventBatch, i: number, columns: number): number {
  const at = (batch.newAt[i] as number) >= 0 ? (batch.newAt[i] as number) : (batch.oldAt[i] as number);
  let bytes = 16;
  for (let field = at + 1, end = at + columns * 2; field < end; field += 2) {
    const length = batch.fields[field] as number;
    if (length > 0) bytes += length;
  }
  return bytes;
}
