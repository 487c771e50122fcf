import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BUILT_CLI } from '../paths.ts';
import { initPipeline } from './daemon.ts';
import { createSlot } from './native.ts';
import type { Contestant, Lane, Runner } from './contestant.ts';

const READER = fileURLToPath(new URL('../reader.js', import.meta.url));
const RAW_READER = fileURLToPath(new URL('../raw-reader.js', import.meta.url));

/** Our listener and decoder with nothing behind them. */
export function readerContestant(): Contestant {
  return {
    name: 'reader',
    writes: false,
    async prepare(lane) {
      await initPipeline(lane, BUILT_CLI);
      return { slot: `walcast_${lane.name}` };
    },
    start(lane, slot) {
      const args = [READER, lane.source.url(lane.sourceDatabase), slot, slot];
      return Promise.resolve(new Reader(process.execPath, args));
    },
  };
}

/** PostgreSQL's own client writing to /dev/null; where it is not installed, the least that a consumer in Node can do. */
export function recvlogicalContestant(): Contestant {
  const found = spawnSync('pg_recvlogical', ['--version']).status === 0;
  return {
    name: found ? 'recvlogical' : 'raw reader',
    writes: false,
    async prepare(lane) {
      await createSlot(lane);
      return { slot: lane.name };
    },
    start(lane, slot) {
      const runner = found
        ? new Reader('pg_recvlogical', recvlogicalArguments(lane, slot))
        : new Reader(process.execPath, [RAW_READER, lane.source.url(lane.sourceDatabase), slot, lane.publication]);
      return Promise.resolve(runner);
    },
  };
}

function recvlogicalArguments(lane: Lane, slot: string): string[] {
  const { hostname, port, username } = new URL(lane.source.url(lane.sourceDatabase));
  const server = ['-h', hostname, '-p', port, '-U', username, '-d', lane.sourceDatabase];
  const output = ['-o', 'proto_version=1', '-o', `publication_names=${lane.publication}`, '-o', 'messages=true'];
  return [...server, '-S', slot, '--start', '--no-loop', '-f', '/dev/null', '-F', '0', ...output];
}

class Reader implements Runner {
  readonly #command: string;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #stderr = '';
  #exit: string | null = null;
  #closed: Promise<void> = Promise.resolve();

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#args = args;
  }

  begin(): Promise<void> {
    const child = spawn(this.#command, this.#args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-2000)));
    this.#closed = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#exit = error.message;
        resolve();
      });
      child.once('close', (code, signal) => {
        this.#exit = `ended with ${code ?? signal}`;
        resolve();
      });
    });
    return Promise.resolve();
  }

  processes(): Promise<{ role: 'consumer'; pid: number }[]> {
    const pid = this.#child?.pid;
    return Promise.resolve(pid === undefined ? [] : [{ role: 'consumer', pid }]);
  }

  check(): void {
    if (this.#exit !== null) throw new Error(`${this.#command} ${this.#exit}: ${this.#stderr}`);
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#closed;
  }
}
