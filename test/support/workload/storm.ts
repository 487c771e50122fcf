import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { PrivateCluster } from '../test-databases.ts';
import { withClient } from '../text-client.ts';

export type Blow = 'daemon' | 'target' | 'walsender' | 'source';

/** Half of the kills hit the daemon, half the target server; the stream is cut, and the source restarted, in between. */
export function planStorm(random: Random, kills: number): Blow[] {
  const plan: Blow[] = [];
  for (let i = 0; i < kills; i++) plan.push(i % 2 === 0 ? 'daemon' : 'target');
  for (let i = 0; i < kills / 5; i++) plan.push('walsender');
  for (let i = 0; i < kills / 10; i++) plan.push('source');
  return random.shuffle(plan);
}

/** Ends every session that streams. */
export async function terminateWalsenders(sourceUrl: string): Promise<void> {
  await withClient(sourceUrl, (client) =>
    client.query('select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null'),
  );
}

/** SIGKILL to all of the server's processes, and a start after a while. */
export async function killAndRestart({ cluster }: PrivateCluster, downMs: number): Promise<void> {
  await cluster.kill9();
  await delay(downMs);
  await cluster.start();
}
