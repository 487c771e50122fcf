import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';

/** Numbers kept of an operation. */
const START = 0;
const DOCUMENT = 1;
const END = 2;
const ID_AT = 3;
const ID_LENGTH = 4;
const TARGET = 5;
const HASH = 6;
const STATE = 7;
const STRIDE = 8;

const DONE = 0;
const LIVE = 1;

const FIRST_BYTES = 64 * 1024;
const FIRST_COUNT = 256;

/** An operation's bytes are valid until the bulk is touched again. */
export interface OperationView {
  readonly id: string;
  /** Null: a delete. */
  readonly document: Buffer | null;
  readonly target: number;
  readonly version: bigint;
}

/**
 * The body of a bulk request as it grows, with at most one live operation a key: a later one takes the place of an earlier one. No object is made a row:
 * offsets lie in one array, a hash table finds keys.
 */
export class Bulk {
  readonly body = new GrowingBuffer(FIRST_BYTES);
  readonly #ids = new GrowingBuffer(FIRST_BYTES / 8);
  #numbers = new Int32Array(FIRST_COUNT * STRIDE);
  #versions = new BigInt64Array(FIRST_COUNT);
  /** Operation + 1, by hash; 0: free. Never more than half full. */
  #table = new Int32Array(FIRST_COUNT * 2);
  #count = 0;
  #live = 0;
  /** Position in the order of bulks, given when it is sealed. */
  sequence = 0;

  /** Operations that still have to be carried out. */
  get live(): number {
    return this.#live;
  }

  get count(): number {
    return this.#count;
  }

  clear(mostBytes: number): void {
    if (this.body.bytes.length > mostBytes) this.body.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.body.clear();
    this.#ids.clear();
    this.#table.fill(0);
    this.#count = 0;
    this.#live = 0;
  }

  /** Its lines stand in the body, from `start` to the end. A live operation of the same key is dropped. */
  add(start: number, document: number, target: number, id: GrowingBuffer, hash: number, version: bigint): void {
    const operation = this.#count;
    this.#reserve(operation + 1);
    const at = operation * STRIDE;
    const numbers = this.#numbers;
    numbers[at + START] = start;
    numbers[at + DOCUMENT] = document;
    numbers[at + END] = this.body.length;
    numbers[at + ID_AT] = this.#ids.length;
    numbers[at + ID_LENGTH] = id.length;
    numbers[at + TARGET] = target;
    numbers[at + HASH] = hash;
    numbers[at + STATE] = LIVE;
    this.#versions[operation] = version;
    this.#ids.reserve(id.length);
    id.bytes.copy(this.#ids.bytes, this.#ids.length, 0, id.length);
    this.#ids.length += id.length;
    this.#count++;
    this.#live++;
    const slot = this.#slot(target, hash, id.bytes, 0, id.length);
    const earlier = (this.#table[slot] as number) - 1;
    if (earlier >= 0) this.done(earlier);
    this.#table[slot] = operation + 1;
  }

  /** The operation of a key, carried out or not; -1: none. */
  find(target: number, hash: number, id: Buffer, from: number, length: number): number {
    return (this.#table[this.#slot(target, hash, id, from, length)] as number) - 1;
  }

  isLive(operation: number): boolean {
    return this.#numbers[operation * STRIDE + STATE] === LIVE;
  }

  /** It needs nothing more. */
  done(operation: number): void {
    if (!this.isLive(operation)) return;
    this.#numbers[operation * STRIDE + STATE] = DONE;
    this.#live--;
  }

  isDelete(operation: number): boolean {
    const at = operation * STRIDE;
    return this.#numbers[at + DOCUMENT] === this.#numbers[at + END];
  }

  view(operation: number): OperationView {
    const at = operation * STRIDE;
    const number = (offset: number): number => this.#numbers[at + offset] as number;
    return {
      id: this.#ids.bytes.toString('utf8', number(ID_AT), number(ID_AT) + number(ID_LENGTH)),
      // Without the newline.
      document: this.isDelete(operation) ? null : this.body.bytes.subarray(number(DOCUMENT), number(END) - 1),
      target: number(TARGET),
      version: this.#versions[operation] as bigint,
    };
  }

  /** Whether an operation of ours has the key of one that the other has still to carry out. */
  sharesKeyWith(other: Bulk): boolean {
    for (let operation = 0; operation < this.#count; operation++) {
      if (!this.isLive(operation)) continue;
      const at = operation * STRIDE;
      const found = other.find(
        this.#numbers[at + TARGET] as number,
        this.#numbers[at + HASH] as number,
        this.#ids.bytes,
        this.#numbers[at + ID_AT] as number,
        this.#numbers[at + ID_LENGTH] as number,
      );
      if (found >= 0 && other.isLive(found)) return true;
    }
    return false;
  }

  /** The last operation's bytes go to another bulk, which is empty. */
  moveLast(to: Bulk, hash: number, id: GrowingBuffer): void {
    const operation = this.#count - 1;
    const at = operation * STRIDE;
    const start = this.#numbers[at + START] as number;
    const end = this.#numbers[at + END] as number;
    to.body.reserve(end - start);
    this.body.bytes.copy(to.body.bytes, 0, start, end);
    to.body.length = end - start;
    const document = (this.#numbers[at + DOCUMENT] as number) - start;
    const version = this.#versions[operation] as bigint;
    to.add(0, document, this.#numbers[at + TARGET] as number, id, hash, version);
    this.done(operation);
  }

  /** What comes next: the first live operations, `most` bytes of them or a single one. `take` is told each one in the order of the lines. */
  part(most: number, take: (operation: number) => void): Buffer {
    this.#closeGaps();
    let end = 0;
    for (let operation = 0; operation < this.#count; operation++) {
      if (!this.isLive(operation)) continue;
      const next = this.#numbers[operation * STRIDE + END] as number;
      if (next > most && end > 0) break;
      end = next;
      take(operation);
    }
    return this.body.bytes.subarray(0, end);
  }

  /** Live operations move together to the front. */
  #closeGaps(): void {
    const numbers = this.#numbers;
    const { bytes } = this.body;
    let length = 0;
    for (let operation = 0; operation < this.#count; operation++) {
      if (!this.isLive(operation)) continue;
      const at = operation * STRIDE;
      const start = numbers[at + START] as number;
      const shift = start - length;
      if (shift > 0) {
        bytes.copyWithin(length, start, numbers[at + END]);
        numbers[at + START] = length;
        numbers[at + DOCUMENT] = (numbers[at + DOCUMENT] as number) - shift;
        numbers[at + END] = (numbers[at + END] as number) - shift;
      }
      length = numbers[at + END] as number;
    }
    this.body.length = length;
  }

  #slot(target: number, hash: number, id: Buffer, from: number, length: number): number {
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const operation = (this.#table[slot] as number) - 1;
      if (operation < 0 || this.#hasKey(operation, target, hash, id, from, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #hasKey(operation: number, target: number, hash: number, id: Buffer, from: number, length: number): boolean {
    const at = operation * STRIDE;
    const numbers = this.#numbers;
    if (numbers[at + HASH] !== hash || numbers[at + TARGET] !== target || numbers[at + ID_LENGTH] !== length)
      return false;
    const own = numbers[at + ID_AT] as number;
    return this.#ids.bytes.compare(id, from, from + length, own, own + length) === 0;
  }

  #reserve(count: number): void {
    if (count * STRIDE <= this.#numbers.length) return;
    const numbers = new Int32Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const versions = new BigInt64Array(this.#versions.length * 2);
    versions.set(this.#versions);
    this.#versions = versions;
    this.#table = new Int32Array(this.#table.length * 2);
    for (let operation = 0; operation < this.#count; operation++) {
      const at = operation * STRIDE;
      const idAt = numbers[at + ID_AT] as number;
      const slot = this.#slot(
        numbers[at + TARGET] as number,
        numbers[at + HASH] as number,
        this.#ids.bytes,
        idAt,
        numbers[at + ID_LENGTH] as number,
      );
      // In their order: the last one of a key stays.
      this.#table[slot] = operation + 1;
    }
  }
}

/** FNV-1a, a signed 32-bit number. */
export function hashOf(id: GrowingBuffer): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ (id.bytes[i] as number), 0x01000193);
  return hash;
}
