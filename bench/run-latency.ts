import { setTimeout as delay } from 'node:timers/promises';
import { Arena } from './arena.ts';
import type { Contestant } from './contestants/contestant.ts';
import { connect } from './database.ts';
import { compareWith, fingerprint } from './measure/compare.ts';
import { hasFence, raiseFence } from './measure/fence.ts';
import { BEAT_TABLE, latencies, touchFunction } from './measure/latency.ts';
import type { Latency, WorkloadResult } from './measure/results.ts';
import { senderOf } from './measure/slot-view.ts';
import { usageBetween, usagesOf } from './measure/usage-of.ts';
import type { BenchOptions } from './options.ts';
import type { BenchServers } from './servers.ts';
import { percentile } from './statistics.ts';
import { LATENCY_ID } from './workloads/index.ts';
import { tpcbSchema } from './workloads/tpcb.ts';

const PER_SECOND = 500;
const SECONDS = 30;
const LEAST_SECONDS = 4;
const ACCOUNTS = 100_000;
const FENCE_TIMEOUT_MS = 60_000;

/** Each contestant follows a live source, alone, on databases of its own. */
export async function runLatency(
  contestants: readonly Contestant[],
  servers: BenchServers,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<WorkloadResult> {
  const seconds = Math.max(LEAST_SECONDS, Math.round(SECONDS * Math.min(1, options.scale)));
  const measurements: Latency[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const order = round % 2 === 1 ? contestants : [...contestants].reverse();
    for (const contestant of order) {
      const setup = [...tpcbSchema(10, ACCOUNTS), BEAT_TABLE, touchFunction(ACCOUNTS)];
      const arena = await Arena.create(servers, 'bench_w6', setup, options.synchronousCommit);
      try {
        const result = await follow(arena, contestant, round, seconds);
        measurements.push(result);
        progress(
          `W6 round ${round} ${contestant.name}: p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms`,
        );
      } finally {
        await arena.destroy();
      }
    }
  }
  const transactions = PER_SECOND * seconds;
  return {
    id: LATENCY_ID,
    title: `latency, ${PER_SECOND} transactions/s for ${seconds} s`,
    transactions,
    rows: transactions * 4,
    ddl: 0,
    walBytes: 0,
    measurements,
  };
}

async function follow(arena: Arena, contestant: Contestant, round: number, seconds: number): Promise<Latency> {
  const lane = arena.lane(contestant, round, 0);
  await arena.openTarget(lane);
  const { slot } = await contestant.prepare(lane);
  const sourceUrl = lane.source.url(lane.sourceDatabase);
  const targetUrl = lane.target.url(lane.targetDatabase);
  const source = await connect(sourceUrl, 'walcast bench');
  const target = await connect(targetUrl, 'walcast bench');
  const runner = await contestant.start(lane, slot);
  try {
    await runner.begin();
    const sender = await senderOf(source, slot, () => runner.check());
    const passed = async (id: number): Promise<void> => {
      await raiseFence(source, id);
      const end = performance.now() + FENCE_TIMEOUT_MS;
      while (!(await hasFence(target, id))) {
        runner.check();
        if (performance.now() > end) throw new Error(`${contestant.name} did not bring fence ${id}`);
        await delay(20);
      }
    };
    await passed(1);
    await latencies({ sourceUrl, targetUrl, perSecond: PER_SECOND, seconds: 1 }); // warm plans and caches
    await source.query('truncate beat');
    await passed(2);
    const before = await usagesOf(runner, sender.pid);
    const measured = await latencies({ sourceUrl, targetUrl, perSecond: PER_SECOND, seconds });
    await passed(3);
    const usage = usageBetween(before, await usagesOf(runner, sender.pid));
    return {
      kind: 'latency',
      contestant: contestant.name,
      round,
      samples: measured.length,
      p50: percentile(measured, 0.5),
      p99: percentile(measured, 0.99),
      ...usage,
      differences: await compareWith(await fingerprint(source), target),
    };
  } finally {
    await runner.stop();
    await Promise.all([source.end(), target.end()]);
    await arena.dropSlots([slot]);
    await arena.closeTarget(lane);
  }
}
