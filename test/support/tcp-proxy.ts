import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface TcpProxyOptions {
  /** Of the server behind. */
  readonly port: number;
  readonly host?: string;
  /** Sizes of the pieces that go to the client; asked once a piece. Absent: as they come. */
  readonly pieces?: () => number;
  /** Milliseconds that every chunk waits, in both directions. */
  readonly delayMs?: number;
}

/** Called with the bytes of a chunk before they are passed on. False keeps them. */
export type Watcher = (chunk: Buffer) => boolean;

interface Line {
  readonly client: Socket;
  readonly server: Socket;
}

/** Between a client and a server on this machine: splits, delays, counts, goes silent, cuts. */
export class TcpProxy {
  readonly #server: Server;
  readonly #options: TcpProxyOptions;
  readonly #lines = new Set<Line>();
  #released: (() => void) | null = null;
  #stalled: Promise<void> | null = null;
  /** Passed on so far. */
  toServer = 0;
  toClient = 0;
  connections = 0;
  /** Look at what passes; set by a test. */
  onToServer: Watcher = () => true;
  onToClient: Watcher = () => true;

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** In front of the server that a URL names. */
  static async before(url: string, options: Omit<TcpProxyOptions, 'port' | 'host'> = {}): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    return await TcpProxy.start({ ...options, host: hostname, port: Number(port) });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The same URL, by way of the proxy. */
  url(original: string): string {
    const url = new URL(original);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  get open(): number {
    return this.#lines.size;
  }

  /** A black hole: connections stay, new ones are accepted, nothing passes in either direction. */
  stall(): void {
    this.#stalled ??= new Promise((resolve) => (this.#released = resolve));
  }

  /** What was kept passes now. */
  release(): void {
    this.#released?.();
    this.#released = null;
    this.#stalled = null;
  }

  /** Bytes of the test's own, to every client. */
  sendToClient(bytes: Buffer): void {
    for (const { client } of this.#lines) client.write(bytes);
  }

  /** Both sides see a reset. */
  cut(): void {
    for (const { client, server } of this.#lines) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#lines.clear();
  }

  async close(): Promise<void> {
    this.release();
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    this.connections++;
    const server = connect({ port: this.#options.port, host: this.#options.host ?? '127.0.0.1' });
    const line: Line = { client, server };
    this.#lines.add(line);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => void this.#closed(line));
    }
    void this.#pump(client, server, (chunk) => this.#passToServer(chunk));
    void this.#pump(server, client, (chunk) => this.#passToClient(chunk), this.#options.pieces);
  }

  /** What one side does, the other sees; but not through a black hole. */
  async #closed(line: Line): Promise<void> {
    if (this.#stalled !== null) await this.#stalled;
    line.client.destroy();
    line.server.destroy();
    this.#lines.delete(line);
  }

  #passToServer(chunk: Buffer): boolean {
    if (!this.onToServer(chunk)) return false;
    this.toServer += chunk.length;
    return true;
  }

  #passToClient(chunk: Buffer): boolean {
    if (!this.onToClient(chunk)) return false;
    this.toClient += chunk.length;
    return true;
  }

  async #pump(from: Socket, to: Socket, pass: Watcher, pieces?: () => number): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (this.#options.delayMs !== undefined) await delay(this.#options.delayMs);
        if (this.#stalled !== null) await this.#stalled;
        if (!pass(chunk)) continue;
        if (pieces === undefined) await send(to, chunk);
        else await sendInPieces(to, chunk, pieces);
      }
      if (this.#stalled !== null) await this.#stalled; // a black hole hides the end as well
      to.end();
    } catch {
      if (this.#stalled !== null) await this.#stalled;
      to.destroy(); // one side is gone: so is the other
    }
  }
}

async function sendInPieces(to: Socket, chunk: Buffer, pieces: () => number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const end = Math.min(chunk.length, at + Math.max(1, pieces()));
    await send(to, chunk.subarray(at, end));
    at = end;
    // The next turn of the event loop: the receiver reads this piece by itself.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function send(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => to.write(bytes, (error) => (error ? reject(error) : resolve())));
}
