import type { ProcessRole, Runner } from '../contestants/contestant.ts';
import { type ProcessUsage, processUsage } from './process-usage.ts';
import type { Drain } from './results.ts';

export type Usages = ReadonlyMap<number, ProcessUsage & { readonly role: ProcessRole }>;

/** What the processes of a contestant have used so far. Read before they end: what is gone has no /proc. */
export async function usagesOf(runner: Runner, walsender: number): Promise<Usages> {
  const processes = [...(await runner.processes()), { role: 'walsender' as const, pid: walsender }];
  const usages = new Map<number, ProcessUsage & { role: ProcessRole }>();
  for (const { role, pid } of processes) {
    const usage = await processUsage(pid);
    if (usage !== null) usages.set(pid, { role, ...usage });
  }
  return usages;
}

/** Between two readings: what starting up took is not part of it. */
export function usageBetween(before: Usages, after: Usages): Pick<Drain, 'cpu' | 'peakBytes'> {
  const cpu: Partial<Record<ProcessRole, number>> = {};
  let peakBytes: number | null = null;
  for (const [pid, { role, cpuSeconds, peakBytes: peak }] of after) {
    cpu[role] = (cpu[role] ?? 0) + cpuSeconds - (before.get(pid)?.cpuSeconds ?? 0);
    if (role === 'consumer') peakBytes = peak;
  }
  return { cpu, peakBytes };
}
