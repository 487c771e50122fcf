import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { EventBatch } from '../../../wal/event-batch.ts';

/** Where a batch of rows lies in the file. */
export interface SpooledBatch {
  readonly position: number;
  readonly count: number;
  readonly byteLength: number;
  readonly fieldsUsed: number;
}

/**
 * Batches of rows on disk. The file has no name any more once it is open, so that nothing stays behind whatever ends us. Synchronous: a
 * batch is a few hundred kB, written to the page cache.
 */
export class SpoolFile {
  readonly #descriptor: number;
  #end = 0;

  constructor(folder: string = tmpdir()) {
    const path = join(folder, `walcast-${process.pid}-${randomUUID()}`);
    this.#descriptor = attempt(() => openSync(path, 'wx+', 0o600));
    attempt(() => unlinkSync(path));
  }

  write(batch: EventBatch): SpooledBatch {
    const { count, byteLength, fieldsUsed } = batch;
    const place = { position: this.#end, count, byteLength, fieldsUsed };
    for (const part of parts(batch, count, fieldsUsed, byteLength)) {
      for (let at = 0; at < part.length; ) {
        at += attempt(() => writeSync(this.#descriptor, part, at, part.length - at, this.#end + at));
      }
      this.#end += part.length;
    }
    return place;
  }

  /** A batch of its own, not from a pool. */
  read({ position, count, byteLength, fieldsUsed }: SpooledBatch): EventBatch {
    const batch = new EventBatch(byteLength, count, Math.ceil(fieldsUsed / 2));
    let from = position;
    for (const part of parts(batch, count, fieldsUsed, byteLength)) {
      for (let at = 0; at < part.length; ) {
        const got = attempt(() => readSync(this.#descriptor, part, at, part.length - at, from + at));
        if (got === 0) throw new WalcastError('E_SPOOL', 'the temporary file is shorter than what was written to it');
        at += got;
      }
      from += part.length;
    }
    batch.count = count;
    batch.byteLength = byteLength;
    batch.fieldsUsed = fieldsUsed;
    return batch;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The used part of each array of the batch, as bytes over the same memory. */
function parts(batch: EventBatch, count: number, fieldsUsed: number, byteLength: number): Uint8Array[] {
  const view = (array: Uint8Array | Int32Array | Uint32Array, length: number): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, length * array.BYTES_PER_ELEMENT);
  return [
    view(batch.kinds, count),
    view(batch.refs, count),
    view(batch.oldAt, count),
    view(batch.newAt, count),
    view(batch.oldIsFull, count),
    view(batch.lsnHigh, count),
    view(batch.lsnLow, count),
    view(batch.fields, fieldsUsed),
    view(batch.bytes, byteLength),
  ].filter((part) => part.length > 0);
}

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new WalcastError(
      'E_SPOOL',
      `the temporary folder ${tmpdir()}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
