import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant, Lane } from '../contestants/contestant.ts';
import { connect } from '../database.ts';
import { compareWith } from './compare.ts';
import { hasFence } from './fence.ts';
import type { Drain } from './results.ts';
import { hasSent, senderOf } from './slot-view.ts';
import { usageBetween, usagesOf } from './usage-of.ts';

const POLL_MS = 20;
const TIMEOUT_MS = 1_800_000;

export interface DrainTask {
  readonly contestant: Contestant;
  readonly lane: Lane;
  readonly round: number;
  readonly slot: string;
  readonly fence: number;
  /** Where the source's WAL ended after the fence. */
  readonly end: string;
  readonly expected: ReadonlyMap<string, string>;
}

/** One contestant follows the whole backlog. */
export async function drain(task: DrainTask): Promise<Drain> {
  const { contestant, lane, slot } = task;
  const source = await connect(lane.source.url(lane.sourceDatabase), 'walcast bench');
  const target = await connect(lane.target.url(contestant.writes ? lane.targetDatabase : 'postgres'), 'walcast bench');
  const runner = await contestant.start(lane, slot);
  try {
    const commandedAt = Date.now();
    await runner.begin();
    const sender = await senderOf(source, slot, () => runner.check());
    const before = await usagesOf(runner, sender.pid);
    await untilDone(
      () => (contestant.writes ? hasFence(target, task.fence) : hasSent(source, slot, task.end)),
      () => runner.check(),
      `${contestant.name} on ${lane.sourceDatabase}`,
    );
    const doneAt = Date.now();
    const usage = usageBetween(before, await usagesOf(runner, sender.pid));
    const differences = contestant.writes ? await compareWith(task.expected, target) : null;
    return {
      kind: 'drain',
      contestant: contestant.name,
      round: task.round,
      seconds: (doneAt - sender.startedAt) / 1000,
      startSeconds: (sender.startedAt - commandedAt) / 1000,
      ...usage,
      differences,
    };
  } finally {
    await runner.stop();
    await Promise.all([source.end(), target.end()]);
  }
}

async function untilDone(done: () => Promise<boolean>, check: () => void, what: string): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (!(await done())) {
    check();
    if (performance.now() > end) throw new Error(`${what} was not done after ${TIMEOUT_MS / 1000} s`);
    await delay(POLL_MS);
  }
}
