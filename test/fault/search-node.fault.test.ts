import { afterEach, describe, expect, it } from 'vitest';
import { OpenSearchNode } from '../support/opensearch/index.ts';

describe('the OpenSearch node of the tests', () => {
  let node: OpenSearchNode | undefined;
  afterEach(() => node?.destroy());

  it('keeps its port and what it confirmed over a kill -9', async () => {
    node = await OpenSearchNode.create();
    await node.start();
    const url = `${node.url}/things/_doc/1`;
    const written = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"colour":"red"}',
    });
    expect(written.status).toBe(201);
    await node.kill();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await node.start();
    expect(await (await fetch(url)).json()).toMatchObject({ _source: { colour: 'red' } });
  });
});
