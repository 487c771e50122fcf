import { spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

/**
 * Outlives us by a moment: a shell that waits on a pipe which only our process holds open. However we end, SIGKILL
 * included, the pipe closes and the shell ends the process it guards, then removes the folder that belonged to it.
 */
const SCRIPT = `
read -r word && exit 0
kill -s "$2" "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -z "$3" ] || rm -rf -- "$3"
`;

export interface Guard {
  /** The guarded process is gone, or in other hands: the guard goes too and touches nothing. */
  release(): void;
}

export interface GuardOptions {
  readonly signal?: 'QUIT' | 'KILL';
  /** Removed when the guard has to act. */
  readonly folder?: string;
  /** Whose rights the guard has. */
  readonly user?: ServerUser;
}

export function guardProcess(pid: number, options: GuardOptions = {}): Guard {
  const child = spawn('sh', ['-c', SCRIPT, 'guard', String(pid), options.signal ?? 'QUIT', options.folder ?? ''], {
    ...options.user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  const ignore = (): void => undefined;
  child.on('error', ignore);
  child.stdin.on('error', ignore);
  // The pipe alone must not keep our own process alive.
  (child.stdin as unknown as { unref(): void }).unref();
  return { release: () => child.stdin.end('done\n') };
}
