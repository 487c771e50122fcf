import { writeBind, writeExecute } from '../../../postgres/frontend-messages.ts';
import type { PipelineFailure } from '../../../postgres/pipeline-failure.ts';
import type { PipelinedConnection } from '../../../postgres/pipelined-connection.ts';

const BUFFER_BYTES = 128 * 1024;
const SPARE_LIMIT = 4;
/** Bytes that the operating system has not taken, above which the sender waits. */
const UNSENT_LIMIT = 512 * 1024;

/** Passes CopyData messages on as they come. */
export class CopySender {
  readonly #connection: PipelinedConnection;
  readonly #spare: Buffer[] = [];
  #bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;

  constructor(connection: PipelinedConnection) {
    this.#connection = connection;
  }

  /** Sent ahead of the server's answer: COPY FROM STDIN by the extended protocol. */
  begin(sql: string): void {
    const { out } = this.#connection;
    this.#connection.prepare('', sql, []);
    writeBind(out, '', []);
    writeExecute(out);
  }

  /** @returns false: wait for `relieved` */
  write(data: Buffer): boolean {
    for (let at = 0; at < data.length; ) {
      const length = Math.min(data.length - at, BUFFER_BYTES - this.#used);
      data.copy(this.#bytes, this.#used, at, at + length);
      this.#used += length;
      at += length;
      if (this.#used === BUFFER_BYTES) this.#flush();
    }
    return !this.#connection.failed && this.#connection.out.unsent < UNSENT_LIMIT;
  }

  relieved(): Promise<void> {
    return this.#connection.written(UNSENT_LIMIT / 2);
  }

  /** Ends the COPY. Null: the server took exactly `rows` rows. */
  async end(rows: number): Promise<PipelineFailure | null> {
    this.#flush();
    const { out } = this.#connection;
    this.#connection.beginSegment();
    out.byte(0x63); // c: CopyDone
    out.int32(4);
    this.#connection.expectRows(rows);
    return await this.#connection.endSegment();
  }

  #flush(): void {
    if (this.#used === 0) return;
    const full = this.#bytes;
    this.#connection.out.owned(full, this.#used, () => {
      if (this.#spare.length < SPARE_LIMIT) this.#spare.push(full);
    });
    this.#bytes = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#used = 0;
  }
}
