const HEADER = 5;
const COPY_DATA = 0x64; // d
const NOTICE = 0x4e; // N
const PARAMETER = 0x53; // S
const NOTIFICATION = 0x41; // A

/** What else than rows comes, is small: command tags, errors. */
const MESSAGE_LIMIT = 1024 * 1024;

export interface CopyOutHandlers {
  /** CopyData messages as they came, headers included, cut anywhere. At most once a chunk. */
  data(bytes: Buffer): void;
  /** Any other message without its header; notices and settings, which may come at any time, are left out. */
  message(kind: number, content: Buffer): void;
}

/** Finds the end of a COPY in the server's bytes by the headers alone: rows are neither copied nor gathered, however long. */
export class CopyOutFramer {
  readonly #handlers: CopyOutHandlers;
  readonly #header = Buffer.alloc(HEADER);
  #headerLength = 0;
  #kind = 0;
  /** Bytes of the message at hand that are still to come. */
  #left = 0;
  /** The content of a message that is gathered; null: it is passed on, or dropped. */
  #content: Buffer | null = null;
  /** Runs of CopyData in the chunk at hand; more than one only if something stood between. */
  #runs: Buffer[] = [];

  constructor(handlers: CopyOutHandlers) {
    this.#handlers = handlers;
  }

  feed(chunk: Buffer): void {
    const { length } = chunk;
    let at = this.#continue(chunk);
    while (at < length) {
      const start = at;
      // Row after row, as long as whole headers are there.
      while (length - at >= HEADER && chunk[at] === COPY_DATA) at += 1 + statedLength(chunk, at);
      if (at > start) this.#runs.push(chunk.subarray(start, Math.min(at, length)));
      if (at > length) {
        this.#kind = COPY_DATA;
        this.#left = at - length;
      } else at = this.#begin(chunk, at);
    }
    this.#flush();
  }

  /** The rest of a message that the last chunk has left open. */
  #continue(chunk: Buffer): number {
    return this.#headerLength > 0 ? this.#begin(chunk, 0) : this.#take(chunk, 0);
  }

  /** A header, perhaps in pieces, and what there is of its message. */
  #begin(chunk: Buffer, start: number): number {
    const taken = chunk.copy(this.#header, this.#headerLength, start, start + HEADER - this.#headerLength);
    const at = start + taken;
    this.#headerLength += taken;
    if (this.#header[0] === COPY_DATA && taken > 0) this.#runs.push(chunk.subarray(start, at));
    if (this.#headerLength < HEADER) return at;
    this.#headerLength = 0;
    this.#kind = this.#header[0] as number;
    this.#left = statedLength(this.#header, 0) - 4;
    const dropped = this.#kind === NOTICE || this.#kind === PARAMETER || this.#kind === NOTIFICATION;
    if (this.#kind !== COPY_DATA && !dropped) {
      if (this.#left > MESSAGE_LIMIT) throw new RangeError(`a message of ${this.#left} bytes of kind ${this.#kind}`);
      this.#content = Buffer.alloc(this.#left);
    }
    return this.#take(chunk, at);
  }

  #take(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#left);
    this.#left -= end - start;
    const content = this.#content;
    if (content !== null) {
      chunk.copy(content, content.length - this.#left - (end - start), start, end);
      if (this.#left > 0) return end;
      this.#content = null;
      this.#flush();
      this.#handlers.message(this.#kind, content);
    } else if (this.#kind === COPY_DATA && end > start) this.#runs.push(chunk.subarray(start, end));
    return end;
  }

  #flush(): void {
    const runs = this.#runs;
    if (runs.length === 0) return;
    this.#runs = [];
    this.#handlers.data(joined(runs));
  }
}

/** Neighbours in one chunk become one slice again. */
function joined(runs: readonly Buffer[]): Buffer {
  const [first] = runs;
  const last = runs.at(-1);
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  if (runs.length === 1) return first;
  const length = runs.reduce((sum, run) => sum + run.length, 0);
  const span = last.byteOffset + last.length - first.byteOffset;
  if (first.buffer === last.buffer && span === length) return Buffer.from(first.buffer, first.byteOffset, length);
  return Buffer.concat(runs);
}

/** The length that a message states, itself included and its kind not. */
function statedLength(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at + 1);
  if (length < 4) throw new RangeError(`a message of the server states the length ${length}`);
  return length;
}
