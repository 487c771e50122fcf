import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PrivateCluster } from '../test-databases.ts';

const run = promisify(execFile);

/** A file system of its own size in memory, for a tablespace. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Needs the right to mount, as root mostly has it. */
  static async possible(): Promise<boolean> {
    const folder = await mkdtemp(join(tmpdir(), 'walcast-mount-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder]);
      await run('umount', [folder]);
      return true;
    } catch {
      return false;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Belongs to the server's user. */
  static async mount({ cluster }: PrivateCluster, megabytes: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'walcast-disk-'));
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', folder]);
    const { uid, gid } = await stat(cluster.dataFolder);
    await chown(folder, uid, gid);
    return new SmallDisk(folder);
  }

  async grow(megabytes: number): Promise<void> {
    await run('mount', ['-o', `remount,size=${megabytes}m`, this.folder]);
  }

  /** After its server has ended. */
  async unmount(): Promise<void> {
    await run('umount', [this.folder]);
    await rm(this.folder, { recursive: true, force: true });
  }
}
