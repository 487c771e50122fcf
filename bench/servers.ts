import { ensurePostgres, PostgresCluster, type PostgresMajor } from '../src/app/demo/embedded/index.ts';

export interface BenchServers {
  readonly source: PostgresCluster;
  readonly target: PostgresCluster;
  readonly version: string;
  /** Non-default settings, for the report. */
  readonly settings: Readonly<Record<string, string>>;
  destroy(): Promise<void>;
}

/** Big enough that nothing but the work itself is measured: no checkpoint by size, no vacuum in between. */
const COMMON: Readonly<Record<string, string>> = {
  shared_buffers: '256MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  max_replication_slots: '80',
  max_wal_senders: '20',
  logical_decoding_work_mem: '64MB',
  max_worker_processes: '16',
  max_logical_replication_workers: '8',
  max_sync_workers_per_subscription: '4',
};

export async function startServers(options: {
  readonly major: PostgresMajor;
  readonly fsync: boolean;
  readonly synchronousCommit: 'on' | 'off';
}): Promise<BenchServers> {
  const binaries = await ensurePostgres(options.major);
  const clusters: PostgresCluster[] = [];
  const start = async (name: string, settings: Readonly<Record<string, string>>): Promise<PostgresCluster> => {
    const cluster = await PostgresCluster.create({
      binaries,
      name: `bench-${name}`,
      durable: options.fsync,
      settings: { ...COMMON, ...settings },
    });
    clusters.push(cluster);
    await cluster.start();
    return cluster;
  };
  const destroy = async (): Promise<void> => void (await Promise.all(clusters.map((cluster) => cluster.destroy())));
  try {
    const source = await start('source', { wal_level: 'logical' });
    const target = await start('target', { wal_level: 'replica', synchronous_commit: options.synchronousCommit });
    const settings = {
      ...COMMON,
      fsync: options.fsync ? 'on' : 'off',
      'synchronous_commit (both targets)': options.synchronousCommit,
    };
    return { source, target, version: binaries.version, settings, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}
