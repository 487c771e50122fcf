import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';
import type { EventBatch } from '../../../wal/event-batch.ts';
import { DIRECT_BYTES } from '../../../postgres/output-buffer.ts';
import type { Relation } from '../../../wal/relation.ts';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import { NET, type NetChanges } from './net-changes.ts';
import { FORM, type SetPlan, type SetStatement } from './set-statements.ts';
import { beginBinaryArray, beginBinaryCopy, endBinaryArray, endBinaryCopy, writeBinaryValue } from './value-binary.ts';
import { writeArrayElement, writeBareElement, writeCopyValue } from './value-text.ts';

const SCRATCH_BYTES = 256 * 1024;
/** A CopyData message is closed at this size. */
const FRAME_BYTES = 128 * 1024;
/** Buffers kept for reuse; one that has grown beyond its limit is not. */
const SPARE_LIMIT = 2;
const SPARE_BYTES = 1024 * 1024;

const OPEN = 0x7b; // {
const CLOSE = 0x7d; // }
const TAB = 0x09;
const NEWLINE = 0x0a;

/** In the place of a variant: the rows that are taken out. */
const REMOVED = -1;

/** Names of prepared statements, made when they are asked for. */
export interface SetNames {
  update(variant: number, checked: boolean): string;
  remove(checked: boolean): string;
}

/** Writes the net changes of a relation as few statements over many rows: DELETE and UPDATE by unnest, inserts by COPY. */
export class SetWriter {
  readonly #connection: PipelinedConnection;
  readonly #spare: GrowingBuffer[] = [];

  constructor(connection: PipelinedConnection) {
    this.#connection = connection;
  }

  /**
   * Deletes first, then updates, then inserts: a unique value that one row gives up may be taken by the next.
   * @param checked each statement fails by itself if it hits another number of rows than it should
   */
  write(
    plan: SetPlan,
    names: SetNames,
    copySql: string,
    net: NetChanges,
    batches: readonly EventBatch[],
    checked: boolean,
  ): void {
    const removed = countOf(net, NET.delete) + countOf(net, NET.replace);
    if (removed > 0) this.#statement(names.remove(checked), plan.remove, net, batches, REMOVED, removed, checked);
    for (let variant = 0; variant < plan.updates.count; variant++) {
      const updated = countOfVariant(net, variant);
      if (updated > 0)
        this.#statement(
          names.update(variant, checked),
          plan.updates.statement(variant),
          net,
          batches,
          variant,
          updated,
          checked,
        );
    }
    this.#copyNet(copySql, plan, net, batches);
  }

  #statement(
    name: string,
    { columns, forms, delimiters, elements }: SetStatement,
    net: NetChanges,
    batches: readonly EventBatch[],
    variant: number,
    count: number,
    checked: boolean,
  ): void {
    const removes = variant === REMOVED;
    const out = this.#take();
    out.byte(0x42); // B
    out.int32(0);
    out.text(`\0${name}\0`);
    writeFormats(forms, checked, out);
    out.int16(columns.length + (checked ? 1 : 0));
    for (let p = 0; p < columns.length; p++) {
      const lengthAt = out.length;
      out.int32(0);
      const arrayAt = out.length;
      const form = forms[p];
      const binary = form === FORM.binary;
      if (binary) beginBinaryArray(elements[p] as number, count, out);
      else out.byte(OPEN);
      let first = true;
      let nulls = false;
      for (let entry = 0; entry < net.size; entry++) {
        const kind = net.kind(entry);
        if (removes) {
          if (kind !== NET.delete && kind !== NET.replace) continue;
        } else if (kind !== NET.update || net.variant(entry) !== variant) continue;
        if (!first && !binary) out.byte(delimiters[p] as number);
        first = false;
        const batch = batches[removes ? net.oldBatch(entry) : net.newBatch(entry)] as EventBatch;
        const at = (removes ? batch.oldAt[net.oldEvent(entry)] : batch.newAt[net.newEvent(entry)]) as number;
        const field = at + (columns[p] as number) * 2;
        if (form === FORM.quoted) writeArrayElement(batch, field, out);
        else if (form === FORM.bare) writeBareElement(batch, field, out);
        else if (writeBinaryValue(batch, field, out)) nulls = true;
      }
      if (binary) endBinaryArray(nulls, arrayAt, out);
      else out.byte(CLOSE);
      out.patchInt32(lengthAt, out.length - lengthAt - 4);
    }
    if (checked) {
      const digits = String(count);
      out.int32(digits.length);
      out.text(digits);
    }
    out.int16(0);
    out.patchInt32(1, out.length - 1);
    executeMessage(out);
    this.#give(out);
    if (checked) this.#connection.expectAnswer();
    else this.#connection.expectRows(count);
  }

  #copyNet(sql: string, { columns, binary }: SetPlan, net: NetChanges, batches: readonly EventBatch[]): void {
    const count = countOf(net, NET.insert) + countOf(net, NET.replace);
    if (count === 0) return;
    const copy = new CopyFrames(
      binary,
      () => this.#take(),
      (buffer) => this.#give(buffer),
    );
    copy.begin(sql);
    for (let entry = 0; entry < net.size; entry++) {
      const kind = net.kind(entry);
      if (kind !== NET.insert && kind !== NET.replace) continue;
      const batch = batches[net.newBatch(entry)] as EventBatch;
      copy.row(batch, batch.newAt[net.newEvent(entry)] as number, columns);
    }
    copy.end();
    this.#connection.expectRows(count);
  }

  /** Inserts in their order: `places` are pairs of batch and event. `checked`: outside of a segment. */
  copy(
    sql: string,
    { columns: { length: columns }, binary = false }: Relation,
    places: Int32Array,
    count: number,
    batches: readonly EventBatch[],
    checked = false,
  ): void {
    const copy = new CopyFrames(
      binary,
      () => this.#take(),
      (buffer) => this.#give(buffer),
    );
    copy.begin(sql);
    for (let i = 0; i < count; i++) {
      const batch = batches[places[i * 2] as number] as EventBatch;
      copy.row(batch, batch.newAt[places[i * 2 + 1] as number] as number, columns);
    }
    copy.end();
    this.#connection.expectRows(count, checked);
  }

  #take(): GrowingBuffer {
    const buffer = this.#spare.pop() ?? new GrowingBuffer(SCRATCH_BYTES);
    buffer.clear();
    return buffer;
  }

  /** Little is copied to what goes out next, so that many small statements leave in one piece and need no buffer each. */
  #give(buffer: GrowingBuffer): void {
    if (buffer.length < DIRECT_BYTES) {
      this.#connection.out.slice(buffer.bytes, 0, buffer.length);
      this.#spare.push(buffer);
      return;
    }
    this.#connection.out.owned(buffer.bytes, buffer.length, () => {
      if (this.#spare.length < SPARE_LIMIT && buffer.bytes.length <= SPARE_BYTES) this.#spare.push(buffer);
    });
  }
}

/** COPY … FROM STDIN, sent ahead of the server's answer. */
class CopyFrames {
  readonly #binary: boolean;
  readonly #take: () => GrowingBuffer;
  readonly #give: (buffer: GrowingBuffer) => void;
  #buffer: GrowingBuffer;
  #frame = -1;

  constructor(binary: boolean, take: () => GrowingBuffer, give: (buffer: GrowingBuffer) => void) {
    this.#binary = binary;
    this.#take = take;
    this.#give = give;
    this.#buffer = take();
  }

  begin(sql: string): void {
    const out = this.#buffer;
    out.byte(0x50); // P: unnamed
    const lengthAt = out.length;
    out.int32(0);
    out.byte(0);
    out.text(`${sql}\0`);
    out.int16(0);
    out.patchInt32(lengthAt, out.length - lengthAt);
    out.byte(0x42); // B
    out.int32(12);
    out.int32(0); // unnamed portal and statement, no formats
    out.int32(0); // no parameters, no result formats
    executeMessage(out);
    this.#open();
    if (this.#binary) beginBinaryCopy(out);
  }

  row(batch: EventBatch, at: number, columns: number): void {
    const out = this.#buffer;
    if (this.#binary) {
      out.int16(columns);
      for (let column = 0; column < columns; column++) writeBinaryValue(batch, at + column * 2, out);
    } else {
      for (let column = 0; column < columns; column++) {
        if (column > 0) out.byte(TAB);
        writeCopyValue(batch, at + column * 2, out);
      }
      out.byte(NEWLINE);
    }
    if (out.length - this.#frame >= FRAME_BYTES) {
      this.#close();
      this.#give(out);
      this.#buffer = this.#take();
      this.#open();
    }
  }

  end(): void {
    if (this.#binary) endBinaryCopy(this.#buffer);
    this.#close();
    this.#buffer.byte(0x63); // c: CopyDone
    this.#buffer.int32(4);
    this.#give(this.#buffer);
  }

  #open(): void {
    this.#buffer.byte(0x64); // d: CopyData
    this.#frame = this.#buffer.length;
    this.#buffer.int32(0);
  }

  #close(): void {
    this.#buffer.patchInt32(this.#frame, this.#buffer.length - this.#frame);
  }
}

/** Text or binary for each parameter. */
function writeFormats(forms: Uint8Array, counted: boolean, out: GrowingBuffer): void {
  out.int16(forms.length + (counted ? 1 : 0));
  for (const form of forms) out.int16(form === FORM.binary ? 1 : 0);
  if (counted) out.int16(0);
}

function executeMessage(out: GrowingBuffer): void {
  out.byte(0x45); // E
  out.int32(9);
  out.byte(0);
  out.int32(0);
}

function countOf(net: NetChanges, kind: number): number {
  let count = 0;
  for (let entry = 0; entry < net.size; entry++) if (net.kind(entry) === kind) count++;
  return count;
}

function countOfVariant(net: NetChanges, variant: number): number {
  let count = 0;
  for (let entry = 0; entry < net.size; entry++)
    if (net.kind(entry) === NET.update && net.variant(entry) === variant) count++;
  return count;
}
