import { readFile } from 'node:fs/promises';

export interface ProcessUsage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** The most memory it ever held. */
  readonly peakBytes: number;
}

/** The kernel counts in ticks, a hundredth of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Null where there is no /proc, or the process is gone. */
export async function processUsage(pid: number): Promise<ProcessUsage | null> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The name in parentheses may hold anything, so what follows its last one is read: utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status);
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      peakBytes: Number(peak?.[1] ?? 0) * 1024,
    };
  } catch {
    return null;
  }
}
