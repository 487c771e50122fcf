import { WalcastError } from '../errors/walcast-error.ts';

/** Kinds of backend messages that a session can see (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export const BACKEND = {
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  emptyQuery: 0x49,
  rowDescription: 0x54,
  readyForQuery: 0x5a,
  copyInResponse: 0x47,
} as const;

export type MessageHandler = (kind: number, bytes: Buffer, start: number, end: number) => void;

/** PostgreSQL sends nothing larger than it can allocate (PQ_LARGE_MESSAGE_LIMIT). */
const MESSAGE_LIMIT = 0x3fffffff;

/** Cuts the server's bytes into messages. Bytes are valid only during the call of the handler. */
export class BackendFramer {
  readonly #handle: MessageHandler;
  /** The beginning of a message whose end has not come; its room is at least that of the whole message, once its length is known. */
  #tail: Buffer | null = null;
  #tailLength = 0;

  constructor(handle: MessageHandler) {
    this.#handle = handle;
  }

  feed(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#tail !== null) {
      bytes = this.#append(this.#tail, chunk);
      if (bytes.length >= 5 && bytes.length < messageEnd(bytes, 0)) return;
      this.#tail = null;
    }
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = messageEnd(bytes, at);
      if (end > bytes.length) break;
      this.#handle(bytes[at] as number, bytes, at + 5, end);
      at = end;
    }
    if (at < bytes.length) this.#keep(bytes, at);
  }

  #keep(bytes: Buffer, at: number): void {
    this.#tailLength = bytes.length - at;
    const whole = this.#tailLength >= 5 ? messageEnd(bytes, at) - at : 5;
    this.#tail = Buffer.allocUnsafe(whole);
    bytes.copy(this.#tail, 0, at);
  }

  /** Each byte of a long message is copied once, however many pieces it comes in. */
  #append(tail: Buffer, chunk: Buffer): Buffer {
    const length = this.#tailLength + chunk.length;
    let bytes = tail;
    if (length > tail.length) {
      const known = this.#tailLength >= 5;
      bytes = Buffer.allocUnsafe(known ? length : Math.max(length, 5));
      tail.copy(bytes, 0, 0, this.#tailLength);
    }
    chunk.copy(bytes, this.#tailLength);
    this.#tailLength = length;
    const filled = bytes.subarray(0, length);
    if (length >= 5 && length < messageEnd(filled, 0) && bytes.length < messageEnd(filled, 0)) this.#keep(filled, 0);
    else this.#tail = bytes;
    return filled;
  }
}

function messageEnd(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at + 1);
  if (length < 4 || length > MESSAGE_LIMIT)
    throw new WalcastError(
      'E_TARGET_CONNECTION',
      `the server sent a message of ${length} bytes: not PostgreSQL's protocol`,
    );
  return at + 1 + length;
}

export function readErrorFields(bytes: Buffer, start: number, end: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let at = start;
  while (at < end && bytes[at] !== 0) {
    const zero = bytes.indexOf(0, at + 1);
    const stop = zero < 0 || zero > end ? end : zero;
    fields.set(String.fromCharCode(bytes[at] as number), bytes.toString('utf8', at + 1, stop));
    at = stop + 1;
  }
  return fields;
}

export function readColumnNames(bytes: Buffer, start: number): string[] {
  const names: string[] = [];
  let at = start + 2;
  for (let left = bytes.readUInt16BE(start); left > 0; left--) {
    const zero = bytes.indexOf(0, at);
    if (zero < 0) throw new WalcastError('E_TARGET_CONNECTION', 'the server sent a column without a name');
    names.push(bytes.toString('utf8', at, zero));
    at = zero + 19;
  }
  return names;
}

export function readDataRow(bytes: Buffer, start: number, names: readonly string[]): Record<string, string | null> {
  const row: Record<string, string | null> = {};
  let at = start + 2;
  for (const name of names) {
    const length = bytes.readInt32BE(at);
    at += 4;
    row[name] = length < 0 ? null : bytes.toString('utf8', at, at + length);
    if (length > 0) at += length;
  }
  return row;
}

/** The count at the end of a command tag such as `UPDATE 1` or `INSERT 0 1`; 0 where there is none. */
export function readTagCount(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let factor = 1;
  let at = end - 2; // before the closing zero byte
  for (; at >= start; at--) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    count += digit * factor;
    factor *= 10;
  }
  return bytes[at] === 0x20 ? count : 0;
}
