import { Pool } from 'undici';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { signed } from './aws-signature.ts';
import { type Address, addressOf, authHeaders, type Reach, readTlsFiles, type TlsFiles } from './client-options.ts';
import { refusalOf, SearchError } from './search-error.ts';

const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
/** A request that got no answer for so long won't get one. */
const REQUEST_MS = 60_000;
const CONNECT_MS = 10_000;

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';

export interface SearchRequest {
  readonly method: Method;
  /** Begins with a slash; parts that are not our own went through {@link encodePath}. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** An object goes as JSON. Bytes go as they are and are not to be touched before the answer: as lines of JSON, or as JSON where it is said. */
  readonly body?: object | Buffer;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** Statuses from 300 on that are an answer too. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
}

export interface SearchAnswer {
  readonly status: number;
  /** As it came: JSON.parse rounds integers above 2^53, so who needs those reads the bytes. */
  readonly bytes: Buffer;
  /** The body as JSON; null when there is none. */
  json(): unknown;
}

export interface SearchClientOptions extends Reach {
  readonly timeoutMs?: number;
  /** Marks our requests in the cluster's list of tasks and in its slow log. */
  readonly opaqueId?: string;
}

/** `/a/b%2Fc`: parts of a path, whatever they hold. */
export function encodePath(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** One cluster: requests in, answers or classified errors out. It doesn't repeat anything. */
export class SearchClient {
  readonly opaqueId: string;
  readonly #address: Address;
  readonly #host: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #aws: Reach['auth']['aws'];
  readonly #timeoutMs: number;
  readonly #pool: Pool;

  private constructor(options: SearchClientOptions, tls: TlsFiles) {
    this.opaqueId = options.opaqueId ?? 'walcast';
    this.#address = addressOf(options.url);
    this.#host = new URL(this.#address.origin).host;
    this.#headers = { ...authHeaders(options), 'x-opaque-id': this.opaqueId };
    this.#aws = options.auth.aws;
    this.#timeoutMs = options.timeoutMs ?? REQUEST_MS;
    this.#pool = new Pool(this.#address.origin, {
      connect: { ...tls, timeout: CONNECT_MS },
      connections: 32,
      // The clock of each request covers sending it as well.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Reads the files of certificates; nothing is sent yet. */
  static async create(options: SearchClientOptions): Promise<SearchClient> {
    return new SearchClient(options, await readTlsFiles(options.tls));
  }

  /** @throws SearchError for an answer that is no success, E_TARGET_CONNECTION when none came, the signal's reason when it was given up */
  async request(request: SearchRequest): Promise<SearchAnswer> {
    request.signal.throwIfAborted();
    const { status, bytes } = await this.#send(request);
    if (status < 300 || request.accept?.includes(status) === true) return new Answer(status, bytes);
    throw new SearchError(this.#where(request), refusalOf(status, bytes));
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(request: SearchRequest): Promise<{ status: number; bytes: Buffer }> {
    const { method, path, query, body, signal } = request;
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const whole = `${this.#address.path}${path}${queryText(query)}`;
    const clock = new Clock(signal, request.timeoutMs ?? this.#timeoutMs);
    try {
      const response = await this.#pool.request({
        ...{ method, path: whole, signal: clock.signal },
        headers: this.#headersOf(request, whole, bytes),
        ...(bytes === undefined ? {} : { body: bytes }),
      });
      return { status: response.statusCode, bytes: Buffer.from(await response.body.arrayBuffer()) };
    } catch (cause) {
      signal.throwIfAborted();
      const why = clock.over ? `no answer in ${clock.milliseconds} ms` : reasonFor(cause);
      throw new WalcastError('E_TARGET_CONNECTION', `${this.#where(request)}: ${why}`, { cause });
    } finally {
      clock.stop();
    }
  }

  #headersOf({ method, body, json }: SearchRequest, path: string, bytes: Buffer | undefined): Record<string, string> {
    const type = Buffer.isBuffer(body) && json !== true ? LINES_TYPE : JSON_TYPE;
    const headers = bytes === undefined ? { ...this.#headers } : { ...this.#headers, 'content-type': type };
    if (this.#aws === undefined) return headers;
    return signed({ host: this.#host, method, path, headers, body: bytes }, this.#aws);
  }

  #where({ method, path }: SearchRequest): string {
    return `${method} ${this.#address.origin}${this.#address.path}${path}`;
  }
}

class Answer implements SearchAnswer {
  readonly status: number;
  readonly bytes: Buffer;

  constructor(status: number, bytes: Buffer) {
    this.status = status;
    this.bytes = bytes;
  }

  json(): unknown {
    return this.bytes.length === 0 ? null : JSON.parse(this.bytes.toString());
  }
}

/** Ends a request when its time is over or its signal says so. */
class Clock {
  readonly milliseconds: number;
  readonly #outer: AbortSignal;
  readonly #inner = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #giveUp = (): void => this.#inner.abort();
  over = false;

  constructor(outer: AbortSignal, milliseconds: number) {
    this.milliseconds = milliseconds;
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.over = true;
      this.#inner.abort();
    }, milliseconds);
    outer.addEventListener('abort', this.#giveUp, { once: true });
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#giveUp);
  }
}

function queryText(query: SearchRequest['query']): string {
  if (query === undefined) return '';
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Several addresses of one name fail as one error that has no text of its own. */
function reasonFor(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonFor).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
