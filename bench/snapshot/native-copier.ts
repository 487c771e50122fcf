import { setTimeout as delay } from 'node:timers/promises';
import { connect, run, value } from '../database.ts';
import { hasFence, raiseFence } from '../measure/fence.ts';
import type { Copier, CopyLane } from './copier.ts';

const TIMEOUT_MS = 1_800_000;
const POLL_MS = 20;

/** CREATE SUBSCRIPTION with copy_data, into tables that are there with all of their keys and indexes, as it has to be. */
export function nativeCopier(name: string, binary: boolean): Copier {
  return {
    name,
    given: 'keys',
    bare: false,
    prepare: () => Promise.resolve(),
    async copy(lane) {
      const url = new URL(lane.source.url(lane.sourceDatabase));
      const connection = `host=${url.hostname} port=${url.port} user=${url.username} dbname=${lane.sourceDatabase}`;
      const source = await connect(lane.source.url(lane.sourceDatabase), 'walcast bench');
      const target = await connect(lane.target.url(lane.targetDatabase), 'walcast bench');
      try {
        const started = performance.now();
        await target.query(
          `create subscription ${lane.name} connection '${connection}' publication ${lane.publication}
             with (binary = ${binary}, synchronous_commit = ${lane.synchronousCommit})`,
        );
        const until = async (done: () => Promise<boolean>, what: string): Promise<void> => {
          const end = started + TIMEOUT_MS;
          while (!(await done())) {
            if (performance.now() > end) throw new Error(`${name}: ${what} was not reached`);
            await delay(POLL_MS);
          }
        };
        const synced = `select count(*) filter (where srsubstate <> 'r') = 0 and count(*) > 0 from pg_subscription_rel`;
        await until(async () => (await value(target, synced)) === 't', 'the state `ready` of all tables');
        await raiseFence(source, lane.fence);
        await until(() => hasFence(target, lane.fence), 'the fence');
        return { seconds: (performance.now() - started) / 1000, clients: { cpuSeconds: 0, peakBytes: null } };
      } finally {
        await Promise.all([source.end(), target.end()]);
      }
    },
    clean: dropSubscription,
  };
}

async function dropSubscription(lane: CopyLane): Promise<void> {
  const url = lane.target.url(lane.targetDatabase);
  const client = await connect(url, 'walcast bench');
  try {
    const there = await value(client, 'select 1 from pg_subscription where subname = $1', [lane.name]);
    if (there === null) return;
  } finally {
    await client.end();
  }
  await run(url, `drop subscription ${lane.name}`);
}
