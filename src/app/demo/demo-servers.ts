import { ensurePostgres, PostgresCluster } from './embedded/index.ts';
import { withConnection } from './database.ts';

/** A plain user owns everything; only walcast itself is more. */
export const OWNER = 'shop';
const DATABASE = 'shop';
const MAJOR = 18;

export interface DemoServer {
  readonly cluster: PostgresCluster;
  /** Of the superuser. */
  readonly adminUrl: string;
  /** Of the user whom all tables belong to. */
  readonly ownerUrl: string;
}

export interface DemoServers {
  readonly source: DemoServer;
  readonly target: DemoServer;
  readonly version: string;
  destroy(): Promise<void>;
}

/** Two empty databases on two servers that sync every commit to disk. Roles are not replicated: both get them. */
export async function startServers(): Promise<DemoServers> {
  const binaries = await ensurePostgres(MAJOR);
  const clusters: PostgresCluster[] = [];
  const destroy = async (): Promise<void> => void (await Promise.all(clusters.map((cluster) => cluster.destroy())));
  const make = async (name: string): Promise<DemoServer> => {
    const cluster = await PostgresCluster.create({ binaries, name: `demo-${name}`, durable: true });
    clusters.push(cluster);
    await cluster.start();
    await withConnection(cluster.url(), 'demo', async (client) => {
      await client.query(`create role ${OWNER} login; create role reporting`);
      await client.query(`create database ${DATABASE} owner ${OWNER}`);
    });
    return { cluster, adminUrl: cluster.url(DATABASE), ownerUrl: cluster.url(DATABASE, OWNER) };
  };
  const [source, target] = await Promise.allSettled([make('source'), make('target')]);
  if (source.status === 'rejected' || target.status === 'rejected') {
    await destroy();
    throw source.status === 'rejected' ? source.reason : (target as PromiseRejectedResult).reason;
  }
  return { source: source.value, target: target.value, version: binaries.version, destroy };
}
