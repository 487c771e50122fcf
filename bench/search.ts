import { parseArgs } from 'node:util';
import { SearchClient } from '../src/processor/search/client/index.ts';
import { parseLsn } from '../src/wal/lsn.ts';
import { type Daemon, runCommand, startDaemon } from '../test/support/daemon.ts';
import { OpenSearchNode } from '../test/support/opensearch/index.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { run, valueAt } from './database.ts';
import { processUsage } from './measure/process-usage.ts';
import { BUILT_CLI } from './paths.ts';
import { readyMade, sendLines } from './search/ready-made.ts';
import { startServers } from './servers.ts';

const HELP = `npm run bench:search -- [--rows N] [--rounds N]
  How fast a backlog of inserts comes into an OpenSearch node, against a bulk load of the same documents as ready-made lines into the same node.`;
const DATABASE = 'search_bench';
const PATIENCE_MS = 1_800_000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const servers = await startServers({ major: 18, fsync: false, synchronousCommit: 'off' });
  const node = await OpenSearchNode.create({ heapMb: 1_024, optimised: true });
  const ours: Run[] = [];
  const lines: Run[] = [];
  try {
    await node.start();
    const url = servers.source.url(DATABASE);
    await run(servers.source.url(), `create database ${DATABASE}`);
    for (let round = 0; round <= rounds; round++) await run(url, tableOf(round));
    const config = configFor(url, node.url);
    const { code, stderr } = await runCommand('init', { program: BUILT_CLI, config, args: ['--with-injector'] });
    if (code !== 0) throw new Error(`replicate init ended with ${code}: ${stderr}`);
    const client = await SearchClient.create({ url: node.url, auth: {}, tls: { insecure: false } });
    // Round 0 warms the node up and is not counted.
    for (let round = 0; round <= rounds; round++) {
      const mine = await drain(url, config, round, round === 0 ? Math.ceil(rows / 10) : rows);
      const body = await readyMade(client, `public.docs_${round}`);
      const theirs = await sendLines(client, body);
      await client.request({
        ...{ method: 'DELETE', path: `/${body.index}`, signal: AbortSignal.timeout(60_000) },
      });
      if (round === 0) continue;
      ours.push(mine);
      lines.push(theirs);
    }
    await client.close();
    console.log(table(rows, rounds, ours, lines));
  } finally {
    await node.destroy();
    await servers.destroy();
  }
}

function tableOf(round: number): string {
  return `create table docs_${round} (id bigint primary key, a int, b text, c numeric(12,2), d timestamptz, e boolean, f uuid, g text)`;
}

function fill(round: number, from: number, to: number): string {
  return `insert into docs_${round} select g, g % 1000, 'text number ' || g, g / 4.0, now(), g % 2 = 0, gen_random_uuid(), repeat('lorem ipsum ', 8)
    from generate_series(${from}, ${to}) g`;
}

function configFor(source: string, cluster: string): Record<string, unknown> {
  return {
    name: 'bench',
    source: { postgres: { url: source } },
    targets: [{ name: 'search', opensearch: { url: cluster, settings: { number_of_replicas: 0 } } }],
  };
}

/** A backlog of transactions of a thousand rows, written while nobody reads. */
async function drain(url: string, config: Record<string, unknown>, round: number, rows: number): Promise<Run> {
  const first = await startDaemon({ program: BUILT_CLI, config });
  await reached(first, await position(url));
  await first.stop();
  for (let from = 1; from <= rows; from += 1_000) await run(url, fill(round, from, Math.min(rows, from + 999)));
  const end = await position(url);
  const daemon = await startDaemon({ program: BUILT_CLI, config });
  try {
    await waitFor(async () => (await target(daemon))?.state === 'streaming', { what: 'the stream', timeoutMs: 60_000 });
    const [before, started] = [await processUsage(daemon.pid), performance.now()];
    await reached(daemon, end);
    const seconds = (performance.now() - started) / 1_000;
    const after = await processUsage(daemon.pid);
    return { seconds, cpuSeconds: (after?.cpuSeconds ?? 0) - (before?.cpuSeconds ?? 0) };
  } finally {
    await daemon.stop();
  }
}

async function position(url: string): Promise<bigint> {
  return parseLsn((await valueAt(url, 'select pg_current_wal_insert_lsn()::text')) ?? '');
}

interface TargetView {
  readonly state: string;
  readonly checkpointLsn: string | null;
}

async function target(daemon: Daemon): Promise<TargetView | undefined> {
  const answer = await daemon.http('/status').catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  return (JSON.parse(answer.body) as { targets: TargetView[] }).targets[0];
}

async function reached(daemon: Daemon, end: bigint): Promise<void> {
  const there = async (): Promise<boolean> => {
    const view = await target(daemon);
    if (view?.state === 'stopped') throw new Error(`the target has stopped: ${daemon.lastLines()}`);
    return view !== undefined && view.checkpointLsn !== null && parseLsn(view.checkpointLsn) >= end;
  };
  await waitFor(there, { what: 'the target to catch up', timeoutMs: PATIENCE_MS });
}

function table(rows: number, rounds: number, ours: readonly Run[], lines: readonly Run[]): string {
  const line = (name: string, runs: readonly Run[]): string => {
    const [seconds, cpu] = [median(runs.map((each) => each.seconds)), median(runs.map((each) => each.cpuSeconds))];
    return `| ${name} | ${Math.round(rows / seconds)} | ${((cpu / rows) * 1e6).toFixed(1)} |`;
  };
  const ratio = median(lines.map((each) => each.seconds)) / median(ours.map((each) => each.seconds));
  return [
    `${rows} rows, medians of ${rounds} rounds in turns\n`,
    '| | rows/s | CPU µs a row |\n|---|---|---|',
    line('walcast, a backlog of inserts', ours),
    line('ready-made lines', lines),
    `\nratio ${ratio.toFixed(2)}`,
  ].join('\n');
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

await main();
