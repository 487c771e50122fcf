import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, runCommand, startDaemon } from '../../test/support/daemon.ts';
import { valueAt } from '../database.ts';
import { BUILT_CLI, PROFILED_CLI } from '../paths.ts';
import type { Contestant, Lane, Runner } from './contestant.ts';

export interface DaemonOptions {
  readonly name: string;
  /** The command line program, `main.js`. */
  readonly program: string;
  readonly nodeOptions?: string;
  readonly binary: 'auto' | 'off';
  /** Folder for CPU profiles. */
  readonly profile?: string | undefined;
}

/** `replicate init` and `replicate run` as anybody would run them, in a process of its own. */
export function daemonContestant({ name, program, nodeOptions = '', binary, profile }: DaemonOptions): Contestant {
  return {
    name,
    writes: true,
    async prepare(lane) {
      await initPipeline(lane, BUILT_CLI); // one build prepares the source for all: it has one set of triggers
      return { slot: `walcast_${lane.name}` };
    },
    start(lane) {
      return Promise.resolve(new DaemonRunner(lane, { program, nodeOptions, binary, profile }));
    },
  };
}

export async function initPipeline(lane: Lane, program: string): Promise<void> {
  // --force: the slots and publications of the other contestants are no accident here
  const args = ['--replica-identity=auto', '--force'];
  const { code, stderr } = await runCommand('init', {
    program,
    args,
    config: pipelineConfig(lane),
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`replicate init ended with ${code}: ${stderr}`);
}

function pipelineConfig(lane: Lane, binary: 'auto' | 'off' = 'auto'): Record<string, unknown> {
  return {
    name: lane.name,
    source: { postgres: { url: lane.source.url(lane.sourceDatabase), binary } },
    targets: [{ name: 'bench', postgres: { url: lane.target.url(lane.targetDatabase) } }],
    snapshot: { mode: 'never' },
  };
}

type Build = Required<Pick<DaemonOptions, 'program' | 'nodeOptions' | 'binary'>> & { profile: string | undefined };

class DaemonRunner implements Runner {
  readonly #lane: Lane;
  readonly #program: string;
  readonly #nodeOptions: string;
  readonly #binary: 'auto' | 'off';
  readonly #profile: string | undefined;
  #daemon: Daemon | null = null;
  #exit: string | null = null;

  constructor(lane: Lane, { program, nodeOptions, binary, profile }: Build) {
    this.#lane = lane;
    this.#binary = binary;
    this.#program = program;
    this.#nodeOptions = nodeOptions;
    this.#profile = profile;
  }

  async begin(): Promise<void> {
    const config = pipelineConfig(this.#lane, this.#binary);
    if (this.#profile !== undefined) await mkdir(this.#profile, { recursive: true });
    const env = this.#nodeOptions === '' ? {} : { NODE_OPTIONS: this.#nodeOptions };
    const daemon = await startDaemon(
      this.#profile === undefined
        ? { program: this.#program, config, env }
        : {
            program: PROFILED_CLI,
            config,
            env: {
              ...env,
              WALCAST_PROFILED: this.#program,
              WALCAST_PROFILE: join(this.#profile, `${this.#lane.name}.cpuprofile`),
            },
          },
    );
    this.#daemon = daemon;
    void daemon.exited.then(({ code, signal }) => (this.#exit = `ended with ${code ?? signal}`));
  }

  async processes(): Promise<{ role: 'consumer' | 'apply'; pid: number }[]> {
    const apply = await valueAt(
      this.#lane.target.url(this.#lane.targetDatabase),
      `select pid::text from pg_stat_activity where application_name = 'walcast apply' and datname = current_database()`,
    );
    const pid = this.#daemon?.pid;
    return [
      ...(pid === undefined ? [] : [{ role: 'consumer' as const, pid }]),
      ...(apply === null ? [] : [{ role: 'apply' as const, pid: Number(apply) }]),
    ];
  }

  check(): void {
    const stopped = this.#daemon?.logs.find((line) => String(line['msg']).startsWith('target stopped'));
    if (this.#exit !== null || stopped !== undefined)
      throw new Error(`the daemon ${this.#exit ?? 'has stopped its target'}: ${this.#daemon?.lastLines()}`);
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }
}
