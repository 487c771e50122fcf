/** Bytes that are put together before their length is known. Reused; what was taken from it is valid until the next `clear`. */
export class GrowingBuffer {
  bytes: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  /** Room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const next = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(next, 0, 0, this.length);
    this.bytes = next;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  text(value: string): void {
    this.reserve(value.length * 3);
    this.length += this.bytes.write(value, this.length);
  }

  /** Fills in a length that was left open. */
  patchInt32(at: number, value: number): void {
    this.bytes.writeInt32BE(value, at);
  }
}
