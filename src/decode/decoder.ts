import type { DdlCommandEvent, DdlEvent } from '../wal/ddl-event.ts';
import { EVENT, type EventBatch, type EventKind, type EventObject } from '../wal/event-batch.ts';
import { oid, xid } from '../wal/ids.ts';
import { TextNeeded } from '../errors/text-needed.ts';
import { STREAMED_BINARY_TYPES } from '../wal/binary-types.ts';
import { lsn, type Lsn } from '../wal/lsn.ts';
import type { Relation, RelationColumn } from '../wal/relation.ts';
import { BATCH_BYTES, BATCH_EVENTS, BatchPool } from './batch-pool.ts';
import { MessageReader } from './message-reader.ts';
import { protocolError } from './protocol-error.ts';
import { readTuple, tupleEnd, VALUE_BINARY, VALUE_TEXT } from './tuple.ts';

const MESSAGE = {
  begin: 0x42,
  commit: 0x43,
  origin: 0x4f,
  relation: 0x52,
  type: 0x59,
  insert: 0x49,
  update: 0x55,
  delete: 0x44,
  truncate: 0x54,
  message: 0x4d,
} as const;

const NEW = 0x4e; // N
const KEY = 0x4b; // K
const OLD = 0x4f; // O
/** Bytes of an XLogData header ('w', WAL start, WAL end, clock) before the message. */
const HEADER = 25;
/** Our own tables on the source never enter the stream's events. */
const OWN_SCHEMA = 'walcast';

export interface DecoderHooks {
  /** A full batch, or what there was at `seal()`. The receiver owns it. */
  batch(batch: EventBatch): void;
  /** A transactional logical message, and where it stands in the WAL. `content` is a copy. Null: not an event of ours. */
  message(prefix: string, content: Buffer, transaction: number, position: Lsn): DdlEvent | null;
}

/**
 * pgoutput (protocol 1) → event batches. Each message is copied once out of the socket's buffer, which the driver overwrites later, and its
 * columns are located there; no value becomes an object or a string. Not usable any more after it threw.
 */
export class Decoder {
  readonly #hooks: DecoderHooks;
  readonly #pool = new BatchPool();
  readonly #reader = new MessageReader();
  readonly #relations = new Map<number, Relation>();
  readonly #types = new Map<number, { schema: string; name: string }>();
  #batch: EventBatch | null = null;
  #transaction = 0;
  #inTransaction = false;
  // The relation of consecutive rows is nearly always the same.
  #lastOid = -1;
  #lastRelation: Relation | null = null;
  readonly #values: typeof VALUE_TEXT | typeof VALUE_BINARY;
  #rows = 0;

  /** @param binary the stream was asked for values in binary form */
  constructor(hooks: DecoderHooks, binary = false) {
    this.#hooks = hooks;
    this.#values = binary ? VALUE_BINARY : VALUE_TEXT;
  }

  /** Rows so far whose values were in binary form. */
  get binaryRows(): number {
    return this.#values === VALUE_BINARY ? this.#rows : 0;
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  get pending(): boolean {
    return this.#batch !== null && this.#batch.count > 0;
  }

  /** `chunk[start, end)` is an XLogData message with its header; it may be overwritten as soon as this returns. */
  append(chunk: Buffer, start = 0, end = chunk.length): void {
    const at = start + HEADER;
    if (end <= at) throw protocolError('replication message without content');
    const kind = chunk[at] as number;
    if (kind === MESSAGE.insert || kind === MESSAGE.update || kind === MESSAGE.delete) {
      this.#row(chunk, at, end, kind);
      return;
    }
    this.#reader.open(chunk, at, end);
    switch (kind) {
      case MESSAGE.begin:
        this.#begin(chunk, start);
        break;
      case MESSAGE.commit:
        this.#commit(chunk, start);
        break;
      case MESSAGE.relation:
        this.#relation(chunk, start);
        break;
      case MESSAGE.type:
        this.#type();
        break;
      case MESSAGE.truncate:
        this.#truncate(chunk, start);
        break;
      case MESSAGE.message:
        this.#message(chunk, start);
        break;
      case MESSAGE.origin:
        break;
      default:
        throw protocolError(`unknown message kind ${kind}`, { kind });
    }
  }

  /** A keepalive: everything up to `position` was sent. Between transactions only; inside one it says nothing. */
  idle(position: Lsn): void {
    if (!this.#inTransaction) this.#object(EVENT.idle, { position }, null, 0);
  }

  /** Hands out what there is. */
  seal(): void {
    const batch = this.#batch;
    if (batch === null || batch.count === 0) return;
    this.#batch = null;
    this.#hooks.batch(batch);
  }

  #row(chunk: Buffer, from: number, to: number, kind: number): void {
    if (!this.#inTransaction) throw protocolError('row outside a transaction', { kind });
    if (to < from + 6) throw protocolError('message ends early', { kind });
    const relationOid = chunk.readUInt32BE(from + 1);
    if (relationOid !== this.#lastOid) {
      this.#lastRelation = this.#relations.get(relationOid) ?? null;
      this.#lastOid = relationOid;
    }
    const relation = this.#lastRelation;
    if (relation === null) throw protocolError(`row of relation ${relationOid}, which was not announced`, { kind });
    if (relation.schema === OWN_SCHEMA) return;

    const columns = relation.columns.length;
    const size = to - from;
    const batch = this.#room(size, columns * 2);
    const start = batch.byteLength;
    const end = start + size;
    chunk.copy(batch.bytes, start, from, to);

    const i = batch.count;
    let at = start + 5;
    let into = batch.fieldsUsed;
    let marker = batch.bytes[at] as number;
    batch.oldAt[i] = -1;
    batch.newAt[i] = -1;
    batch.oldIsFull[i] = 0;
    if (kind !== MESSAGE.insert && (marker === KEY || marker === OLD)) {
      readTuple(batch.bytes, at + 1, end, batch.fields, into, columns, kind, this.#values);
      batch.oldAt[i] = into;
      batch.oldIsFull[i] = marker === OLD ? 1 : 0;
      into += columns * 2;
      at = tupleEnd;
      marker = at < end ? (batch.bytes[at] as number) : 0;
    }
    if (kind !== MESSAGE.delete) {
      if (marker !== NEW) throw protocolError(`row marker ${marker} instead of N`, { kind });
      readTuple(batch.bytes, at + 1, end, batch.fields, into, columns, kind, this.#values);
      batch.newAt[i] = into;
      into += columns * 2;
      at = tupleEnd;
    } else if (batch.oldAt[i] === -1) {
      throw protocolError('delete without its key', { kind });
    }
    if (at !== end) throw protocolError(`${end - at} bytes too many`, { kind });

    batch.kinds[i] = kind === MESSAGE.insert ? EVENT.insert : kind === MESSAGE.update ? EVENT.update : EVENT.delete;
    batch.refs[i] = relationOid;
    batch.lsnHigh[i] = chunk.readUInt32BE(from - HEADER + 1);
    batch.lsnLow[i] = chunk.readUInt32BE(from - HEADER + 5);
    batch.byteLength = end;
    batch.fieldsUsed = into;
    batch.count = i + 1;
    this.#rows++;
    if (batch.count === batch.kinds.length) this.seal();
  }

  #begin(chunk: Buffer, start: number): void {
    if (this.#inTransaction) throw protocolError('begin inside a transaction', { kind: MESSAGE.begin });
    const reader = this.#reader;
    const event = { commitLsn: lsn(reader.uint64()), commitTime: reader.int64(), xid: xid(reader.uint32()) };
    reader.expectEnd();
    this.#inTransaction = true;
    this.#transaction = event.xid;
    this.#object(EVENT.begin, event, chunk, start);
  }

  #commit(chunk: Buffer, start: number): void {
    if (!this.#inTransaction) throw protocolError('commit outside a transaction', { kind: MESSAGE.commit });
    const reader = this.#reader;
    reader.byte();
    const event = { commitLsn: lsn(reader.uint64()), endLsn: lsn(reader.uint64()), commitTime: reader.int64() };
    reader.expectEnd();
    if (event.endLsn <= event.commitLsn) throw protocolError('commit ends before it begins', { kind: MESSAGE.commit });
    this.#inTransaction = false;
    this.#object(EVENT.commit, event, chunk, start);
  }

  #relation(chunk: Buffer, start: number): void {
    const reader = this.#reader;
    const id = reader.uint32();
    const schema = reader.text() || 'pg_catalog';
    const name = reader.text();
    const replicaIdentity = String.fromCharCode(reader.byte());
    if (!isReplicaIdentity(replicaIdentity))
      throw protocolError(`unknown replica identity of ${schema}.${name}`, { kind: MESSAGE.relation });
    const count = reader.uint16();
    const columns: RelationColumn[] = [];
    for (let i = 0; i < count; i++) {
      const key = (reader.byte() & 1) === 1;
      const column = { name: reader.text(), typeOid: oid(reader.uint32()), typmod: reader.int32(), key };
      const typeName = this.#types.get(column.typeOid);
      columns.push(typeName === undefined ? column : { ...column, typeName });
    }
    reader.expectEnd();
    const binary = this.#values === VALUE_BINARY;
    if (binary && schema !== OWN_SCHEMA) refuseOtherTypes(schema, name, columns);
    const relation: Relation = { oid: oid(id), schema, name, replicaIdentity, columns, ...(binary ? { binary } : {}) };
    this.#relations.set(id, relation);
    this.#lastOid = -1;
    if (schema !== OWN_SCHEMA) this.#object(EVENT.relation, relation, chunk, start);
  }

  #type(): void {
    const reader = this.#reader;
    const id = reader.uint32();
    this.#types.set(id, { schema: reader.text() || 'pg_catalog', name: reader.text() });
    reader.expectEnd();
  }

  #truncate(chunk: Buffer, start: number): void {
    if (!this.#inTransaction) throw protocolError('truncate outside a transaction', { kind: MESSAGE.truncate });
    const reader = this.#reader;
    const count = reader.uint32();
    const flags = reader.byte();
    if (count * 4 !== reader.left)
      throw protocolError(`truncate of ${count} relations in ${reader.left} bytes`, { kind: MESSAGE.truncate });
    const relations: Relation[] = [];
    for (let i = 0; i < count; i++) {
      const id = reader.uint32();
      const relation = this.#relations.get(id);
      if (relation === undefined)
        throw protocolError(`truncate of relation ${id}, which was not announced`, { kind: MESSAGE.truncate });
      if (relation.schema !== OWN_SCHEMA) relations.push(relation);
    }
    if (relations.length === 0) return;
    this.#object(
      EVENT.truncate,
      { relations, cascade: (flags & 1) === 1, restartIdentity: (flags & 2) === 2 },
      chunk,
      start,
    );
  }

  #message(chunk: Buffer, start: number): void {
    const reader = this.#reader;
    const transactional = (reader.byte() & 1) === 1;
    const position = lsn(reader.uint64());
    const prefix = reader.text();
    const length = reader.uint32();
    const content = reader.copyBytes(length);
    reader.expectEnd();
    if (!transactional || !this.#inTransaction) return;
    const event = this.#hooks.message(prefix, content, this.#transaction, position);
    if (event !== null && event.kind !== 'rows') this.#forgetDropped(event);
    if (event !== null) this.#object(EVENT.ddl, event, chunk, start);
  }

  /** A source that makes and drops tables all day must not fill our memory with them. */
  #forgetDropped({ details }: DdlCommandEvent): void {
    for (const { class: catalog, oid: id, sub } of details?.dropped ?? []) {
      if (catalog === 'pg_class' && sub === undefined) this.#relations.delete(id);
    }
    this.#lastOid = -1;
  }

  #object(kind: EventKind, object: EventObject, chunk: Buffer | null, start: number): void {
    const batch = this.#room(0, 0);
    const i = batch.count;
    batch.kinds[i] = kind;
    batch.refs[i] = batch.objects.push(object) - 1;
    batch.oldAt[i] = -1;
    batch.newAt[i] = -1;
    batch.lsnHigh[i] = chunk === null ? 0 : chunk.readUInt32BE(start + 1);
    batch.lsnLow[i] = chunk === null ? 0 : chunk.readUInt32BE(start + 5);
    batch.objectBytes += chunk === null ? 0 : this.#reader.size;
    batch.count = i + 1;
    if (batch.count === BATCH_EVENTS || batch.objectBytes >= BATCH_BYTES) this.seal();
  }

  #room(bytes: number, fields: number): EventBatch {
    let batch = this.#batch;
    if (
      batch !== null &&
      (batch.byteLength + bytes > batch.bytes.length ||
        batch.fieldsUsed + fields * 2 > batch.fields.length ||
        batch.count === batch.kinds.length)
    ) {
      this.seal();
      batch = null;
    }
    if (batch === null) {
      batch = this.#pool.take(bytes, fields);
      this.#batch = batch;
    }
    return batch;
  }
}

/** Nothing of its rows has come: the stream starts over as text. */
function refuseOtherTypes(schema: string, name: string, columns: readonly RelationColumn[]): void {
  const other = columns.find(({ typeOid }) => !STREAMED_BINARY_TYPES.has(typeOid));
  if (other !== undefined)
    throw new TextNeeded(`column ${other.name} of ${schema}.${name} has a type that goes as text`);
}

function isReplicaIdentity(text: string): text is Relation['replicaIdentity'] {
  return text === 'd' || text === 'n' || text === 'f' || text === 'i';
}
