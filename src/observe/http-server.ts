import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { redactDeep, redactText } from '../errors/redact.ts';
import { WalcastError } from '../errors/walcast-error.ts';

export interface Health {
  readonly ok: boolean;
  /** Why not; or what else is worth knowing. */
  readonly reason?: string;
}

export interface HttpProviders {
  /** false: the process can't go on and should be restarted. */
  live(): Health;
  /** false: at least one target isn't being fed. */
  ready(): Health;
  /** false: still starting. */
  started(): Health;
  status(): Promise<unknown>;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly providers: HttpProviders;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly secrets?: readonly string[];
  /** Longest wait for status and metrics, in ms. */
  readonly answerTimeout?: number;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Lets open answers end for a moment, then cuts them off. Done within a second; may be called again. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;
const CLOSE_GRACE_MS = 500;

/** Health, metrics and status. Reads only, knows nobody, so it listens on localhost unless told otherwise. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: 8_192,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.keepAliveTimeout = REQUEST_TIMEOUT_MS;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, options).then(
      (reply) => send(request, response, reply),
      (error: unknown) => send(request, response, failure(error, options.secrets)),
    );
  });
  await listen(server, options);
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return { host: address.address, port: address.port, close: () => (closing ??= close(server)) };
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new WalcastError('E_LISTEN', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

interface Reply {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';

async function answer(request: IncomingMessage, options: HttpServerOptions): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { code: 405, type: TEXT, body: 'only GET and HEAD\n' };
  const { providers, metrics, secrets } = options;
  const wait = options.answerTimeout ?? REQUEST_TIMEOUT_MS;
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return health(providers.live(), secrets);
    case '/readyz':
      return health(providers.ready(), secrets);
    case '/startupz':
      return health(providers.started(), secrets);
    case '/metrics':
      return { code: 200, type: metrics.contentType, body: await within(wait, metrics.text()) };
    case '/status':
      return {
        code: 200,
        type: 'application/json; charset=utf-8',
        body: json(await within(wait, providers.status()), secrets),
      };
    case '/':
      return { code: 200, type: 'text/html; charset=utf-8', body: PAGE };
    default:
      return { code: 404, type: TEXT, body: 'not found\n' };
  }
}

function health(state: Health, secrets: readonly string[] = []): Reply {
  const text = state.reason ?? (state.ok ? 'ok' : 'not ok');
  return { code: state.ok ? 200 : 503, type: TEXT, body: `${redactText(text, secrets)}\n` };
}

/** Positions may be bigint. */
function json(value: unknown, secrets: readonly string[] = []): string {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)) ?? 'null',
  );
  return `${JSON.stringify(redactDeep(plain, secrets), undefined, 2)}\n`;
}

function failure(error: unknown, secrets: readonly string[] = []): Reply {
  const text = error instanceof Error ? error.message : 'unknown';
  return { code: 503, type: TEXT, body: `failed: ${redactText(text, secrets)}\n` };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.code, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
  request.resume();
}

const LINKS: readonly (readonly [string, string])[] = [
  ['/status', 'state of source, slot and targets, as JSON'],
  ['/metrics', 'metrics for Prometheus'],
  ['/livez', 'is the process able to work'],
  ['/readyz', 'is every target being fed'],
  ['/startupz', 'has the start ended'],
];

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>walcast</title>
<style>body{font:1rem/1.6 system-ui,sans-serif;margin:2rem;color-scheme:light dark}</style>
<h1>walcast</h1>
<ul>
${LINKS.map(([path, text]) => `<li><a href="${path}">${path}</a> ${text}</li>`).join('\n')}
</ul>
</html>
`;
