import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WalcastError } from '../../errors/walcast-error.ts';

/** Written at once. */
const CHUNK = 256 * 1024;

export interface BackupFolder {
  readonly path: string;
  /** Makes the folder when it is not there; one that somebody named has to be, or it may be a mount that is missing. */
  readonly create: boolean;
}

/**
 * Writes the pieces to a new file that only its owner can read. It has its name when all of it is on the disk, folder entry included. What
 * the pieces throw is thrown as it is.
 */
export async function writeBackupFile(
  folder: BackupFolder,
  name: string,
  pieces: AsyncIterable<string>,
): Promise<string> {
  const path = join(folder.path, name);
  const unfinished = join(folder.path, `.${name}.${randomBytes(6).toString('hex')}.tmp`);
  const source: Source = { pieces, failure: undefined };
  try {
    if (folder.create) await mkdir(folder.path, { recursive: true, mode: 0o700 });
    await writeDurably(unfinished, read(source));
    await rename(unfinished, path);
    await syncFolder(folder.path);
    return path;
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw source.failure ?? backupError(folder.path, cause);
  }
}

interface Source {
  readonly pieces: AsyncIterable<string>;
  failure: Error | undefined;
}

async function* read(source: Source): AsyncGenerator<string> {
  try {
    yield* source.pieces;
  } catch (error) {
    source.failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  }
}

async function writeDurably(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    let waiting = '';
    for await (const piece of pieces) {
      waiting += piece;
      if (waiting.length < CHUNK) continue;
      await file.appendFile(waiting);
      waiting = '';
    }
    await file.appendFile(waiting);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function backupError(folder: string, cause: unknown): WalcastError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WalcastError('E_BACKUP', `no backup could be written to ${folder}, so nothing was migrated: ${reason}`, {
    cause,
    fields: { folder },
  });
}
