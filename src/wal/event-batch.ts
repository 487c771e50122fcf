import type { DdlEvent } from './ddl-event.ts';
import type { Lsn } from './lsn.ts';
import type { Oid, Xid } from './ids.ts';
import type { Relation } from './relation.ts';

/** Event kinds, numbered so that a batch keeps them in one byte each. */
export const EVENT = {
  begin: 1,
  commit: 2,
  relation: 3,
  insert: 4,
  update: 5,
  delete: 6,
  truncate: 7,
  ddl: 8,
  /** Nothing of ours lies before this position that was not delivered: see {@link IdleEvent}. */
  idle: 9,
} as const;

export type EventKind = (typeof EVENT)[keyof typeof EVENT];

/** Markers in the place of a field's length. */
export const FIELD_NULL = -1;
/** An unchanged TOAST value: the row keeps what it has. */
export const FIELD_UNCHANGED = -2;

export interface BeginEvent {
  readonly xid: Xid;
  /** Start of the commit record. A target whose checkpoint lies beyond it has this transaction already. */
  readonly commitLsn: Lsn;
  /** µs since 2000-01-01 UTC, PostgreSQL's own epoch */
  readonly commitTime: bigint;
}

export interface CommitEvent {
  readonly commitLsn: Lsn;
  /** End of the commit record: the position that a checkpoint and an acknowledgement carry. */
  readonly endLsn: Lsn;
  readonly commitTime: bigint;
}

export interface TruncateEvent {
  readonly relations: readonly Relation[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** From a keepalive: the server has sent everything up to here. */
export interface IdleEvent {
  readonly position: Lsn;
}

/** Rare events are objects; a row is numbers only. */
export type EventObject = BeginEvent | CommitEvent | Relation | TruncateEvent | DdlEvent | IdleEvent;

/**
 * A run of events in stream order. Rows are not objects: the values of row `i` are `fieldCount` pairs (offset, length) in `fields` from
 * `newAt[i]` (and `oldAt[i]`, the old key or image, −1 if none), pointing into `bytes`. Filled by the decoder, read by every target, never
 * changed after it was sealed; shared under a reference count and reused when the last holder releases it.
 */
export class EventBatch {
  bytes: Buffer;
  byteLength = 0;
  count = 0;
  fieldsUsed = 0;
  kinds: Uint8Array;
  /** Row events: oid of the relation, which a relation event announced before. Other events: index into `objects`. */
  refs: Uint32Array;
  oldAt: Int32Array;
  newAt: Int32Array;
  /** Update and delete: 1 = the old tuple is the whole row (FULL), 0 = only its key columns are filled. */
  oldIsFull: Uint8Array;
  /** WAL start of each message, for error messages only: it orders nothing. */
  lsnHigh: Uint32Array;
  lsnLow: Uint32Array;
  fields: Int32Array;
  readonly objects: EventObject[] = [];
  /** What the messages behind `objects` took on the wire: a schema change can be large. */
  objectBytes = 0;
  #holders = 1;
  readonly #recycle: ((batch: EventBatch) => void) | undefined;

  constructor(
    byteCapacity: number,
    eventCapacity: number,
    fieldCapacity: number,
    recycle?: (batch: EventBatch) => void,
  ) {
    this.bytes = Buffer.allocUnsafeSlow(byteCapacity);
    this.kinds = new Uint8Array(eventCapacity);
    this.refs = new Uint32Array(eventCapacity);
    this.oldAt = new Int32Array(eventCapacity);
    this.newAt = new Int32Array(eventCapacity);
    this.oldIsFull = new Uint8Array(eventCapacity);
    this.lsnHigh = new Uint32Array(eventCapacity);
    this.lsnLow = new Uint32Array(eventCapacity);
    this.fields = new Int32Array(fieldCapacity * 2);
    this.#recycle = recycle;
  }

  kind(i: number): EventKind {
    return this.kinds[i] as EventKind;
  }

  relationOid(i: number): Oid {
    return this.refs[i] as Oid;
  }

  object<T extends EventObject>(i: number): T {
    return this.objects[this.refs[i] as number] as T;
  }

  lsn(i: number): Lsn {
    return ((BigInt(this.lsnHigh[i] as number) << 32n) | BigInt(this.lsnLow[i] as number)) as Lsn;
  }

  /** Text of one field; for messages and keys, not for the hot path. */
  text(at: number, column: number): string | null | undefined {
    const length = this.fields[at + column * 2 + 1] as number;
    if (length === FIELD_NULL) return null;
    if (length === FIELD_UNCHANGED) return undefined;
    const offset = this.fields[at + column * 2] as number;
    return this.bytes.toString('utf8', offset, offset + length);
  }

  /** Memory that this batch takes, full or not. */
  get footprint(): number {
    return this.bytes.length + this.fields.byteLength + this.kinds.length * 22 + this.objectBytes;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  /** The last release gives the batch back to its pool; nobody may read it afterwards. */
  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#recycle?.(this);
    if (this.#holders < 0) throw new Error('event batch released twice');
  }

  reset(): void {
    this.byteLength = 0;
    this.count = 0;
    this.fieldsUsed = 0;
    this.objects.length = 0;
    this.objectBytes = 0;
    this.#holders = 1;
  }
}
