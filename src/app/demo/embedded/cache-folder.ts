import { access, constants, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WalcastError } from '../../../errors/walcast-error.ts';
import { canEnter, serverUser } from './server-user.ts';

/** The same depth below `src` and below `dist`. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Where downloaded binaries stay: `$WALCAST_CACHE`, else `.cache` of the package, else a folder of our own among the
 * temporary files when the package is read-only or stands where the server's user may not go.
 */
export async function cacheFolder(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const user = await serverUser();
  const chosen = env['WALCAST_CACHE'];
  if (chosen !== undefined && chosen !== '') {
    await mkdir(chosen, { recursive: true });
    if (await canEnter(user, chosen)) return chosen;
    throw new WalcastError('E_EMBEDDED_POSTGRES', `the user that runs PostgreSQL cannot enter ${chosen}`, {
      hint: 'Let WALCAST_CACHE name a folder that every user may enter.',
    });
  }
  const own = join(PACKAGE_ROOT, '.cache');
  try {
    await mkdir(own, { recursive: true });
    await access(own, constants.W_OK);
    if (await canEnter(user, own)) return own;
  } catch {
    // A package folder that cannot be written to: the temporary files it is.
  }
  return await temporaryCache();
}

/** Its name can be guessed, so what stands there already is used only if nobody else could have put anything in it. */
async function temporaryCache(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `walcast-cache-${uid}`);
  await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const stat = await lstat(folder);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
    throw new WalcastError('E_EMBEDDED_POSTGRES', `${folder} belongs to somebody else`, {
      hint: 'Remove it, or let WALCAST_CACHE name another folder.',
    });
  }
  return folder;
}
