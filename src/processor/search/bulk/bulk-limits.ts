const LEAST_BYTES = 16 * 1024;
/** Requests without trouble after which a little more is tried. */
const CALM = 20;

/** How much the cluster is asked to do at once: it gives way to its complaints and comes back when they stop. */
export class BulkLimits {
  readonly #mostBytes: number;
  readonly #mostRequests: number;
  #bytes: number;
  #requests: number;
  #calm = 0;

  constructor(mostBytes: number, mostRequests: number) {
    this.#mostBytes = mostBytes;
    this.#mostRequests = mostRequests;
    this.#bytes = mostBytes;
    this.#requests = mostRequests;
  }

  /** Of one request. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Under way at once. */
  get requests(): number {
    return this.#requests;
  }

  /** The cluster does not take a request of this size. */
  tooLarge(bytes: number): void {
    this.#bytes = Math.max(LEAST_BYTES, Math.floor(Math.min(this.#bytes, bytes) / 2));
    this.#calm = 0;
  }

  /** The cluster has too much to do. */
  overloaded(): void {
    this.#requests = Math.max(1, Math.floor(this.#requests / 2));
    this.#calm = 0;
  }

  succeeded(): void {
    if (++this.#calm < CALM) return;
    this.#calm = 0;
    this.#requests = Math.min(this.#mostRequests, this.#requests + 1);
    this.#bytes = Math.min(this.#mostBytes, this.#bytes * 2);
  }
}
