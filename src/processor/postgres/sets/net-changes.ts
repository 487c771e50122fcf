import type { EventBatch } from '../../../wal/event-batch.ts';

/** What is left to do for one key at the end of a slice. */
export const NET = {
  /** Nothing: inserted and deleted again. */
  none: 0,
  insert: 1,
  update: 2,
  delete: 3,
  /** Deleted, then inserted anew. */
  replace: 4,
} as const;

export type NetKind = (typeof NET)[keyof typeof NET];

const INITIAL = 256;
/** What `update` answers where no entry is meant. */
export const TAKEN = -1;
export const IN_ORDER = -2;

/**
 * The net change of each key of one relation, in the order in which the keys came. Numbers only: an entry points at the events that hold its
 * key and its new values. `add…` return false where the order of events matters: then what was collected has to be written first.
 */
export class NetChanges {
  readonly #keyColumns: Int32Array;
  #kinds = new Uint8Array(INITIAL);
  #variants = new Uint8Array(INITIAL);
  /** Batch (index into `batches`) and event of the tuple with the new values. */
  #newBatch = new Int32Array(INITIAL);
  #newEvent = new Int32Array(INITIAL);
  /** Batch and event of the delete, whose old tuple has the key. */
  #oldBatch = new Int32Array(INITIAL);
  #oldEvent = new Int32Array(INITIAL);
  #hashes = new Int32Array(INITIAL);
  /** Open addressing: entry + 1, 0 = free. */
  #table = new Int32Array(INITIAL * 2);
  #size = 0;

  /** @param keyColumns positions of the key's columns in the relation */
  constructor(keyColumns: Int32Array) {
    this.#keyColumns = keyColumns;
  }

  get size(): number {
    return this.#size;
  }

  get capacity(): number {
    return this.#kinds.length;
  }

  /** Of an update: which statement it takes. */
  variant(entry: number): number {
    return this.#variants[entry] as number;
  }

  kind(entry: number): NetKind {
    return this.#kinds[entry] as NetKind;
  }

  newBatch(entry: number): number {
    return this.#newBatch[entry] as number;
  }

  newEvent(entry: number): number {
    return this.#newEvent[entry] as number;
  }

  oldBatch(entry: number): number {
    return this.#oldBatch[entry] as number;
  }

  oldEvent(entry: number): number {
    return this.#oldEvent[entry] as number;
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#table.fill(0);
    this.#size = 0;
  }

  insert(batches: readonly EventBatch[], batch: number, event: number): boolean {
    const at = (batches[batch] as EventBatch).newAt[event] as number;
    const entry = this.#find(batches, batch, at);
    if (entry < 0) return this.#add(NET.insert, batch, event, -1, -1, -entry - 1);
    const kind = this.#kinds[entry];
    if (kind === NET.delete) this.#kinds[entry] = NET.replace;
    else if (kind === NET.none) this.#kinds[entry] = NET.insert;
    else return false; // the key is there: let the server say so
    this.#setNew(entry, batch, event);
    return true;
  }

  /**
   * An update that changes no key. `variant`: which columns it leaves alone, 0 none. TAKEN, IN_ORDER, or the entry whose values it has to be merged with
   * first.
   */
  update(batches: readonly EventBatch[], batch: number, event: number, variant: number): number {
    const at = (batches[batch] as EventBatch).newAt[event] as number;
    const entry = this.#find(batches, batch, at);
    if (entry < 0) {
      this.#add(NET.update, batch, event, -1, -1, -entry - 1);
      this.#variants[this.#size - 1] = variant;
      return TAKEN;
    }
    const kind = this.#kinds[entry];
    if (kind === NET.delete || kind === NET.none) return IN_ORDER;
    if (variant !== 0) return entry;
    this.merged(entry, batch, event, 0);
    return TAKEN;
  }

  /** The entry has new values. */
  merged(entry: number, batch: number, event: number, variant: number): void {
    this.#setNew(entry, batch, event);
    this.#variants[entry] = variant;
  }

  delete(batches: readonly EventBatch[], batch: number, event: number): boolean {
    const at = (batches[batch] as EventBatch).oldAt[event] as number;
    const entry = this.#find(batches, batch, at);
    if (entry < 0) return this.#add(NET.delete, -1, -1, batch, event, -entry - 1);
    switch (this.#kinds[entry]) {
      case NET.insert:
        this.#kinds[entry] = NET.none;
        return true;
      case NET.update:
        this.#oldBatch[entry] = batch;
        this.#oldEvent[entry] = event;
        this.#kinds[entry] = NET.delete;
        return true;
      case NET.replace:
        this.#kinds[entry] = NET.delete;
        return true;
      default:
        return false;
    }
  }

  #setNew(entry: number, batch: number, event: number): void {
    this.#newBatch[entry] = batch;
    this.#newEvent[entry] = event;
  }

  #add(kind: NetKind, newBatch: number, newEvent: number, oldBatch: number, oldEvent: number, slot: number): boolean {
    if (this.#size === this.#kinds.length) this.#grow();
    const entry = this.#size++;
    this.#kinds[entry] = kind;
    this.#variants[entry] = 0;
    this.#newBatch[entry] = newBatch;
    this.#newEvent[entry] = newEvent;
    this.#oldBatch[entry] = oldBatch;
    this.#oldEvent[entry] = oldEvent;
    this.#hashes[entry] = this.#lastHash;
    if (this.#table.length < this.#size * 2) this.#rehash();
    else this.#table[slot] = entry + 1;
    return true;
  }

  #lastHash = 0;

  /** The entry with the key of that tuple, or −(free slot) − 1. */
  #find(batches: readonly EventBatch[], batch: number, at: number): number {
    const { bytes, fields } = batches[batch] as EventBatch;
    let hash = 0;
    for (let k = 0; k < this.#keyColumns.length; k++) {
      const field = at + (this.#keyColumns[k] as number) * 2;
      const start = fields[field] as number;
      const end = start + (fields[field + 1] as number);
      for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
      hash = (Math.imul(hash, 31) + 0x7f) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 0;
    this.#lastHash = hash;
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = this.#table[slot] as number;
      if (found === 0) return -slot - 1;
      if (this.#hashes[found - 1] === hash && this.#sameKey(batches, found - 1, batch, at)) return found - 1;
    }
  }

  #sameKey(batches: readonly EventBatch[], entry: number, batch: number, at: number): boolean {
    const byNew = (this.#newBatch[entry] as number) >= 0;
    const other = batches[(byNew ? this.#newBatch[entry] : this.#oldBatch[entry]) as number] as EventBatch;
    const otherAt = (
      byNew ? other.newAt[this.#newEvent[entry] as number] : other.oldAt[this.#oldEvent[entry] as number]
    ) as number;
    const own = batches[batch] as EventBatch;
    for (let k = 0; k < this.#keyColumns.length; k++) {
      const column = (this.#keyColumns[k] as number) * 2;
      const length = own.fields[at + column + 1] as number;
      if (length !== other.fields[otherAt + column + 1]) return false;
      const a = own.fields[at + column] as number;
      const b = other.fields[otherAt + column] as number;
      for (let i = 0; i < length; i++) if (own.bytes[a + i] !== other.bytes[b + i]) return false;
    }
    return true;
  }

  #grow(): void {
    const size = this.#kinds.length * 2;
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const next = new Int32Array(size);
      next.set(old);
      return next;
    };
    const widerBytes = (old: Uint8Array): Uint8Array<ArrayBuffer> => {
      const next = new Uint8Array(size);
      next.set(old);
      return next;
    };
    this.#kinds = widerBytes(this.#kinds);
    this.#variants = widerBytes(this.#variants);
    this.#newBatch = wider(this.#newBatch);
    this.#newEvent = wider(this.#newEvent);
    this.#oldBatch = wider(this.#oldBatch);
    this.#oldEvent = wider(this.#oldEvent);
    this.#hashes = wider(this.#hashes);
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = (this.#hashes[entry] as number) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = entry + 1;
    }
  }
}
