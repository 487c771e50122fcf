import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PACKAGE_ROOT, PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import { sharedBuild } from '../support/broker.ts';
import { testMajors } from '../support/majors.ts';
import { binariesFor } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

async function newCluster(major: number, settings: Record<string, string> = {}): Promise<PostgresCluster> {
  const cluster = await PostgresCluster.create({ binaries: await binariesFor(major), settings });
  onTestFinished(() => cluster.destroy());
  return cluster;
}

describe.each(testMajors())('an embedded PostgreSQL %i', (major) => {
  it('ends, and leaves no files, when the process that started it is killed', async () => {
    await sharedBuild();
    const { initdb, postgres, version } = await binariesFor(major);
    const module = join(PACKAGE_ROOT, 'dist', 'app', 'demo', 'embedded', 'index.js');
    const script = `const { PostgresCluster } = await import(${JSON.stringify(module)});
      const cluster = await PostgresCluster.create({ binaries: ${JSON.stringify({ major, initdb, postgres, version })} });
      await cluster.start();
      console.log(JSON.stringify([cluster.pid, cluster.folder]));
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void owner.kill('SIGKILL'));
    const line = await new Promise<string>((resolve) =>
      owner.stdout.once('data', (data: Buffer) => resolve(String(data))),
    );
    const [pid, folder] = JSON.parse(line) as [number, string];
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    await waitFor(() => !isAlive(pid), { what: 'the server to end' });
    await waitFor(async () => !(await isThere(folder)), { what: 'its folder to be removed' });
  });

  it('says why it does not start', async () => {
    const cluster = await newCluster(major, { no_such_setting: 'on' });
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'E_EMBEDDED_POSTGRES',
      message: expect.stringContaining('no_such_setting'),
    });
    expect(cluster.pid).toBeUndefined();
  });

  it('gets its own port back after somebody else had it for a moment', async () => {
    const cluster = await newCluster(major);
    await cluster.start();
    const { port } = cluster;
    await cluster.stop();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const start = cluster.start();
    await new Promise<void>((resolve) => other.once('connection', () => other.close(() => resolve())));
    await start;
    expect(cluster.port).toBe(port);
    expect(cluster.pid).toBeDefined();
  });

  it('notices when it is killed from outside, and starts again', async () => {
    const cluster = await newCluster(major);
    await cluster.start();
    const { pid } = cluster;
    if (pid === undefined) throw new Error('not started');
    process.kill(pid, 'SIGQUIT');
    await waitFor(() => cluster.pid === undefined, { what: 'its end to be noticed' });
    await cluster.start();
    expect(cluster.pid).not.toBe(pid);
  });

  it('removes everything that it wrote', async () => {
    const cluster = await newCluster(major);
    await cluster.start();
    await cluster.destroy();
    expect(await isThere(cluster.folder)).toBe(false);
  });
});
