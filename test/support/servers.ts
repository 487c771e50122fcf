import { binariesIn, ensurePostgres, isPostgresMajor, PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import type { PostgresBinaries } from '../../src/app/demo/embedded/index.ts';
import { serverMajor, prepareServer } from './prepare-server.ts';

export type ServerRole = 'source' | 'target';

/** A server that tests may use: the URL is a superuser's, to the database `postgres`. */
export interface TestServer {
  readonly url: string;
  readonly major: number;
  readonly role: ServerRole;
  /** Of the postmaster, where it is ours. */
  readonly pid?: number;
}

interface Started {
  readonly server: TestServer;
  stop(): Promise<void>;
}

/** One source and one target a major version, started when first asked for. */
export class ServerRegistry {
  readonly #started = new Map<string, Promise<Started>>();

  async get(major: number, role: ServerRole): Promise<TestServer> {
    const key = `${major}-${role}`;
    let started = this.#started.get(key);
    if (started === undefined) {
      started = provide(major, role);
      this.#started.set(key, started);
    }
    return (await started).server;
  }

  async stop(): Promise<void> {
    const all = [...this.#started.values()];
    this.#started.clear();
    await Promise.allSettled(all.map(async (started) => await (await started).stop()));
  }
}

/** From the environment, else binaries of this machine, else a container. A server that can't be had is a failure, never a skip. */
async function provide(major: number, role: ServerRole): Promise<Started> {
  const url = process.env[`WALCAST_TEST_${role.toUpperCase()}_URL`];
  const started = url === undefined || url === '' ? await ownServer(major, role) : await givenServer(url, major, role);
  await prepareServer(started.server);
  return started;
}

async function givenServer(url: string, major: number, role: ServerRole): Promise<Started> {
  const actual = await serverMajor(url);
  if (actual !== major) throw new Error(`the ${role} named by the environment is PostgreSQL ${actual}, not ${major}`);
  return { server: { url, major, role }, stop: () => Promise.resolve() };
}

async function ownServer(major: number, role: ServerRole): Promise<Started> {
  try {
    const cluster = await PostgresCluster.create({ binaries: await binariesFor(major), name: `test-${role}` });
    await cluster.start();
    const { pid } = cluster;
    const server = { url: cluster.url(), major, role, ...(pid === undefined ? {} : { pid }) };
    return { server, stop: () => cluster.destroy() };
  } catch (local) {
    const { containerServer } = await import('./container-server.ts');
    try {
      const container = await containerServer(major);
      return { server: { url: container.url, major, role }, stop: () => container.stop() };
    } catch (docker) {
      throw new AggregateError(
        [local, docker],
        `no PostgreSQL ${major}: ${String(local)}; as a container: ${String(docker)}`,
      );
    }
  }
}

/** `$PG_BIN` serves its own major version, the embedded binaries serve the others. */
export async function binariesFor(major: number): Promise<PostgresBinaries> {
  const folder = process.env['PG_BIN'];
  if (folder !== undefined && folder !== '') {
    const binaries = await binariesIn(folder);
    if (binaries.major === major) return binaries;
  }
  if (!isPostgresMajor(major)) throw new Error(`there are no embedded binaries of PostgreSQL ${major}`);
  return await ensurePostgres(major);
}
