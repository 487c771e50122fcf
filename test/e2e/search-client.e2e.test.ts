import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePath, type Reach, SearchClient } from '../../src/processor/search/client/index.ts';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { isSigned } from '../support/search/aws-check.ts';
import { NEVER } from '../support/search/bulk-bed.ts';
import { type Certificates, makeCertificates } from '../support/search/certificates.ts';
import { clientName, GuardedNode, type GuardOptions } from '../support/search/guarded-node.ts';

const prefix = uniquePrefix();
let node: SharedNode;
let certificates: Certificates;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  node = await sharedOpenSearch();
  certificates = await makeCertificates();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  await certificates.remove();
  await dropIndexes(node, prefix);
});

async function guard(options: Partial<GuardOptions>): Promise<GuardedNode> {
  const guarded = await GuardedNode.start({ url: node.url, ...options });
  closing.push(() => guarded.close());
  return guarded;
}

async function client(reach: Partial<Reach> & Pick<Reach, 'url'>): Promise<SearchClient> {
  const made = await SearchClient.create({ auth: {}, tls: { insecure: false }, ...reach });
  closing.push(() => made.close());
  return made;
}

/** Writes a document with an odd name and reads it back: through a door that hardly opens, nothing of it works. */
async function works(by: SearchClient): Promise<unknown> {
  const path = encodePath(`${prefix}-doors`, '_doc', "a b/ü+*'(1)");
  await by.request({ method: 'PUT', path, body: { n: 1 }, query: { refresh: true, timeout: '30s' }, signal: NEVER });
  return (await by.request({ method: 'GET', path, signal: NEVER })).json();
}
const WRITTEN = { found: true, _id: "a b/ü+*'(1)", _source: { n: 1 } };

describe('the way to a cluster', () => {
  it('is TLS with an authority of the user', async () => {
    const door = await guard({ certificates });
    const trusting = await client({ url: door.url(), tls: { ca: certificates.ca, insecure: false } });
    expect(await works(trusting)).toMatchObject(WRITTEN);
    const strict = await client({ url: door.url() });
    await expect(works(strict)).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION' });
    const careless = await client({ url: door.url(), tls: { insecure: true } });
    expect(await works(careless)).toMatchObject(WRITTEN);
  });

  it('is TLS with a certificate of our own', async () => {
    const admits: GuardOptions['admits'] = ({ request }) => clientName(request) === 'client';
    const door = await guard({ certificates, clientCertificate: true, admits });
    const known = await client({
      url: door.url(),
      tls: { ca: certificates.ca, insecure: false, ...certificates.client },
    });
    expect(await works(known)).toMatchObject(WRITTEN);
    const unknown = await client({ url: door.url(), tls: { ca: certificates.ca, insecure: false } });
    await expect(works(unknown)).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION' });
  });

  it('tells which file of a certificate is missing', async () => {
    const missing = client({ url: node.url, tls: { ca: '/nowhere/ca.pem', insecure: false } });
    await expect(missing).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('opensearch.tls.ca: /nowhere/ca.pem') as string,
    });
  });

  it('is a user and a password of the URL, whatever is in them', async () => {
    const expected = `Basic ${Buffer.from('ann:p@ss/wörd').toString('base64')}`;
    const door = await guard({ admits: ({ request }) => request.headers.authorization === expected });
    const ann = await client({ url: `opensearch+${door.url(`ann:${encodeURIComponent('p@ss/wörd')}`)}` });
    expect(await works(ann)).toMatchObject(WRITTEN);
    const bob = await client({ url: door.url('bob:secret') });
    const refused = await works(bob).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'E_SEARCH_RIGHTS', retryable: false, status: 401 });
    expect(String(refused)).not.toContain('secret');
  });

  it('is a key', async () => {
    const door = await guard({ admits: ({ request }) => request.headers.authorization === 'ApiKey c2VjcmV0' });
    const known = await client({ url: door.url(), auth: { api_key: 'c2VjcmV0' } });
    expect(await works(known)).toMatchObject(WRITTEN);
    const unknown = await client({ url: door.url() });
    await expect(works(unknown)).rejects.toMatchObject({ code: 'E_SEARCH_RIGHTS' });
  });

  it.each(['es', 'aoss'] as const)('is a signature for AWS, service %s', async (service) => {
    const identity = { keyId: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG', region: 'eu-central-1', service };
    const door = await guard({ admits: (visit) => isSigned(visit, identity) });
    const aws = { region: identity.region, service, access_key_id: identity.keyId };
    const right = await client({ url: door.url(), auth: { aws: { ...aws, secret_access_key: identity.secret } } });
    expect(await works(right)).toMatchObject(WRITTEN);
    const wrong = await client({ url: door.url(), auth: { aws: { ...aws, secret_access_key: 'other' } } });
    await expect(works(wrong)).rejects.toMatchObject({ code: 'E_SEARCH_RIGHTS' });
  });
});
