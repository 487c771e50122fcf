import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type Daemon, runCommand, startDaemon } from '../../test/support/daemon.ts';
import { connect } from '../database.ts';
import { hasFence, raiseFence } from '../measure/fence.ts';
import { processUsage } from '../measure/process-usage.ts';
import { dropSlot } from '../measure/slot-view.ts';
import { PROFILED_CLI } from '../paths.ts';
import { timedCommand } from './command.ts';
import type { Copied, Copier, CopyLane } from './copier.ts';
import { treeSeconds } from './process-times.ts';

export interface WalcastOptions {
  readonly name: string;
  /** The command line program, `main.js`. */
  readonly program: string;
  readonly nodeOptions?: string;
  readonly workers: number;
  /** Folder for CPU profiles. */
  readonly profile?: string | undefined;
}

const TIMEOUT_MS = 1_800_000;

/** `replicate run` on an empty target, until it follows the source. */
export function runCopier({ name, program, nodeOptions = '', workers, profile }: WalcastOptions): Copier {
  const daemons = new Map<string, Daemon>();
  return {
    name,
    given: 'nothing',
    bare: false,
    async prepare(lane) {
      const { code, stderr } = await runCommand('init', {
        program,
        args: ['--replica-identity=auto', '--force'],
        config: config(lane, workers),
        timeoutMs: 120_000,
      });
      if (code !== 0) throw new Error(`replicate init ended with ${code}: ${stderr}`);
    },
    async copy(lane) {
      const options = nodeOptions === '' ? {} : { NODE_OPTIONS: nodeOptions };
      const started = performance.now();
      const daemon = await startDaemon({
        config: config(lane, workers),
        ...(profile === undefined
          ? { program, env: options }
          : { program: PROFILED_CLI, env: { ...options, ...(await profiling(profile, lane, program)) } }),
      });
      daemons.set(lane.name, daemon);
      await Promise.race([
        daemon.waitForLog(({ msg }) => msg === 'target is open', 'the end of the copy', TIMEOUT_MS),
        daemon
          .waitForLog(({ msg }) => String(msg).startsWith('target stopped'), 'a stopped target', TIMEOUT_MS)
          .then(() => Promise.reject(new Error(daemon.lastLines()))),
      ]);
      await fencePassed(lane, daemon);
      const seconds = (performance.now() - started) / 1000;
      const cpuSeconds = await treeSeconds(daemon.pid);
      return { seconds, clients: { cpuSeconds, peakBytes: (await processUsage(daemon.pid))?.peakBytes ?? null } };
    },
    async clean(lane) {
      await daemons.get(lane.name)?.stop();
      daemons.delete(lane.name);
      const source = await connect(lane.source.url(lane.sourceDatabase), 'walcast bench');
      try {
        await dropSlot(source, `walcast_${lane.name}`);
        await source.query(`drop publication if exists walcast_${lane.name}`);
      } finally {
        await source.end();
      }
    },
  };
}

/** `replicate snapshot`: the copy alone. */
export function snapshotCopier({ name, program, nodeOptions = '', workers, profile }: WalcastOptions): Copier {
  return {
    name,
    given: 'nothing',
    bare: false,
    prepare: () => Promise.resolve(),
    async copy(lane): Promise<Copied> {
      const folder = await mkdtemp(join(tmpdir(), 'walcast-bench-'));
      try {
        const file = join(folder, 'walcast.yaml');
        await writeFile(file, stringify(config(lane, workers)));
        const env = nodeOptions === '' ? process.env : { ...process.env, NODE_OPTIONS: nodeOptions };
        const args = ['snapshot', '-c', file];
        return profile === undefined
          ? await timedCommand(process.execPath, [program, ...args], env)
          : await timedCommand(process.execPath, [PROFILED_CLI, ...args], {
              ...env,
              ...(await profiling(profile, lane, program)),
            });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    clean: () => Promise.resolve(),
  };
}

function config(lane: CopyLane, workers: number): Record<string, unknown> {
  return {
    name: lane.name,
    source: { postgres: { url: lane.source.url(lane.sourceDatabase) } },
    targets: [{ name: 'bench', postgres: { url: lane.target.url(lane.targetDatabase) } }],
    snapshot: { mode: 'initial', workers },
  };
}

async function profiling(folder: string, lane: CopyLane, program: string): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true });
  return { WALCAST_PROFILED: program, WALCAST_PROFILE: join(folder, `${lane.name}.cpuprofile`) };
}

async function fencePassed(lane: CopyLane, daemon: Daemon): Promise<void> {
  const source = await connect(lane.source.url(lane.sourceDatabase), 'walcast bench');
  const target = await connect(lane.target.url(lane.targetDatabase), 'walcast bench');
  try {
    await raiseFence(source, lane.fence);
    const end = performance.now() + TIMEOUT_MS;
    while (!(await hasFence(target, lane.fence))) {
      if (performance.now() > end) throw new Error(`the stream did not begin: ${daemon.lastLines()}`);
      await delay(20);
    }
  } finally {
    await Promise.all([source.end(), target.end()]);
  }
}
