import { Decoder, type DecoderHooks } from '../../src/decode/decoder.ts';
import type { DdlEvent } from '../../src/wal/ddl-event.ts';
import { EVENT, FIELD_NULL, FIELD_UNCHANGED, type EventBatch, type EventObject } from '../../src/wal/event-batch.ts';
import * as wire from './wire.ts';
import { UNCHANGED, type WireValue } from './wire.ts';

/** Above 2³¹: an oid or xid read as a signed number would be negative. */
export const TABLE = 4_000_000_001;
export const XID = 4_000_000_002;

export interface Row {
  readonly kind: number;
  readonly oid: number;
  readonly lsn: bigint;
  readonly old: readonly WireValue[] | null;
  readonly full: boolean;
  readonly after: readonly WireValue[] | null;
}

export type Read = Row | { readonly kind: number; readonly lsn: bigint; readonly object: EventObject };

/** Takes batches apart as soon as they come, and gives them back, so that the decoder reuses them. */
export class WireReader {
  readonly events: Read[] = [];
  readonly sizes: number[] = [];
  readonly messages: { prefix: string; content: Buffer; transaction: number }[] = [];
  readonly decoder: Decoder;
  readonly #columns = new Map<number, number>();
  #at = 0n;

  constructor({ message, binary }: { message?: (prefix: string) => DdlEvent | null; binary?: boolean } = {}) {
    const hooks: DecoderHooks = {
      batch: (batch) => this.#take(batch),
      message: (prefix, content, transaction) => {
        this.messages.push({ prefix, content, transaction });
        return message?.(prefix) ?? null;
      },
    };
    this.decoder = new Decoder(hooks, binary);
  }

  /** The buffer is overwritten after each message, as the driver does. */
  feed(...messages: readonly Buffer[]): this {
    for (const message of messages) {
      const chunk = wire.xlogData(this.#at++, message);
      this.decoder.append(chunk);
      chunk.fill(0xee);
    }
    return this;
  }

  seal(): Read[] {
    this.decoder.seal();
    return this.events;
  }

  rows(): Row[] {
    return this.seal().filter((event): event is Row => 'oid' in event);
  }

  #take(batch: EventBatch): void {
    this.sizes.push(batch.count);
    for (let i = 0; i < batch.count; i++) this.events.push(this.#read(batch, i));
    batch.release();
  }

  #read(batch: EventBatch, i: number): Read {
    const kind = batch.kind(i);
    if (kind !== EVENT.insert && kind !== EVENT.update && kind !== EVENT.delete) {
      const object = batch.object(i);
      if (kind === EVENT.relation && 'columns' in object) this.#columns.set(object.oid, object.columns.length);
      return { kind, lsn: batch.lsn(i), object };
    }
    const oid = batch.relationOid(i);
    const columns = this.#columns.get(oid) ?? 0;
    const at = (index: Int32Array): readonly WireValue[] | null =>
      index[i] === -1 ? null : Array.from({ length: columns }, (_, c) => field(batch, index[i] as number, c));
    return {
      kind,
      oid,
      lsn: batch.lsn(i),
      old: at(batch.oldAt),
      full: batch.oldIsFull[i] === 1,
      after: at(batch.newAt),
    };
  }
}

/** As bytes in latin1, so that binary values are told apart as well. */
function field(batch: EventBatch, at: number, column: number): WireValue {
  const offset = batch.fields[at + column * 2] as number;
  const length = batch.fields[at + column * 2 + 1] as number;
  if (length === FIELD_NULL) return null;
  if (length === FIELD_UNCHANGED) return UNCHANGED;
  if (offset < 0 || offset + length > batch.byteLength) throw new Error('a field lies outside its batch');
  return batch.bytes.toString('latin1', offset, offset + length);
}

export function asRead(values: readonly WireValue[]): WireValue[] {
  return values.map((value) =>
    typeof value === 'string'
      ? Buffer.from(value).toString('latin1')
      : Buffer.isBuffer(value)
        ? value.toString('latin1')
        : value,
  );
}

export const columns = (count: number): wire.WireColumn[] =>
  Array.from({ length: count }, (_, i) => ({ name: `c${i}`, type: 25, key: i === 0 }));
export const table = (count: number, oid = TABLE, schema = 'public'): Buffer =>
  wire.relation({ oid, schema, name: 't', columns: columns(count) });
