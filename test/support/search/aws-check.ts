import { createHash, createHmac } from 'node:crypto';
import type { Visit } from './guarded-node.ts';

export interface AwsIdentity {
  readonly keyId: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
}

/** Checks a request as AWS does, written from the description of Signature Version 4 and not from the code under test. */
export function isSigned({ request, body }: Visit, { keyId, secret, region, service }: AwsIdentity): boolean {
  const { headers, method = '', url = '/' } = request;
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  const time = headers['x-amz-date'];
  if (given === null || typeof time !== 'string') return false;
  const [, credential, names = '', signature] = given;
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  if (credential !== `${keyId}/${scope}`) return false;
  if (!['host', 'x-amz-date'].every((name) => names.split(';').includes(name))) return false;
  if (headers['x-amz-content-sha256'] !== sha256(body)) return false;
  const [path = '/', query = ''] = url.split('?');
  const canonical = [
    method,
    // Each part is encoded once more than it stands in the URL.
    path.split('/').map(encodeStrictly).join('/'),
    [...query.split('&')]
      .filter((pair) => pair !== '')
      .map(canonicalPair)
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  let key = hmac(`AWS4${secret}`, time.slice(0, 8));
  for (const word of [region, service, 'aws4_request']) key = hmac(key, word);
  return hmac(key, text).toString('hex') === signature;
}

function canonicalPair(pair: string): string {
  const [name = '', value = ''] = pair.split('=').map((word) => encodeStrictly(decodeURIComponent(word)));
  return `${name}=${value}`;
}

function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
