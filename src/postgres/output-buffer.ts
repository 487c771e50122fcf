import type { Socket } from 'node:net';

const CAPACITY = 256 * 1024;
/** What fits in this is copied out, so that the large buffer stays; above, buffers change places. */
const SMALL = 32 * 1024;
/** Values from this size on go to the socket as they lie, without a copy. */
export const DIRECT_BYTES = 64 * 1024;
const SPARE_LIMIT = 4;

/** Collects frontend messages and hands them to the socket in large pieces. */
export class OutputBuffer {
  readonly #socket: Socket;
  readonly #spare: Buffer[] = [];
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #used = 0;
  #flushDue = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes taken that the operating system has not. */
  get unsent(): number {
    return this.#used + this.#socket.writableLength;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#used++] = value >>> 8;
    this.#bytes[this.#used++] = value;
  }

  int32(value: number): void {
    this.#reserve(4);
    const bytes = this.#bytes;
    bytes[this.#used++] = value >>> 24;
    bytes[this.#used++] = value >>> 16;
    bytes[this.#used++] = value >>> 8;
    bytes[this.#used++] = value;
  }

  /** `source` must stay as it is until the server has answered when the slice is `DIRECT_BYTES` or more. */
  slice(source: Buffer, start: number, length: number): void {
    if (length >= DIRECT_BYTES) {
      this.flush();
      this.#socket.write(source.subarray(start, start + length));
      return;
    }
    this.#reserve(length);
    const used = this.#used;
    if (length < 24) {
      const bytes = this.#bytes;
      for (let i = 0; i < length; i++) bytes[used + i] = source[start + i] as number;
    } else {
      source.copy(this.#bytes, used, start, start + length);
    }
    this.#used = used + length;
  }

  /** `length` is that of its UTF-8 bytes. */
  text(value: string, length: number): void {
    if (length >= DIRECT_BYTES) {
      this.slice(Buffer.from(value), 0, length);
      return;
    }
    this.#reserve(length);
    this.#used += this.#bytes.write(value, this.#used);
  }

  /** Hands a buffer over as it is; `written` is called when it may be used again. */
  owned(source: Buffer, length: number, written: () => void): void {
    this.flush();
    this.#socket.write(source.subarray(0, length), written);
  }

  /** Before anything else is waited for, but after all that is written without waiting: one call of the system for many messages. */
  flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    process.nextTick(() => {
      this.#flushDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#used === 0) return;
    if (this.#used <= SMALL) {
      this.#socket.write(Buffer.from(this.#bytes.subarray(0, this.#used)));
    } else {
      const full = this.#bytes;
      this.#socket.write(full.subarray(0, this.#used), () => {
        if (this.#spare.length < SPARE_LIMIT) this.#spare.push(full);
      });
      this.#bytes = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CAPACITY);
    }
    this.#used = 0;
  }

  #reserve(length: number): void {
    if (this.#used + length > CAPACITY) this.flush();
  }
}
