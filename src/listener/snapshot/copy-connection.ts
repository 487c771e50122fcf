import type { Socket } from 'node:net';
import type pg from 'pg';
import type { WalcastError } from '../../errors/walcast-error.ts';
import { BACKEND, readErrorFields, readTagCount } from '../../postgres/backend-messages.ts';
import { connectClient } from '../../postgres/client.ts';
import { PostgresError } from '../../postgres/postgres-error.ts';
import { CopyOutFramer } from './copy-out-framer.ts';
import { lostSource, SOURCE_OPTIONS } from './read-session.ts';

export interface CopyConnectOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Without a byte for this long, although an answer is due and we read, the server is taken for dead. */
  readonly silenceMs: number;
}

/** Where the bytes of a COPY go. */
export interface CopySink {
  /** CopyData messages as the server sent them, headers included, cut anywhere. False: wait for `relieved`. */
  write(data: Buffer): boolean;
  relieved(): Promise<void>;
}

export interface CopiedRows {
  readonly rows: number;
  /** Of the CopyData messages, headers included. */
  readonly bytes: number;
}

interface Command {
  readonly resolve: (copied: CopiedRows) => void;
  readonly reject: (error: unknown) => void;
  readonly sink: CopySink | null;
}

/**
 * A session of the source whose COPY goes from the socket to the sink as it comes. pg does start-up, TLS and authentication, then gives its
 * socket up. Of no use after its connection was lost, a sink failed, or the signal fired; an error of the server leaves it as it was.
 */
export class CopyConnection {
  readonly #socket: Socket;
  readonly #url: string;
  readonly #silenceMs: number;
  readonly #signal: AbortSignal;
  readonly #abort: () => void;
  #command: Command | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastByteAt = 0;
  #paused = false;
  #bytes = 0;
  #rows = 0;
  #error: PostgresError | null = null;
  #failure: unknown = null;

  private constructor(client: pg.Client, { url, signal, silenceMs }: CopyConnectOptions) {
    this.#socket = (client as unknown as { connection: { stream: Socket } }).connection.stream; // pg's types leave it out
    this.#url = url;
    this.#silenceMs = silenceMs;
    this.#signal = signal;
    this.#abort = () => this.#fail(signal.reason);
    const framer = new CopyOutFramer({
      data: (bytes) => this.#data(bytes),
      message: (kind, content) => this.#message(kind, content),
    });
    for (const event of ['data', 'error', 'close', 'end']) this.#socket.removeAllListeners(event);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#lastByteAt = performance.now();
      try {
        framer.feed(chunk);
      } catch (error) {
        this.#fail(lostSource(error, url));
      }
    });
    this.#socket.on('error', (error) => this.#fail(lostSource(error, url)));
    this.#socket.on('close', () => this.#fail(this.#closed()));
    signal.addEventListener('abort', this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  static async connect(options: CopyConnectOptions): Promise<CopyConnection> {
    const { url, signal } = options;
    const client = await connectClient({
      url,
      signal,
      side: 'source',
      applicationName: 'walcast snapshot rows',
      options: SOURCE_OPTIONS,
    });
    return new CopyConnection(client, options);
  }

  /** One or more statements, results dropped. Rejects with a `PostgresError`, or a WalcastError if the connection is lost. */
  async execute(sql: string): Promise<void> {
    await this.#send(sql, null);
  }

  /** A `COPY … TO STDOUT`. */
  copyOut(sql: string, sink: CopySink): Promise<CopiedRows> {
    return this.#send(sql, sink);
  }

  close(): void {
    this.#fail(new Error('the connection was closed'));
  }

  #send(sql: string, sink: CopySink | null): Promise<CopiedRows> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure as Error);
        return;
      }
      this.#command = { resolve, reject, sink };
      this.#bytes = 0;
      this.#rows = 0;
      this.#error = null;
      this.#lastByteAt = performance.now();
      this.#timer ??= setInterval(() => this.#watch(), Math.max(50, this.#silenceMs / 4));
      const bytes = Buffer.from(`Q....${sql}\0`);
      bytes.writeInt32BE(bytes.length - 1, 1);
      this.#socket.write(bytes);
    });
  }

  #data(bytes: Buffer): void {
    const sink = this.#command?.sink;
    if (sink === undefined || sink === null) throw new Error('rows came that nobody had asked for');
    this.#bytes += bytes.length;
    try {
      if (!sink.write(bytes)) void this.#wait(sink);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #wait(sink: CopySink): Promise<void> {
    this.#paused = true;
    this.#socket.pause();
    try {
      await sink.relieved();
    } catch (error) {
      this.#fail(error);
    }
    this.#paused = false;
    this.#lastByteAt = performance.now();
    this.#socket.resume();
  }

  #message(kind: number, content: Buffer): void {
    switch (kind) {
      case BACKEND.error:
        this.#error ??= new PostgresError(readErrorFields(content, 0, content.length));
        break;
      case BACKEND.commandComplete:
        this.#rows = readTagCount(content, 0, content.length);
        break;
      case BACKEND.copyInResponse: // nobody would send anything
        this.#fail(lostSource(new Error('a statement asked for COPY data'), this.#url));
        break;
      case BACKEND.readyForQuery:
        this.#ready();
        break;
      default: // RowDescription, DataRow, CopyOutResponse, CopyDone: nothing to learn from them
    }
  }

  #ready(): void {
    const command = this.#command;
    this.#command = null;
    this.#stopTimer();
    if (this.#error === null) command?.resolve({ rows: this.#rows, bytes: this.#bytes });
    else command?.reject(this.#error);
  }

  #watch(): void {
    if (this.#paused || performance.now() - this.#lastByteAt < this.#silenceMs) return;
    this.#fail(lostSource(new Error(`no answer within ${this.#silenceMs / 1000} s`), this.#url));
  }

  /** What the server said before it hung up tells more than that it did. */
  #closed(): WalcastError {
    return lostSource(this.#error ?? new Error('connection closed'), this.#url);
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#stopTimer();
    this.#signal.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    this.#command?.reject(error);
    this.#command = null;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
