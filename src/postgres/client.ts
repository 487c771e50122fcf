import pg from 'pg';
import { WalcastError } from '../errors/walcast-error.ts';

/** How long a server may take to accept a connection. */
export const CONNECT_TIMEOUT_MS = 10_000;

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

export function clientConfig({ url, applicationName, options }: ConnectOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: TEXT_ONLY as unknown as pg.CustomTypesConfig, // pg's type asks for binary parsers too, which are never called
    ...(options === undefined ? {} : { options }),
  };
}

/** A connected client. Its later errors surface on the queries that are running; an idle one's are kept quiet until the next query. */
export async function connectClient(options: ConnectOptions): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  client.on('error', () => undefined);
  const abort = (): void => void client.end().catch(() => undefined);
  options.signal?.throwIfAborted();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectionError(error, options.side, options.url);
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
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
