import { createHash } from 'node:crypto';
import { WalcastError } from '../../errors/walcast-error.ts';
import { FIELD_NULL } from '../../wal/event-batch.ts';
import { GrowingBuffer } from '../../postgres/growing-buffer.ts';

/** What OpenSearch allows. */
export const IDENTITY_BYTES = 512;

const BACKSLASH = 0x5c;
const SEPARATOR = 0x7c; // |
const HASHED = 0x23; // #
const E = 0x65;
const N = 0x6e;
const CAPACITY = 1024;
const KEPT_BYTES = 64 * 1024;

/**
 * The id of a row's document, another one for every other key: the values of its key columns, joined by `|`; a backslash before `|`, before a
 * backslash and before a `#` that begins the id makes them part of a value; `\e` is a key of one empty value, `\n` a value that is null.
 * What gets longer than 512 bytes is `#` and its SHA-256 in hex.
 */
export class IdentityCodec {
  readonly #columns: readonly number[];
  readonly #prefix: Buffer;
  #id = new GrowingBuffer(CAPACITY);

  /** @param columns positions of the key columns in a row, in the order of the key · @param prefix told before, where tables share an index */
  constructor(columns: readonly number[], prefix?: string) {
    this.#columns = columns;
    this.#prefix = Buffer.from(prefix ?? '');
  }

  /** Appends the id, UTF-8, without JSON's escapes. */
  write(bytes: Buffer, fields: Int32Array, at: number, out: GrowingBuffer): void {
    const id = this.#id;
    id.clear();
    if (this.#prefix.length > 0) this.#value(this.#prefix, 0, this.#prefix.length);
    for (const column of this.#columns) {
      if (id.length > 0 || column !== this.#columns[0]) id.byte(SEPARATOR);
      const field = at + column * 2;
      const length = fields[field + 1] as number;
      if (length === FIELD_NULL) {
        id.byte(BACKSLASH);
        id.byte(N);
      } else if (length < 0) {
        throw new WalcastError('E_INTERNAL', 'unchanged value in the key of a document');
      } else this.#value(bytes, fields[field] as number, length);
    }
    if (id.length === 0) {
      id.byte(BACKSLASH);
      id.byte(E);
    }
    if (id.length > IDENTITY_BYTES) {
      out.text(`#${createHash('sha256').update(id.bytes.subarray(0, id.length)).digest('hex')}`);
      if (id.bytes.length > KEPT_BYTES) this.#id = new GrowingBuffer(CAPACITY);
      return;
    }
    out.reserve(id.length);
    out.length += id.bytes.copy(out.bytes, out.length, 0, id.length);
  }

  /** For messages and for whoever asks for one document. */
  text(bytes: Buffer, fields: Int32Array, at: number): string {
    const out = new GrowingBuffer(IDENTITY_BYTES);
    this.write(bytes, fields, at, out);
    return out.bytes.toString('utf8', 0, out.length);
  }

  #value(bytes: Buffer, from: number, length: number): void {
    const id = this.#id;
    id.reserve(length * 2);
    const to = id.bytes;
    let at = id.length;
    for (let i = from, end = from + length; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte === BACKSLASH || byte === SEPARATOR || (byte === HASHED && at === 0)) to[at++] = BACKSLASH;
      to[at++] = byte;
    }
    id.length = at;
  }
}
