import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ensureBuilt } from './build.ts';
import { type OpenSearchLine, SearchNodes, type SharedNode } from './opensearch/index.ts';
import { ServerRegistry, type ServerRole, type TestServer } from './servers.ts';

/** How the workers of one test run find the process that owns what they share. */
const ADDRESS = 'WALCAST_TEST_BROKER';

export interface Broker {
  close(): Promise<void>;
}

/** Starts servers on demand for the workers of a test run; undefined when an earlier project of the run did so. */
export async function startBroker(): Promise<Broker | undefined> {
  if (process.env[ADDRESS] !== undefined) return undefined;
  const registry = new ServerRegistry();
  const searchNodes = new SearchNodes();
  let built: Promise<void> | undefined;
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const url = new URL(request.url ?? '/', 'http://broker');
    if (url.pathname === '/server') {
      return await registry.get(Number(url.searchParams.get('major')), url.searchParams.get('role') as ServerRole);
    }
    if (url.pathname === '/opensearch') return await searchNodes.get(url.searchParams.get('line') as OpenSearchLine);
    built ??= ensureBuilt();
    await built;
    return {};
  };
  const http = createServer((request, response) => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  // A worker may wait for a download; its own test timeout bounds that.
  http.requestTimeout = 0;
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  process.env[ADDRESS] = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    close: async () => {
      delete process.env[ADDRESS];
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await Promise.all([registry.stop(), searchNodes.stop()]);
    },
  };
}

let ownRegistry: ServerRegistry | undefined;
let ownSearchNodes: SearchNodes | undefined;
let ownBuild: Promise<void> | undefined;

/** The shared server of a role; outside a test run, one that lives as long as this process. */
export async function sharedServer(major: number, role: ServerRole): Promise<TestServer> {
  const address = process.env[ADDRESS];
  if (address !== undefined) return (await ask(`${address}/server?major=${major}&role=${role}`)) as TestServer;
  ownRegistry ??= new ServerRegistry();
  return await ownRegistry.get(major, role);
}

/** The shared OpenSearch node of a line, in the same way. Name what you make there by a prefix of your own. */
export async function sharedOpenSearch(line: OpenSearchLine = '2'): Promise<SharedNode> {
  const address = process.env[ADDRESS];
  if (address !== undefined) return (await ask(`${address}/opensearch?line=${line}`)) as SharedNode;
  ownSearchNodes ??= new SearchNodes();
  return await ownSearchNodes.get(line);
}

/** `dist` is as new as `src`. */
export async function sharedBuild(): Promise<void> {
  const address = process.env[ADDRESS];
  if (address !== undefined) await ask(`${address}/build`);
  else await (ownBuild ??= ensureBuilt());
}

/** Ends what `sharedServer` started outside a test run. */
export async function stopOwnServers(): Promise<void> {
  await Promise.all([ownRegistry?.stop(), ownSearchNodes?.stop()]);
  ownRegistry = undefined;
  ownSearchNodes = undefined;
}

async function ask(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await response.text());
  return await response.json();
}
