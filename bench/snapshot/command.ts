import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { processUsage } from '../measure/process-usage.ts';
import type { Copied } from './copier.ts';
import { endedChildrenSeconds } from './process-times.ts';

const LOOK_EVERY_MS = 50;
const KEPT = 4_000;

/** Runs a program to its end, alone: whatever else of ours ends meanwhile would be counted as its time. */
export async function timedCommand(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Copied> {
  const before = await endedChildrenSeconds();
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-KEPT)));
  let ended = false;
  const code = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'nothing'));
  }).finally(() => (ended = true));
  let peakBytes = 0;
  const watching = (async () => {
    while (!ended && child.pid !== undefined) {
      peakBytes = Math.max(peakBytes, (await processUsage(child.pid))?.peakBytes ?? 0);
      await delay(LOOK_EVERY_MS);
    }
  })();
  const result = await code;
  const seconds = (performance.now() - started) / 1000;
  await watching;
  if (result !== 0) throw new Error(`${program} ended with ${result}: ${said}`);
  const cpuSeconds = (await endedChildrenSeconds()) - before;
  return { seconds, clients: { cpuSeconds, peakBytes: peakBytes === 0 ? null : peakBytes } };
}
