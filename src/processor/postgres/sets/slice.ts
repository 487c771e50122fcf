import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import { EVENT, type EventBatch } from '../../../wal/event-batch.ts';
import { hasUnchanged } from '../rows/unchanged.ts';
import type { RowWriter, SetEntry } from '../rows/row-writer.ts';
import { NetChanges } from './net-changes.ts';
import type { SetWriter } from './set-writer.ts';

/** A slice is written when it holds this many rows, bytes of rows, or batches. */
const SLICE_ROWS = 10_000;
const SLICE_BYTES = 1024 * 1024;
const SLICE_BATCHES = 6;
/** Fewer rows of a relation than this are not worth a set. */
const LEAST_ROWS = 4;

/** A larger row goes by itself, straight from its batch: a set would copy it. */
const LARGE_ROW_BYTES = 64 * 1024;

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
  readonly #batches: EventBatch[] = [];
  readonly #shares = new Map<number, Share>();
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
    return this.#count >= SLICE_ROWS || this.#bytes >= SLICE_BYTES || this.#batches.length >= SLICE_BATCHES;
  }

  add(batch: EventBatch, i: number, entry: SetEntry): void {
    if (this.#batches.at(-1) !== batch) this.#batches.push(batch.retain());
    const at = this.#batches.length - 1;
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
    const worthwhile = !this.#fires && [...this.#shares.values()].some((share) => isSet(share));
    if (!worthwhile) {
      this.writeInOrder(rows);
      return false;
    }
    connection.beginSegment();
    connection.command(SAVEPOINT_STATEMENT);
    for (const [oid, share] of this.#shares) {
      if (!isSet(share)) this.#writeRelation(oid, rows);
      else if (share.net !== null && share.entry.plan !== null) {
        sets.write(share.entry.plan, rows.setNames(oid), share.entry.copy, share.net, this.#batches);
      } else
        sets.copy(
          share.entry.copy,
          share.entry.relation.columns.length,
          this.#placesOf(oid, share.count),
          share.count,
          this.#batches,
        );
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
    this.#shares.clear();
    this.#fires = false;
    this.#count = 0;
    this.#bytes = 0;
  }

  #share(oid: number, entry: SetEntry): Share {
    let share = this.#shares.get(oid);
    if (share === undefined) {
      const net = entry.plan === null ? null : new NetChanges(entry.plan.keyColumns);
      share = { entry, net, count: 0, inOrder: entry.relation.columns.length === 0 };
      this.#shares.set(oid, share);
      if (entry.fires) this.#fires = true;
    }
    return share;
  }

  /** False: the order of this relation's rows matters. */
  #collect({ net, entry }: Share, at: number, i: number): boolean {
    const batch = this.#batches[at] as EventBatch;
    const kind = batch.kinds[i];
    if (net === null) return kind === EVENT.insert;
    if (kind === EVENT.insert) return net.insert(this.#batches, at, i);
    if (kind === EVENT.delete) return net.delete(this.#batches, at, i);
    if (batch.oldAt[i] !== -1 || entry.plan?.update === null) return false;
    const partial = hasUnchanged(batch, batch.newAt[i] as number, entry.relation.columns.length);
    return !partial && net.update(this.#batches, at, i, false);
  }

  #writeRelation(oid: number, rows: RowWriter): void {
    for (let i = 0; i < this.#count; i++) {
      const batch = this.#batches[this.#places[i * 2] as number] as EventBatch;
      if (batch.refs[this.#places[i * 2 + 1] as number] === oid) this.#writeRow(i, rows);
    }
  }

  #writeRow(i: number, rows: RowWriter): void {
    rows.writeNow(this.#batches[this.#places[i * 2] as number] as EventBatch, this.#places[i * 2 + 1] as number);
  }

  #placesOf(oid: number, count: number): Int32Array {
    const places = new Int32Array(count * 2);
    let to = 0;
    for (let i = 0; i < this.#count; i++) {
      const batch = this.#batches[this.#places[i * 2] as number] as EventBatch;
      if (batch.refs[this.#places[i * 2 + 1] as number] !== oid) continue;
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
