import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Certificates } from './certificates.ts';

export interface Visit {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

export interface GuardOptions {
  /** Of the real node behind. */
  readonly url: string;
  readonly certificates?: Certificates;
  /** Only a client with a certificate of the authority is let in. */
  readonly clientCertificate?: boolean;
  /** Who is let in. */
  readonly admits?: (visit: Visit) => boolean;
}

/** A door before a real node, as the proxies are that guard clusters: TLS, and a look at who comes. */
export class GuardedNode {
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start(options: GuardOptions): Promise<GuardedNode> {
    const { certificates, clientCertificate = false } = options;
    const listener: RequestListener = (request, response) => {
      void pass(options, request).then(
        ({ status, body, type }) => response.writeHead(status, { 'content-type': type }).end(body),
        () => response.destroy(),
      );
    };
    const server =
      certificates === undefined
        ? createHttpServer(listener)
        : createHttpsServer(
            {
              ca: await readFile(certificates.ca),
              cert: await readFile(certificates.server.cert),
              key: await readFile(certificates.server.key),
              requestCert: clientCertificate,
              rejectUnauthorized: clientCertificate,
            },
            listener,
          );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new GuardedNode(server, certificates === undefined ? 'http' : 'https');
  }

  /** With user and password, where they are given. */
  url(credentials = ''): string {
    const at = credentials === '' ? '' : `${credentials}@`;
    return `${this.#scheme}://${at}127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function pass(
  { url, admits = () => true }: GuardOptions,
  request: IncomingMessage,
): Promise<{ status: number; body: Buffer; type: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!admits({ request, body })) return { status: 401, body: Buffer.from('Unauthorized'), type: 'text/plain' };
  const { method = 'GET', headers } = request;
  const response = await fetch(`${url}${request.url}`, {
    method,
    headers: { 'content-type': headers['content-type'] ?? 'application/json' },
    ...(body.length === 0 ? {} : { body }),
  });
  return {
    status: response.status,
    body: Buffer.from(await response.arrayBuffer()),
    type: response.headers.get('content-type') ?? 'text/plain',
  };
}

/** The name in the certificate of a client; null without one. */
export function clientName(request: IncomingMessage): string | null {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate() as { subject?: { CN?: string } };
  return subject?.CN ?? null;
}
