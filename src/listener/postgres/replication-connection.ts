import type { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { LogicalReplicationService } from 'pg-logical-replication';
import { WalcastError } from '../../errors/walcast-error.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql/quote.ts';
import { LSN_ZERO, lsn, type Lsn } from '../../wal/lsn.ts';
import { CopyFramer } from './copy-framer.ts';
import { judgeLiveness, livenessTimings, parseDurationSetting, type LivenessTimings } from './liveness.ts';
import { StandbyStatusFrame } from './standby-status.ts';

const XLOG_DATA = 0x77; // w
const KEEPALIVE = 0x6b; // k

export interface ReplicationHandlers {
  /** `bytes[start, end)` is an XLogData message with its header, gone after the call returns. A throw ends the connection. */
  data(bytes: Buffer, start: number, end: number): void;
  /** The server has sent everything up to `position`. */
  keepalive(position: Lsn): void;
}

export interface ReplicationOptions {
  readonly slot: string;
  readonly publication: string;
  /** Asks for values in binary form, where their types have one. */
  readonly binary?: boolean;
  readonly handlers: ReplicationHandlers;
  /** For the server to begin streaming; default 30 s. */
  readonly openTimeoutMs?: number;
}

const OPEN_TIMEOUT_MS = 30_000;
const GOODBYE_MS = 1_000;

/** The parts of pg's connection object that its types leave out. */
interface CopyBothConnection {
  readonly stream: Socket;
  sendCopyFromChunk(frame: Buffer): void;
}

/**
 * The replication connection: pg-logical-replication for connecting, everything that reports a position replaced. The library acknowledges
 * what it has received, by a timer even with `auto: false`, one byte too far, and starts a second time where it had read to; here every path
 * reports the durable position and nothing else, the slot alone decides where the stream begins, and an instance is used once.
 */
export class ReplicationConnection extends LogicalReplicationService {
  readonly #options: ReplicationOptions;
  readonly #frame = new StandbyStatusFrame();
  #copy: CopyBothConnection | null = null;
  #timings: LivenessTimings = livenessTimings(0);
  #timer: NodeJS.Timeout | null = null;
  // Two numbers, so that no bigint is made per message.
  #receivedHigh = 0;
  #receivedLow = 0;
  #durable: Lsn = LSN_ZERO;
  #paused = false;
  #closed = false;
  #lastByteAt = 0;
  #lastStatusAt = 0;
  #failure: Error | null = null;
  #ended: Promise<void> | null = null;

  constructor(config: ClientConfig, options: ReplicationOptions) {
    super(
      { ...config, keepAlive: true },
      { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: false } },
    );
    this.#options = options;
    this.on('error', (error: Error) => this.#fail(error));
  }

  /** Resolves when the server streams; rejects, with the connection closed, when it refuses, is silent, or the signal fires. */
  async open(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const started = new Promise<void>((resolve) => this.once('start', resolve));
    this.#ended = this.subscribe(
      new SafePgoutput(this.#options, (client) => this.#adopt(client)),
      this.#options.slot,
    ).then(
      () => this.#endedNormally(),
      (error: unknown) => {
        this.#copy?.stream.destroy(); // after an error in the stream the server waits for another command
        throw this.#failure ?? error;
      },
    );
    this.#ended.catch(() => undefined); // also reported to whoever awaits `ended`
    const limitMs = this.#options.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    const late = new AbortController();
    const stop = (): void => late.abort();
    const timer = setTimeout(stop, limitMs);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([started, this.#ended, aborted(late.signal)]);
      if (late.signal.aborted) {
        throw new WalcastError('E_SOURCE_CONNECTION', `the source did not begin to stream within ${limitMs / 1000} s`);
      }
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
    this.#lastByteAt = Date.now();
    this.#timer = setInterval(() => this.#tick(), Math.min(1000, this.#timings.statusEveryMs));
    this.#sendStatus(false);
  }

  /** Settles when the stream ends: resolves after `close`, rejects with what went wrong otherwise. */
  get ended(): Promise<void> {
    if (this.#ended === null) throw new WalcastError('E_INTERNAL', 'the replication connection was not opened');
    return this.#ended;
  }

  /** Milliseconds since the server last sent anything. */
  get silentForMs(): number {
    return Date.now() - this.#lastByteAt;
  }

  /** Every target holds everything up to `position`. Never goes back. The server learns it with the next status update. */
  confirm(position: Lsn): void {
    if (position > this.#durable) this.#durable = position;
    if (Date.now() - this.#lastStatusAt >= 1000) this.#sendStatus(false);
  }

  /** Has the server say how far it has sent, at most every second; else it does so when half of its timeout has passed in silence. */
  ask(): void {
    if (!this.#paused && Date.now() - this.#lastStatusAt >= 1000) this.#sendStatus(true);
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Closes the connection at once, unread data or not; `ended` rejects with the error. */
  abandon(error: Error): void {
    this.#fail(error);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#copy?.stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastByteAt = Date.now();
    this.#copy?.stream.resume();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#sendStatus(false);
    const stream = this.#copy?.stream;
    this.#copy = null;
    this.#closed = true;
    stream?.destroySoon();
    // The library says goodbye and waits for the server's, which may be silent.
    const socket = this.#inner._client?.connection.stream;
    const timer = setTimeout(() => socket?.destroy(), GOODBYE_MS);
    await this.destroy();
    clearTimeout(timer);
  }

  get #inner(): { readonly _client: { readonly connection: CopyBothConnection } | null } {
    return this as never; // the library declares it private
  }

  /** The library's own paths end here; whatever they want to report, the durable position is what goes out. */
  override acknowledge(_lsn: string, replyRequested = false): Promise<boolean> {
    return Promise.resolve(this.#sendStatus(replyRequested));
  }

  /** Before the stream starts: our reader takes the place of the library's and of pg's own. */
  async #adopt(client: Client): Promise<void> {
    if (this.#closed) {
      await client.end();
      throw new WalcastError('E_SOURCE_CONNECTION', 'the connection was closed while it was being made');
    }
    const { rows } = await client.query<{ wal_sender_timeout: string }>('SHOW wal_sender_timeout');
    this.#timings = livenessTimings(parseDurationSetting(rows[0]?.wal_sender_timeout ?? '0'));
    const connection = (client as unknown as { connection: CopyBothConnection }).connection; // pg's types leave it out
    this.#frameBy(connection.stream);
    this.#copy = connection;
  }

  /** Takes the bytes before the driver: the rows are ours, what is left goes on to its parser. */
  #frameBy(stream: Socket): void {
    const parsers = stream.listeners('data') as ((chunk: Buffer) => void)[];
    const framer = new CopyFramer({
      data: (bytes, start, end) => this.#take(bytes, start, end),
      other: (message) => {
        for (const parse of parsers) parse.call(stream, message);
      },
    });
    stream.removeAllListeners('data');
    stream.on('data', (chunk: Buffer) => {
      try {
        framer.feed(chunk);
      } catch (cause) {
        this.#fail(new WalcastError('E_PROTOCOL', 'the source sent bytes that are no messages', { cause }));
      }
    });
  }

  #endedNormally(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#copy !== null) throw new WalcastError('E_SOURCE_CONNECTION', 'the source ended the stream');
  }

  #take(chunk: Buffer, start: number, end: number): void {
    if (this.#failure !== null) return;
    this.#lastByteAt = Date.now();
    try {
      if (chunk[start] === XLOG_DATA) {
        this.#receivedHigh = chunk.readUInt32BE(start + 1);
        this.#receivedLow = chunk.readUInt32BE(start + 5);
        this.#options.handlers.data(chunk, start, end);
        return;
      }
      if (chunk[start] !== KEEPALIVE || end - start < 18) {
        throw new WalcastError('E_PROTOCOL', `unknown replication message ${chunk[start]}`);
      }
      this.#receivedHigh = chunk.readUInt32BE(start + 1);
      this.#receivedLow = chunk.readUInt32BE(start + 5);
      this.#options.handlers.keepalive(lsn(chunk.readBigUInt64BE(start + 1)));
      if (chunk[start + 17] === 1) this.#sendStatus(false);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new WalcastError('E_INTERNAL', String(error)));
    }
  }

  #tick(): void {
    const now = Date.now();
    const verdict = judgeLiveness(this.#timings, now - this.#lastByteAt, this.#paused);
    if (verdict === 'dead') {
      this.#fail(
        new WalcastError('E_SOURCE_CONNECTION', `the source has sent nothing for ${now - this.#lastByteAt} ms`),
      );
    } else if (verdict === 'ask' || now - this.#lastStatusAt >= this.#timings.statusEveryMs) {
      this.#sendStatus(verdict === 'ask');
    }
  }

  #sendStatus(replyRequested: boolean): boolean {
    if (this.#copy === null || this.#copy.stream.destroyed) return false;
    this.#lastStatusAt = Date.now();
    const received = lsn((BigInt(this.#receivedHigh) << 32n) | BigInt(this.#receivedLow));
    this.#copy.sendCopyFromChunk(this.#frame.fill(received, this.#durable, replyRequested, this.#lastStatusAt));
    return true;
  }

  #fail(error: Error): void {
    if (this.#copy === null) return;
    this.#failure ??= error;
    this.#copy.stream.destroy();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The library's plugin contract, for pgoutput with logical messages; parsing is done elsewhere. */
class SafePgoutput {
  readonly name = 'pgoutput';
  readonly options = {};
  readonly #source: ReplicationOptions;
  readonly #adopt: (client: Client) => Promise<void>;

  constructor(source: ReplicationOptions, adopt: (client: Client) => Promise<void>) {
    this.#source = source;
    this.#adopt = adopt;
  }

  async start(client: Client, slot: string): Promise<unknown> {
    await this.#adopt(client);
    // 0/0: the slot decides. A position of ours could only be older (ignored) or newer (a loss).
    const binary = this.#source.binary === true ? ", binary 'true'" : '';
    return client.query(
      `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL 0/0 (proto_version '1', ` +
        `publication_names ${quoteLiteral(quoteIdentifier(this.#source.publication))}, messages 'true'${binary})`,
    );
  }

  parse(): never {
    throw new WalcastError('E_INTERNAL', 'the replication library reached its own parser');
  }
}
