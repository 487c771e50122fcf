import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { RunStatus } from '../run/run-status.ts';
import { type Guard, guardProcess } from './embedded/index.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 30_000;
const KEPT_LINES = 12;

export interface SeenDdl {
  readonly tag: string;
  readonly how: string;
  readonly milliseconds: number;
  readonly statement: string;
}

export interface DaemonOptions {
  /** The command line program, `main.js`. */
  readonly program: string;
  readonly configFile: string;
  readonly logFile: string;
  /** Where it listens, host:port. */
  readonly listen: string;
  readonly ddl: (ddl: SeenDdl) => void;
}

/** `replicate run` as a process of its own, as in real life: it can be killed without mercy, and started again. */
export class DaemonProcess {
  readonly #options: DaemonOptions;
  readonly #lastLines: string[] = [];
  #child: ChildProcess | null = null;
  #guard: Guard | null = null;
  #exited: Promise<void> = Promise.resolve();
  #expected = false;
  /** How often it ended by itself. */
  unexpectedExits = 0;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Runs another command of the program to its end. */
  async command(...args: string[]): Promise<void> {
    const { program, configFile } = this.#options;
    try {
      await run(process.execPath, [program, ...args, '-c', configFile], {
        env: environment(),
        timeout: START_TIMEOUT_MS,
      });
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw new WalcastError('E_INTERNAL', `replicate ${args.join(' ')} failed: ${stderr.trim() || String(cause)}`, {
        cause,
      });
    }
  }

  start(): void {
    const { program, configFile } = this.#options;
    this.#expected = false;
    const child = spawn(process.execPath, [program, 'run', '-c', configFile], {
      env: environment(),
      // a session of its own: Ctrl-C in the terminal is for the demo to handle
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    if (child.pid !== undefined) this.#guard = guardProcess(child.pid, { signal: 'KILL' });
    createInterface({ input: child.stderr }).on('line', (line) => this.#take(line));
    this.#exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    }).then(() => {
      this.#guard?.release();
      if (this.#child === child) this.#child = null;
      if (!this.#expected) this.unexpectedExits++;
    });
  }

  /** Resolves when it streams; false when it ended, or the time is over. */
  async ready(signal: AbortSignal): Promise<boolean> {
    const end = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < end && this.#child !== null) {
      signal.throwIfAborted();
      if ((await this.#get('/readyz'))?.ok === true) return true;
      await delay(50);
    }
    return false;
  }

  /** Null: it does not answer. */
  async status(): Promise<RunStatus | null> {
    const response = await this.#get('/status');
    return response?.ok === true ? ((await response.json().catch(() => null)) as RunStatus | null) : null;
  }

  async kill9(): Promise<void> {
    this.#expected = true;
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** As an administrator would; without mercy after its time. */
  async stop(graceMs: number): Promise<void> {
    this.#expected = true;
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  async #get(path: string): Promise<Response | null> {
    try {
      return await fetch(`http://${this.#options.listen}${path}`, { signal: AbortSignal.timeout(2_000) });
    } catch {
      return null;
    }
  }

  #take(line: string): void {
    void appendFile(this.#options.logFile, `${line}\n`).catch(() => undefined);
    if (this.#lastLines.push(line) > KEPT_LINES) this.#lastLines.shift();
    const ddl = seenDdl(line);
    if (ddl !== null) this.#options.ddl(ddl);
  }
}

/** A line of the daemon's log that reports an applied schema change. */
export function seenDdl(line: string): SeenDdl | null {
  try {
    const { tag, how, ms, msg } = JSON.parse(line) as Record<string, unknown>;
    if (typeof tag !== 'string' || typeof how !== 'string' || typeof ms !== 'number') return null;
    return { tag, how, milliseconds: ms, statement: typeof msg === 'string' ? msg : '' };
  } catch {
    return null;
  }
}

/** The demo's own file says everything: no variable of the user may point the daemon elsewhere. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(REPLICATE_|PG|NODE_OPTIONS$)/.test(name)),
  );
}
