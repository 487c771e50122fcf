import type { Socket } from 'node:net';
import pg from 'pg';
import { WalcastError } from '../errors/walcast-error.ts';

/** How long a server may take to accept a connection. */
export const CONNECT_TIMEOUT_MS = 10_000;
const GOODBYE_MS = 1_000;

export interface ConnectOptions {
  readonly url: string;
  readonly applicationName: string;
  /** `options` startup parameter, see pinned-settings. */
  readonly options?: string;
  /** Which side a failure is reported for. */
  readonly side: 'source' | 'target';
  readonly signal?: AbortSignal;
}

/** Text in, text out: pg's type parsers would turn timestamps into Dates and int8 into strings of another shape. */
const TEXT_ONLY = { getTypeParser: () => (value: string) => value };

/** Parameters of an address that would win over ours, or end a stream or a long statement from this side. */
const NOT_FROM_ADDRESS = [
  'query_timeout',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'replication',
];

export function clientConfig({ url, applicationName, options }: ConnectOptions): pg.ClientConfig {
  return {
    connectionString: ownParameters(url, options),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: TEXT_ONLY as unknown as pg.CustomTypesConfig, // pg's type asks for binary parsers too, which are never called
    ...(options === undefined ? {} : { options }),
  };
}

/** pg lets the address win over everything else: what it says of `options` goes before ours, since the server takes the last word. */
function ownParameters(url: string, options: string | undefined): string {
  if (!URL.canParse(url)) return url;
  const own = new URL(url);
  for (const name of NOT_FROM_ADDRESS) own.searchParams.delete(name);
  const theirs = own.searchParams.get('options');
  if (theirs !== null && options !== undefined) own.searchParams.set('options', `${theirs} ${options}`);
  return own.href;
}

/** A connected client. Its later errors surface on the queries that are running; an idle one's are kept quiet until the next query. */
export async function connectClient(options: ConnectOptions): Promise<pg.Client> {
  options.signal?.throwIfAborted();
  const client = new pg.Client(clientConfig(options));
  client.on('error', () => undefined);
  try {
    return await limited(client, { signal: options.signal, milliseconds: CONNECT_TIMEOUT_MS }, () => client.connect());
  } catch (error) {
    await endClient(client);
    throw connectionError(error, options.side, options.url);
  }
}

export interface Limit {
  readonly signal?: AbortSignal | undefined;
  readonly milliseconds: number;
}

/** Cuts the connection, and with it whatever waits for an answer, when the signal fires or the time is over. */
export async function limited<T>(client: pg.Client, limit: Limit, work: () => Promise<T>): Promise<T> {
  const cut = (why: string): void => void socketOf(client).destroy(new Error(why));
  const abort = (): void => cut('stopped while waiting for the server');
  const timer = setTimeout(() => cut(`no answer within ${limit.milliseconds / 1000} s`), limit.milliseconds);
  limit.signal?.addEventListener('abort', abort, { once: true });
  try {
    if (limit.signal?.aborted === true) abort();
    return await work();
  } finally {
    clearTimeout(timer);
    limit.signal?.removeEventListener('abort', abort);
  }
}

/** Says goodbye, but does not wait for a server that is silent; never rejects. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => socketOf(client).destroy(), GOODBYE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream; // pg's types leave it out
}

export function connectionError(error: unknown, side: 'source' | 'target', url: string): WalcastError {
  const message = error instanceof Error ? error.message : String(error);
  const sqlstate = sqlstateOf(error);
  // Wrong password, unknown database or role, no right to connect: trying again changes nothing until somebody acts, but somebody may.
  return new WalcastError(
    side === 'source' ? 'E_SOURCE_CONNECTION' : 'E_TARGET_CONNECTION',
    `cannot connect to the ${side} ${describeUrl(url)}: ${message}`,
    {
      cause: error,
      fields: sqlstate === undefined ? {} : { sqlstate },
    },
  );
}

/** The SQLSTATE of a server error, whichever driver made it. */
export function sqlstateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('sqlstate' in error && typeof error.sqlstate === 'string') return error.sqlstate;
  return 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** host:port/database without user, password and parameters. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || 'local socket'}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    return '(unreadable address)';
  }
}
