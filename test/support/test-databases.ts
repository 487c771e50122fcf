import { PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import { sharedServer } from './broker.ts';
import { newestMajor } from './majors.ts';
import { prepareServer } from './prepare-server.ts';
import { binariesFor, type ServerRole, type TestServer } from './servers.ts';
import { TestDatabase } from './test-database.ts';

export interface DatabasePair {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly major: number;
  dispose(): Promise<void>;
}

export interface DatabasesOptions {
  /** Of both servers, unless the target's is given too. The newest of the run when absent. */
  readonly major?: number;
  readonly targetMajor?: number;
}

/** Two empty databases on the shared servers of the run. */
export async function testDatabases(options: DatabasesOptions = {}): Promise<DatabasePair> {
  const major = options.major ?? newestMajor();
  const [sourceServer, targetServer] = await Promise.all([
    sharedServer(major, 'source'),
    sharedServer(options.targetMajor ?? major, 'target'),
  ]);
  const [source, target] = await Promise.all([TestDatabase.create(sourceServer), TestDatabase.create(targetServer)]);
  const dispose = async (): Promise<void> => void (await Promise.all([source.dispose(), target.dispose()]));
  return { source, target, major, dispose };
}

export interface PrivateCluster {
  readonly cluster: PostgresCluster;
  readonly server: TestServer;
  /** A new database on it. */
  database(): Promise<TestDatabase>;
  /** Stops the server and removes its data. */
  dispose(): Promise<void>;
}

export interface PrivateClusterOptions {
  readonly role: ServerRole;
  readonly major?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A server that a test may kill: nobody else uses it. */
export async function privateCluster(options: PrivateClusterOptions): Promise<PrivateCluster> {
  const { role, settings = {}, major = newestMajor() } = options;
  const cluster = await PostgresCluster.create({
    binaries: await binariesFor(major),
    name: `private-${role}`,
    settings,
  });
  try {
    await cluster.start();
    const server: TestServer = { url: cluster.url(), major, role };
    await prepareServer(server);
    return { cluster, server, database: () => TestDatabase.create(server), dispose: () => cluster.destroy() };
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
}
