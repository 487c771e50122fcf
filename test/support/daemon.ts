import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { freePort, guardProcess } from '../../src/app/demo/embedded/index.ts';
import { sharedBuild } from './broker.ts';
import { CLI } from './build.ts';
import { waitFor } from './wait-for.ts';

export interface CommandOptions {
  /** After the command's name, before `-c FILE`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Written to a file that `-c` names; without it the command gets no `-c`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Another program in the place of the built CLI. */
  readonly program?: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the JSON log, or `{ raw }` when it is something else. */
export type LogLine = Readonly<Record<string, unknown>>;

const KEPT_LOG_LINES = 20_000;

/** Runs one command of the built CLI to its end, whatever its exit code is. */
export async function runCommand(
  command: string,
  options: CommandOptions & { timeoutMs?: number } = {},
): Promise<CommandResult> {
  if (options.program === undefined) await sharedBuild();
  const folder = await mkdtemp(join(tmpdir(), 'walcast-command-'));
  try {
    const args = await commandLine(command, folder, options);
    return await new Promise((resolve, reject) => {
      const { timeoutMs = 60_000 } = options;
      const settings = { env: environment(options.env), timeout: timeoutMs, maxBuffer: 64 * 2 ** 20 };
      execFile(process.execPath, args, settings, (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else reject(new Error(`${command} ended by ${error.signal ?? error.code} (bound ${timeoutMs} ms): ${stderr}`));
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts `replicate run`; it ends with this process at the latest. */
export async function startDaemon(options: CommandOptions = {}): Promise<Daemon> {
  if (options.program === undefined) await sharedBuild();
  const folder = await mkdtemp(join(tmpdir(), 'walcast-daemon-'));
  const server = options.config?.['server'] as { listen?: string } | undefined;
  const listen = server?.listen ?? `127.0.0.1:${await freePort()}`;
  const config = { ...options.config, server: { ...server, listen } };
  const args = await commandLine('run', folder, { ...options, config });
  const child = spawn(process.execPath, args, { env: environment(options.env), stdio: ['ignore', 'pipe', 'pipe'] });
  return new Daemon(child, listen, folder);
}

export class Daemon {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #listen: string;
  readonly #logs: LogLine[] = [];
  #stdout = '';
  #ended = false;

  constructor(child: ChildProcess, listen: string, folder: string) {
    this.#child = child;
    this.#listen = listen;
    const guard = child.pid === undefined ? undefined : guardProcess(child.pid, { signal: 'KILL', folder });
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#ended = true;
        guard?.release();
        void rm(folder, { recursive: true, force: true });
        resolve({ code, signal });
      });
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the daemon could not be started');
    return this.#child.pid;
  }

  /** The newest lines of its log. */
  get logs(): readonly LogLine[] {
    return this.#logs;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** False when it is gone already. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    return this.#child.kill(signal);
  }

  /** SIGTERM, and SIGKILL if it is still there after the 10 s that it may take. */
  async stop(): Promise<Exit> {
    this.kill('SIGTERM');
    const hard = setTimeout(() => this.kill('SIGKILL'), 15_000);
    try {
      return await this.exited;
    } finally {
      clearTimeout(hard);
    }
  }

  async http(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://${this.#listen}${path}`, { signal: AbortSignal.timeout(10_000) });
    return { status: response.status, body: await response.text() };
  }

  /** The first line that fits, seen already or yet to come. Fails at once, with the last lines, when the daemon ends. */
  async waitForLog(fits: (line: LogLine) => boolean, what: string, timeoutMs = 20_000): Promise<LogLine> {
    const found = await waitFor(() => this.#logs.find(fits) ?? this.#ended, { what: `${what} in the log`, timeoutMs });
    if (found === true) throw new Error(`the daemon ended before ${what}; its last lines: ${this.lastLines()}`);
    return found;
  }

  lastLines(count = 10): string {
    return this.#logs
      .slice(-count)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }

  #keep(line: string): void {
    if (this.#logs.length === KEPT_LOG_LINES) this.#logs.shift();
    try {
      const parsed: unknown = JSON.parse(line);
      this.#logs.push(typeof parsed === 'object' && parsed !== null ? (parsed as LogLine) : { raw: line });
    } catch {
      this.#logs.push({ raw: line });
    }
  }
}

async function commandLine(command: string, folder: string, options: CommandOptions): Promise<string[]> {
  const args = [options.program ?? CLI, ...command.split(' '), ...(options.args ?? [])];
  if (options.config === undefined) return args;
  const file = join(folder, 'walcast.yaml');
  await writeFile(file, stringify(options.config), { mode: 0o600 });
  return [...args, '-c', file];
}

/** JSON logs, no colours, and nothing of the developer's own settings. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(REPLICATE_|PG|NODE_OPTIONS$|VITEST|FORCE_COLOR$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', REPLICATE_LOG_FORMAT: 'json', ...extra };
}
