import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Ended, but not yet collected by its parent. */
  readonly zombie: boolean;
}

/** The living children of a process. */
export async function childrenOf(parent: number): Promise<number[]> {
  return (await processTable()).filter((row) => row.parent === parent && !row.zombie).map((row) => row.pid);
}

/** Waits until none of the processes runs any more; false when the time is over. */
export async function untilGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  let left = pids;
  for (;;) {
    const candidates = left.filter(answers);
    if (candidates.length === 0) return true;
    const zombies = new Set((await processTable()).filter((row) => row.zombie).map((row) => row.pid));
    left = candidates.filter((pid) => !zombies.has(pid));
    if (left.length === 0) return true;
    if (Date.now() > end) return false;
    await delay(5);
  }
}

/** Sends a signal; false when the process is gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function processTable(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? await fromProc() : await fromPs();
}

/** Small images have no `ps`, but every Linux has /proc. */
async function fromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(
    pids.map(async (pid): Promise<ProcessRow | undefined> => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      // The name in parentheses may hold anything, so what follows its last one is read.
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields === undefined
        ? undefined
        : { pid: Number(pid), parent: Number(fields[1]), zombie: fields[0] === 'Z' };
    }),
  );
  return rows.filter((row) => row !== undefined);
}

async function fromPs(): Promise<ProcessRow[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), zombie: state?.startsWith('Z') ?? false };
    });
}
