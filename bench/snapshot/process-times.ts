import { readdir, readFile } from 'node:fs/promises';

/** The kernel counts in ticks, a hundredth of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Times {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for, and of theirs. */
  readonly ended: number;
}

/** CPU seconds of a process and of all below it, those that have ended included. */
export async function treeSeconds(pid: number): Promise<number> {
  const table = new Map<number, Times>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const times = await timesOf(name);
    if (times !== null) table.set(Number(name), times);
  }
  const below = (root: number): number => {
    const times = table.get(root);
    if (times === undefined) return 0;
    const children = [...table].filter(([, { parent }]) => parent === root).map(([child]) => child);
    return times.own + times.ended + children.reduce((sum, child) => sum + below(child), 0);
  };
  return below(pid);
}

/** CPU seconds of our children that have ended. */
export async function endedChildrenSeconds(): Promise<number> {
  return (await timesOf('self'))?.ended ?? 0;
}

async function timesOf(pid: string): Promise<Times | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name in parentheses may hold anything, so what follows its last one is read: ppid, utime, stime, cutime, cstime are 4 and 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (at: number): number => Number(fields[at]) / TICKS_PER_SECOND;
  return { parent: Number(fields[1]), own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) };
}
