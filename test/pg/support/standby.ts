import { appendFile, chown, cp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresCluster } from '../../../src/app/demo/embedded/index.ts';
import type { PrivateCluster } from '../../support/test-databases.ts';
import { withClient } from '../../support/text-client.ts';
import { waitFor } from '../../support/wait-for.ts';

export interface Standby {
  /** Of the database `postgres`. */
  readonly url: string;
  dispose(): Promise<void>;
}

/** A streaming standby of a private server: its files are copied while it is down for a moment. */
export async function startStandby({ cluster }: PrivateCluster): Promise<Standby> {
  const standby = await PostgresCluster.create({ binaries: cluster.binaries, name: 'standby' });
  try {
    await cluster.stop();
    const { uid, gid } = await stat(standby.dataFolder);
    await rm(standby.dataFolder, { recursive: true });
    await cp(cluster.dataFolder, standby.dataFolder, { recursive: true });
    const files = [
      join(standby.dataFolder, 'standby.signal'),
      join(standby.dataFolder, 'postgresql.auto.conf'),
    ] as const;
    await writeFile(files[0], '');
    await cluster.start();
    await appendFile(files[1], `primary_conninfo = 'host=127.0.0.1 port=${cluster.port} user=postgres'\n`);
    await giveTo(standby.dataFolder, uid, gid);
    await standby.start();
    const streams = `select 1 as one from pg_stat_wal_receiver where status = 'streaming'`;
    await withClient(standby.url(), (client) =>
      waitFor(async () => (await client.query(streams)).rowCount === 1, { what: 'the standby to stream' }),
    );
    return { url: standby.url(), dispose: () => standby.destroy() };
  } catch (error) {
    await standby.destroy();
    throw error;
  }
}

/** The copy belongs to whoever copied; the server wants its own. */
async function giveTo(folder: string, uid: number, gid: number): Promise<void> {
  await chown(folder, uid, gid);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  await Promise.all(entries.map((entry) => chown(join(entry.parentPath, entry.name), uid, gid)));
}
