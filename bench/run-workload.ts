import { Arena } from './arena.ts';
import type { Contestant, Lane } from './contestants/contestant.ts';
import { connect, rows, value } from './database.ts';
import { fingerprint } from './measure/compare.ts';
import { drain } from './measure/drain.ts';
import { raiseFence } from './measure/fence.ts';
import type { Drain, WorkloadResult } from './measure/results.ts';
import type { BenchOptions } from './options.ts';
import type { BenchServers } from './servers.ts';
import type { Workload } from './workloads/index.ts';

interface Entry {
  readonly contestant: Contestant;
  readonly round: number;
  readonly lane: Lane;
  readonly slot: string;
}

const FENCE = 1;

/** The work is done once; then every contestant, in every round, follows the same WAL into a fresh copy of the target. */
export async function runWorkload(
  workload: Workload,
  contestants: readonly Contestant[],
  servers: BenchServers,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<WorkloadResult> {
  const database = `bench_${workload.id.toLowerCase()}`;
  const arena = await Arena.create(servers, database, workload.setup(options.scale), options.synchronousCommit);
  const entries: Entry[] = [];
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const contestant of turned(contestants, round - 1)) {
        const lane = arena.lane(contestant, round, contestants.indexOf(contestant));
        entries.push({ contestant, round, lane, slot: (await contestant.prepare(lane)).slot });
      }
    }
    const work = await doWork(workload, servers.source.url(database), options.scale);
    progress(`${workload.id} ${workload.title}: ${work.rows} rows in ${work.seconds.toFixed(1)} s on the source`);
    const measurements: Drain[] = [];
    for (const { contestant, round, lane, slot } of entries) {
      await arena.openTarget(lane);
      const result = await drain({
        contestant,
        round,
        lane,
        slot,
        fence: FENCE,
        end: work.end,
        expected: work.expected,
      });
      measurements.push(result);
      progress(`${workload.id} round ${round} ${contestant.name}: ${result.seconds.toFixed(2)} s`);
      await arena.closeTarget(lane);
      await arena.dropSlots([slot]);
    }
    const { transactions, rows: rowCount, ddl, walBytes } = work;
    return { id: workload.id, title: workload.title, transactions, rows: rowCount, ddl, walBytes, measurements };
  } finally {
    await arena.dropSlots(entries.map(({ slot }) => slot));
    await arena.destroy();
  }
}

/** Each round in another order: who comes first finds the caches as the last round left them. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

async function doWork(workload: Workload, url: string, scale: number) {
  const client = await connect(url, 'walcast bench');
  try {
    const started = performance.now();
    const from = (await value(client, 'select pg_current_wal_lsn()::text')) ?? '0/0';
    const volume = await workload.generate(scale, (statement) => inOwnSession(url, statement));
    const end = await raiseFence(client, FENCE);
    const walBytes = Number(await value(client, 'select $1::pg_lsn - $2::pg_lsn', [end, from]));
    await client.query('checkpoint');
    const seconds = (performance.now() - started) / 1000;
    return { ...volume, ddl: volume.ddl ?? 0, end, walBytes, seconds, expected: await fingerprint(client) };
  } finally {
    await client.end();
  }
}

async function inOwnSession(url: string, statement: string) {
  const client = await connect(url, 'walcast bench work');
  try {
    return await rows(client, statement);
  } finally {
    await client.end();
  }
}
