import { readFile } from 'node:fs/promises';

/** Most memory that a process has had so far, in MB (VmHWM); printed, so that a run shows how far from its limit it was. */
export async function peakMegabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peak = Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
  process.stdout.write(`peak memory of the daemon: ${peak} MB\n`);
  return peak;
}
