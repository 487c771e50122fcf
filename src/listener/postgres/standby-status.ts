import type { Lsn } from '../../wal/lsn.ts';
import { POSTGRES_EPOCH_MS } from '../../wal/time.ts';

const STATUS_BYTES = 34;

/** One reusable "Standby status update" frame; the driver copies it when it sends. */
export class StandbyStatusFrame {
  readonly #frame = Buffer.alloc(STATUS_BYTES);

  /**
   * `received` is what has arrived here, `durable` what every target holds. The server may throw away WAL before `durable`, so it is never
   * rounded up: one byte more would skip a transaction whose commit record begins exactly there.
   */
  fill(received: Lsn, durable: Lsn, replyRequested: boolean, nowMs: number): Buffer {
    const frame = this.#frame;
    frame[0] = 0x72; // r
    frame.writeBigUInt64BE(received > durable ? received : durable, 1);
    frame.writeBigUInt64BE(durable, 9);
    frame.writeBigUInt64BE(durable, 17);
    frame.writeBigInt64BE(BigInt(nowMs - POSTGRES_EPOCH_MS) * 1000n, 25);
    frame[33] = replyRequested ? 1 : 0;
    return frame;
  }
}
