import { protocolError } from './protocol-error.ts';

/**
 * Reads the parts of one pgoutput message, every read checked against its end
 * (https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html). Reused for all messages; keeps no bytes.
 */
export class MessageReader {
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  at = 0;
  kind = 0;
  /** Bytes of the message. */
  size = 0;

  /** Starts with the message in `bytes[start, end)`; the first byte is its kind. */
  open(bytes: Buffer, start: number, end: number): void {
    if (start >= end) throw protocolError('empty message');
    this.#bytes = bytes;
    this.#end = end;
    this.size = end - start;
    this.kind = bytes[start] as number;
    this.at = start + 1;
  }

  byte(): number {
    if (this.at >= this.#end) throw this.#short();
    return this.#bytes[this.at++] as number;
  }

  uint16(): number {
    const at = this.#take(2);
    return this.#bytes.readUInt16BE(at);
  }

  uint32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32BE(at);
  }

  int32(): number {
    const at = this.#take(4);
    return this.#bytes.readInt32BE(at);
  }

  uint64(): bigint {
    const at = this.#take(8);
    return this.#bytes.readBigUInt64BE(at);
  }

  int64(): bigint {
    const at = this.#take(8);
    return this.#bytes.readBigInt64BE(at);
  }

  text(): string {
    const zero = this.#bytes.indexOf(0, this.at);
    if (zero < 0 || zero >= this.#end) throw this.#short();
    const text = this.#bytes.toString('utf8', this.at, zero);
    this.at = zero + 1;
    return text;
  }

  /** A copy of the next bytes: the buffer behind them is reused. */
  copyBytes(length: number): Buffer {
    const at = this.#take(length);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  /** Bytes that follow, at most up to the message's end. */
  get left(): number {
    return this.#end - this.at;
  }

  expectEnd(): void {
    if (this.at !== this.#end) throw protocolError(`${this.#end - this.at} bytes too many`, { kind: this.kind });
  }

  #take(length: number): number {
    if (length < 0 || length > this.#end - this.at) throw this.#short();
    const at = this.at;
    this.at += length;
    return at;
  }

  #short(): Error {
    return protocolError('message ends early', { kind: this.kind, offset: this.at });
  }
}
