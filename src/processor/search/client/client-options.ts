import { readFile } from 'node:fs/promises';
import type { SearchTarget } from '../../../config/targets.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';

type Settings = SearchTarget['opensearch'];

/** The part of a target's settings that says how to reach the cluster. */
export type Reach = Pick<Settings, 'url' | 'auth' | 'tls'>;

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized: boolean;
}

/** `https://host:port`, without what else a URL may hold. */
export interface Address {
  readonly origin: string;
  /** Of a cluster behind a proxy; without the last slash. */
  readonly path: string;
}

export function addressOf(text: string): Address {
  const url = new URL(text.replace(/^opensearch\+/, ''));
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') };
}

/** The constant headers of every request: user and password of the URL, or a key. AWS signs each request instead. */
export function authHeaders({ url, auth }: Reach): Record<string, string> {
  if (auth.api_key !== undefined) return { authorization: `ApiKey ${auth.api_key}` };
  const { username, password } = new URL(url.replace(/^opensearch\+/, ''));
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export async function readTlsFiles(tls: Reach['tls']): Promise<TlsFiles> {
  const [ca, cert, key] = await Promise.all([read('ca', tls.ca), read('cert', tls.cert), read('key', tls.key)]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: !tls.insecure,
  };
}

async function read(what: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new WalcastError('E_CONFIG', `opensearch.tls.${what}: ${path} cannot be read (${String(cause)})`, { cause });
  }
}
