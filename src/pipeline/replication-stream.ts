import type pg from 'pg';
import { Decoder } from '../decode/decoder.ts';
import { WalcastError } from '../errors/walcast-error.ts';
import { publicationChange } from '../ddl/publication-change.ts';
import { DdlMessageVerifier, MESSAGE_PREFIX } from '../ddl/message-verifier.ts';
import { ReplicationConnection } from '../listener/postgres/replication-connection.ts';
import type { SourceState } from '../listener/postgres/source-position.ts';
import type { DdlEvent } from '../wal/ddl-event.ts';
import type { EventBatch } from '../wal/event-batch.ts';
import { LSN_ZERO, maxLsn, type Lsn } from '../wal/lsn.ts';
import type { TargetFeed } from './target-feed.ts';

export interface StreamOptions {
  readonly client: pg.ClientConfig;
  readonly slot: string;
  readonly publication: string;
  readonly source: SourceState;
  /** Values come in binary form. */
  readonly binary?: boolean;
}

/** One connection to the source, decoded once and handed to every target. The slowest target sets the pace. */
export class ReplicationStream {
  readonly #connection: ReplicationConnection;
  readonly #decoder: Decoder;
  readonly #verifier: DdlMessageVerifier;
  readonly #publication: string;
  readonly #feeds = new Set<TargetFeed>();
  #verifying = -1;
  #chunkEndScheduled = false;
  #position: Lsn = LSN_ZERO;
  #messages = 0;

  constructor(options: StreamOptions) {
    this.#publication = options.publication;
    this.#verifier = new DdlMessageVerifier(options.source);
    const { binary = false } = options;
    this.#decoder = new Decoder(
      {
        batch: (batch) => this.#distribute(batch),
        message: (...message) => this.#message(...message),
      },
      binary,
    );
    this.#connection = new ReplicationConnection(options.client, {
      slot: options.slot,
      publication: options.publication,
      binary,
      handlers: {
        data: (bytes, start, end) => {
          this.#messages++;
          this.#decoder.append(bytes, start, end);
          this.#scheduleChunkEnd();
        },
        keepalive: (position) => {
          this.#position = maxLsn(this.#position, position);
          this.#decoder.idle(position);
          this.#scheduleChunkEnd();
        },
      },
    });
  }

  /** Everything up to here has left the source, as far as it said. */
  get position(): Lsn {
    return this.#position;
  }

  get messages(): number {
    return this.#messages;
  }

  /** See {@link Decoder.binaryRows}. */
  get binaryRows(): number {
    return this.#decoder.binaryRows;
  }

  /** Messages with our prefix that our triggers did not write. */
  get forged(): number {
    return this.#verifier.forged;
  }

  get silentForMs(): number {
    return this.#connection.silentForMs;
  }

  get paused(): boolean {
    return this.#connection.paused;
  }

  abandon(error: Error): void {
    this.#connection.abandon(error);
  }

  attach(feed: TargetFeed): void {
    this.#feeds.add(feed);
  }

  /** The others go on without this target. */
  detach(feed: TargetFeed): void {
    this.#feeds.delete(feed);
    this.steer();
  }

  async open(signal?: AbortSignal): Promise<void> {
    await this.#connection.open(signal);
  }

  /** See {@link ReplicationConnection.ended}. */
  get ended(): Promise<void> {
    return this.#connection.ended;
  }

  confirm(position: Lsn): void {
    this.#connection.confirm(position);
  }

  /** See {@link ReplicationConnection.ask}. */
  ask(): void {
    this.#connection.ask();
  }

  /** Reads on or stands still, as the queues allow. */
  steer(): void {
    for (const feed of this.#feeds) {
      if (feed.full) {
        this.#connection.pause();
        return;
      }
    }
    this.#connection.resume();
  }

  /** A target waits for data: a batch that is not full goes out as well. */
  hungry(): void {
    if (this.#decoder.pending) this.#scheduleChunkEnd();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #distribute(batch: EventBatch): void {
    for (const feed of this.#feeds) feed.push(batch.retain());
    batch.release();
    this.steer();
  }

  /** Without the publication, or with less of it, the server leaves rows out and says nothing. */
  #guardPublication(event: DdlEvent): void {
    const change = publicationChange(event, this.#publication);
    if (change === null) return;
    throw new WalcastError(
      'E_PUBLICATION_CHANGED',
      `${change} by ${event.kind === 'rows' ? '' : event.caller.role}: the source would leave rows out from here on`,
      {
        fields: { publication: this.#publication },
      },
    );
  }

  #message(prefix: string, content: Buffer, transaction: number, position: Lsn): DdlEvent | null {
    if (prefix !== MESSAGE_PREFIX) return null;
    if (transaction !== this.#verifying) {
      this.#verifying = transaction;
      this.#verifier.begin(transaction);
    }
    const event = this.#verifier.verify(content, position);
    if (event !== null) this.#guardPublication(event);
    return event;
  }

  /**
   * Runs once after all messages of one piece of the socket: not per message, and not amid a transaction, of which nobody could commit anything:
   * the walsender sends most messages one by one.
   */
  #scheduleChunkEnd(): void {
    if (this.#chunkEndScheduled || this.#decoder.inTransaction) return;
    this.#chunkEndScheduled = true;
    queueMicrotask(() => {
      this.#chunkEndScheduled = false;
      if (this.#decoder.inTransaction) return;
      for (const feed of this.#feeds) {
        if (!feed.waiting) continue;
        this.#decoder.seal();
        return;
      }
    });
  }
}
