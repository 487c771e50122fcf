const COPY_DATA = 0x64; // d
const HEADER = 5;

export interface CopyFramerHooks {
  /** `bytes[start, end)` is the content of a CopyData message, valid during the call only. */
  data(bytes: Buffer, start: number, end: number): void;
  /** Any other message, whole, with its header: for the driver's own parser. */
  other(message: Buffer): void;
}

/**
 * Cuts the server's bytes into messages, CopyData for us and the rest for the driver. A message that comes in pieces gets a buffer of exactly
 * its size: the driver's parser would double its own until it fits and keep it.
 */
export class CopyFramer {
  readonly #hooks: CopyFramerHooks;
  readonly #header = Buffer.alloc(HEADER);
  #headerLength = 0;
  #partial: Buffer | null = null;
  #filled = 0;

  constructor(hooks: CopyFramerHooks) {
    this.#hooks = hooks;
  }

  feed(chunk: Buffer): void {
    let at = this.#partial === null && this.#headerLength === 0 ? 0 : this.#continue(chunk);
    while (at >= 0 && chunk.length - at >= HEADER) {
      const end = at + 1 + messageLength(chunk, at);
      if (end > chunk.length) break;
      this.#deliver(chunk, at, end);
      at = end;
    }
    if (at >= 0 && at < chunk.length) this.#begin(chunk, at);
  }

  /** Completes the message that the last chunk left open. @returns where the next one begins; −1: still open */
  #continue(chunk: Buffer): number {
    let at = 0;
    if (this.#partial === null) {
      at = chunk.copy(this.#header, this.#headerLength, 0, HEADER - this.#headerLength);
      this.#headerLength += at;
      if (this.#headerLength < HEADER) return -1;
      this.#open();
    }
    const partial = this.#partial;
    if (partial === null) return at;
    const taken = chunk.copy(partial, this.#filled, at);
    this.#filled += taken;
    if (this.#filled < partial.length) return -1;
    this.#partial = null;
    this.#deliver(partial, 0, partial.length);
    return at + taken;
  }

  #begin(chunk: Buffer, at: number): void {
    this.#headerLength = chunk.copy(this.#header, 0, at, Math.min(chunk.length, at + HEADER));
    if (this.#headerLength < HEADER) return;
    this.#open();
    if (this.#partial !== null) this.#filled += chunk.copy(this.#partial, HEADER, at + HEADER);
  }

  #open(): void {
    this.#headerLength = 0;
    const partial = Buffer.allocUnsafeSlow(1 + messageLength(this.#header, 0));
    this.#header.copy(partial);
    this.#filled = HEADER;
    this.#partial = partial;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === COPY_DATA) this.#hooks.data(bytes, start + HEADER, end);
    else this.#hooks.other(Buffer.from(bytes.subarray(start, end)));
  }
}

/** The length that a message states, itself included and its kind not. */
function messageLength(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at + 1);
  if (length < 4) throw new RangeError(`a message of the server states the length ${length}`);
  return length;
}
