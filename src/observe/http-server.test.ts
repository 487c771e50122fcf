import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isWalcastError } from '../errors/walcast-error.ts';
import { startHttpServer, type HttpProviders, type HttpServer, type HttpServerOptions } from './http-server.ts';
import { Metrics } from './metrics.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(providers: Partial<HttpProviders> = {}, options: Partial<HttpServerOptions> = {}) {
  const fine = () => ({ ok: true });
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    metrics: new Metrics({ pipeline: 'main', process: false }),
    providers: { live: fine, ready: fine, started: fine, status: () => Promise.resolve({}), ...providers },
    ...options,
  });
  open.push(server);
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { code: response.status, body: await response.text(), headers: response.headers };
  };
  return { server, get };
}

describe('startHttpServer', () => {
  it('answers 200 while healthy and 503 with the reason while not', async () => {
    const { get } = await start({
      live: () => ({ ok: true }),
      ready: () => ({ ok: false, reason: 'target replica stopped at 0/16B3748' }),
      started: () => ({ ok: false }),
    });
    expect(await get('/livez')).toMatchObject({ code: 200, body: 'ok\n' });
    expect(await get('/readyz')).toMatchObject({ code: 503, body: 'target replica stopped at 0/16B3748\n' });
    expect(await get('/startupz?verbose')).toMatchObject({ code: 503, body: 'not ok\n' });
  });

  it('serves metrics and status', async () => {
    const { get } = await start({ status: () => Promise.resolve({ lag: 5n, url: 'postgres://u:s3cret@h/d' }) });
    const metrics = await get('/metrics');
    expect(metrics.body).toContain('# TYPE walcast_lag_bytes gauge');
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    const status = await get('/status');
    expect(JSON.parse(status.body)).toEqual({ lag: '5', url: 'postgres://u:***@h/d' });
    expect(status.headers.get('cache-control')).toBe('no-store');
  });

  it('links everything from a page at /', async () => {
    const { get } = await start();
    const { body } = await get('/');
    for (const [, path] of body.matchAll(/href="([^"]+)"/g)) expect((await get(path ?? '')).code).toBe(200);
    expect([...body.matchAll(/href=/g)]).toHaveLength(5);
  });

  it('refuses other paths and methods, and answers HEAD without a body', async () => {
    const { get } = await start();
    expect((await get('/etc/passwd')).code).toBe(404);
    expect((await get('/livez', { method: 'POST', body: 'x' })).code).toBe(405);
    expect(await get('/livez', { method: 'HEAD' })).toMatchObject({ code: 200, body: '' });
  });

  it('says 503, without passwords, when a provider fails or takes too long', async () => {
    const failing = await start({ status: () => Promise.reject(new Error('no postgres://u:s3cret@h/d')) });
    expect(await failing.get('/status')).toMatchObject({ code: 503, body: 'failed: no postgres://u:***@h/d\n' });
    const throwing = await start({
      live: () => {
        throw new Error('broken');
      },
    });
    expect((await throwing.get('/livez')).code).toBe(503);
    const hanging = await start({ status: () => new Promise(() => undefined) }, { answerTimeout: 20 });
    expect(await hanging.get('/status')).toMatchObject({ code: 503, body: 'failed: no answer within 20 ms\n' });
  });

  it('closes within a second though clients hold on, and may be closed twice', async () => {
    let asked: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    const { server, get } = await start({
      status: () => {
        asked();
        return new Promise(() => undefined);
      },
    });
    const silent = connect(server.port, '127.0.0.1').on('error', () => undefined);
    const cut = get('/status').then(
      () => 'answered',
      () => 'cut',
    );
    await waiting;
    const before = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await cut).toBe('cut');
    silent.destroy();
  });

  it('says E_LISTEN when the port is taken', async () => {
    const { server } = await start();
    const error: unknown = await start({}, { port: server.port }).catch((reason: unknown) => reason);
    expect(isWalcastError(error) && error.code).toBe('E_LISTEN');
  });
});
