import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WalcastError } from '../../../errors/walcast-error.ts';

const run = promisify(execFile);

/** `spawn` takes it as it is: empty when the server may run as ourselves. */
export type ServerUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

let found: Promise<ServerUser> | undefined;

/** PostgreSQL refuses to run as root, so root lends it to `postgres`, or to `nobody` where that doesn't exist. */
export function serverUser(): Promise<ServerUser> {
  found ??= process.getuid?.() === 0 ? unprivileged() : Promise.resolve({});
  return found;
}

async function unprivileged(): Promise<ServerUser> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // The name does not exist here: the next one.
    }
  }
  throw new WalcastError('E_EMBEDDED_POSTGRES', 'PostgreSQL does not run as root, and no other user was found', {
    hint: 'Run the command as an ordinary user, or create the user `postgres`.',
  });
}

/** Whether the server's user can enter a folder; one below /root it cannot. */
export async function canEnter(user: ServerUser, folder: string): Promise<boolean> {
  if (user.uid === undefined) return true;
  try {
    await run('sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}
