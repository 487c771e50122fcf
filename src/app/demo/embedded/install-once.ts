import { mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HEARTBEAT_MS = 1_000;
const STALE_MS = 10_000;
const PATIENCE_MS = 300_000;

/**
 * Fills a folder exactly once, whatever number of processes ask for it: it is filled beside its place and renamed
 * into it, so it is either complete or absent. The lock only spares the others the work; if its owner died they go on.
 */
export async function installOnce(folder: string, fill: (scratch: string) => Promise<void>): Promise<void> {
  if (await exists(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  const lock = `${folder}.lock`;
  const locked = await takeLock(lock, folder);
  const heartbeat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  try {
    if (await exists(folder)) return;
    const scratch = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
    try {
      await fill(scratch);
      await rename(scratch, folder);
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      if (!(await exists(folder))) throw error;
    }
  } finally {
    clearInterval(heartbeat);
    if (locked) await rm(lock, { recursive: true, force: true });
  }
}

/** False when the folder appeared, or patience ended, before the lock was ours. */
async function takeLock(lock: string, folder: string): Promise<boolean> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    try {
      await mkdir(lock);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await exists(folder)) return false;
    const held = await stat(lock).catch(() => undefined);
    if (held !== undefined && Date.now() - held.mtimeMs > STALE_MS) await rm(lock, { recursive: true, force: true });
    await delay(100);
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
