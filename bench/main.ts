import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { type Baseline, baselineOf, regressions } from './baseline.ts';
import type { Contestant } from './contestants/contestant.ts';
import { daemonContestant } from './contestants/daemon.ts';
import { nativeContestant } from './contestants/native.ts';
import { readerContestant, recvlogicalContestant } from './contestants/reading.ts';
import type { BenchReport, WorkloadResult } from './measure/results.ts';
import { BINARY_DAEMON, type BenchOptions, HELP, readOptions } from './options.ts';
import { ROOT } from './paths.ts';
import { markdown } from './report/markdown.ts';
import { plot } from './report/plot.ts';
import { runLatency } from './run-latency.ts';
import { runWorkload } from './run-workload.ts';
import { startServers } from './servers.ts';
import { chooseCopiers, COPIER_NAMES } from './snapshot/choose-copiers.ts';
import { copyFaults } from './snapshot/report.ts';
import type { CopyResult } from './snapshot/results.ts';
import { runCopies } from './snapshot/run-copies.ts';
import { COPY_IDS, COPY_WORKS } from './snapshot/work.ts';
import { LATENCY_ID, WORKLOADS } from './workloads/index.ts';

const BASELINE = join(ROOT, 'bench', 'baseline.json');
/** Where a short run says something: the others are all start-up, or have nothing to be compared with. */
const SMOKE_WORKLOADS: readonly string[] = ['W1', 'W2', 'W3', 'W4'];

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(HELP);
    return;
  }
  const report = await measure(options);
  console.log(markdown(report));
  if (options.json !== undefined) await save(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.plot !== undefined) await save(options.plot, plot(report));
  if (options.writeBaseline) {
    const comment = `PostgreSQL ${report.postgres}, ${report.cores} cores, scale ${report.scale}, medians of ${report.rounds} rounds; made by npm run bench -- --write-baseline`;
    await save(BASELINE, `${JSON.stringify(baselineOf(report.workloads, comment), null, 2)}\n`);
    return;
  }
  const baseline: Baseline = options.smoke
    ? (JSON.parse(await readFile(BASELINE, 'utf8')) as Baseline)
    : { comment: '', ratios: {} };
  const faults = [...regressions(report.workloads, baseline), ...copyFaults(report.copies)];
  for (const fault of faults) console.error(`bench: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

async function measure(options: BenchOptions): Promise<BenchReport> {
  const chosen = options.smoke && options.workloads.length === 0 ? SMOKE_WORKLOADS : options.workloads;
  const wanted = (id: string): boolean => chosen.length === 0 || chosen.includes(id);
  const known = [LATENCY_ID, ...COPY_IDS];
  const unknown = chosen.filter((id) => !known.includes(id) && !WORKLOADS.some((workload) => workload.id === id));
  if (unknown.length > 0) throw new Error(`there is no workload ${unknown.join(', ')}`);
  const contestants = chooseContestants(options);
  const startedAt = new Date().toISOString();
  const loadBefore = loadavg()[0] ?? 0;
  const servers = await startServers(options);
  const progress = (line: string): void => console.error(line);
  try {
    const workloads: WorkloadResult[] = [];
    for (const workload of WORKLOADS.filter(({ id }) => wanted(id))) {
      const able = contestants.filter(({ name }) => workload.oursOnly !== true || !name.startsWith('native'));
      workloads.push(await runWorkload(workload, able, servers, options, progress));
    }
    const writers = contestants.filter(({ writes }) => writes);
    if (wanted(LATENCY_ID)) workloads.push(await runLatency(writers, servers, options, progress));
    const copies: CopyResult[] = [];
    for (const work of COPY_WORKS.map((make) => make(options.scale)).filter(({ id }) => wanted(id)))
      copies.push(await runCopies(work, chooseCopiers(options, work), servers, options, progress));
    return {
      startedAt,
      postgres: servers.version,
      node: process.version,
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      loadBefore,
      loadAfter: loadavg()[0] ?? 0,
      settings: servers.settings,
      scale: options.scale,
      rounds: options.rounds,
      workloads,
      copies,
    };
  } finally {
    await servers.destroy();
  }
}

/** The short run holds text against text. */
const BINARY: ReadonlySet<string> = new Set([BINARY_DAEMON, 'native-binary']);

function chooseContestants(options: BenchOptions): Contestant[] {
  const daemons = [...options.daemons].map(([name, build]) =>
    daemonContestant({ name, ...build, profile: options.profile }),
  );
  const native = [nativeContestant('native-text', false), nativeContestant('native-binary', true)];
  const readers = [recvlogicalContestant(), readerContestant()];
  const all = [...daemons, ...native, ...(options.smoke ? [] : readers)];
  if (options.contestants.length === 0) return options.smoke ? all.filter(({ name }) => !BINARY.has(name)) : all;
  const known = [...all.map(({ name }) => name), ...COPIER_NAMES];
  const unknown = options.contestants.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`there is no contestant ${unknown.join(', ')}`);
  return all.filter(({ name }) => options.contestants.includes(name));
}

async function save(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  console.error(`written: ${file}`);
}

await main();
