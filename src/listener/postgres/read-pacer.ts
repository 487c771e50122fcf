import type { Socket } from 'node:net';

const REST_MS = 1;
/** A piece of this size was worth the call that read it. */
const LARGE_BYTES = 32 * 1024;

/** The parts of a socket's handle that make it read; `pause()` of a stream reads on until its buffer is full. */
interface ReadingHandle {
  readonly reading?: boolean;
  readStart?(): number;
  readStop?(): number;
}

/**
 * The sender sends each message by itself and wakes us for each. With much to come, looking away for a moment lets the next read find
 * hundreds of them: fewer calls here, and none of the sender's has to wake anybody.
 */
export class ReadPacer {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #resting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#goOn(), REST_MS);
    socket.once('close', () => clearTimeout(this.#timer));
  }

  get resting(): boolean {
    return this.#resting;
  }

  /** After a piece of `length` bytes was taken, when more is known to come. */
  rest(length: number): void {
    if (length >= LARGE_BYTES || this.#resting) return;
    const handle = handleOf(this.#socket);
    if (handle?.reading !== true || handle.readStop === undefined || handle.readStart === undefined) return;
    handle.readStop();
    this.#resting = true;
    this.#timer.refresh();
  }

  #goOn(): void {
    if (!this.#resting) return;
    this.#resting = false;
    const handle = handleOf(this.#socket);
    if (handle?.reading === true) handle.readStart?.();
  }
}

/** Null once the socket is closed. Node's types leave it out. */
function handleOf(socket: Socket): ReadingHandle | null {
  return (socket as unknown as { readonly _handle: ReadingHandle | null })._handle;
}
