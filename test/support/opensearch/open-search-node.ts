import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/app/demo/embedded/index.ts';
import { waitFor } from '../wait-for.ts';
import { type NodeFiles, nodeFiles, type OpenSearchLine } from './node-files.ts';

/** A loaded machine takes many times the seconds that it needs alone. */
const START_MS = 180_000;
const STOP_MS = 30_000;

export interface NodeOptions {
  readonly line?: OpenSearchLine;
  readonly heapMb?: number;
  /** Compile as servers do. It costs twice the time to start, so only what measures speed asks for it. */
  readonly optimised?: boolean;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** A real OpenSearch node of a test's own, reachable from this machine only. It can be killed and started again with its data and its port. */
export class OpenSearchNode {
  readonly line: OpenSearchLine;
  readonly version: string;
  readonly url: string;
  readonly #files: NodeFiles;
  readonly #folder: string;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(
    line: OpenSearchLine,
    files: NodeFiles,
    folder: string,
    ports: readonly [number, number],
    options: NodeOptions,
  ) {
    this.line = line;
    this.version = files.version;
    this.url = `http://127.0.0.1:${ports[0]}`;
    this.#files = files;
    this.#folder = folder;
    const settings = {
      'cluster.routing.allocation.disk.threshold_enabled': false,
      'cluster.max_shards_per_node': 5_000,
      ...options.settings,
    };
    const compile = options.optimised === true ? [] : ['-XX:TieredStopAtLevel=1'];
    this.#words = [
      ...['-Xms128m', `-Xmx${options.heapMb ?? 512}m`, '-XX:+UseSerialGC', ...compile, '-Xshare:auto'],
      ...['-Dlog4j2.disable.jmx=true', '-Dio.netty.noUnsafe=true', '-cp', files.classPath],
      ...['OneNode', folder, String(ports[0]), String(ports[1])],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ];
  }

  /** Made, not yet started. */
  static async create(options: NodeOptions = {}): Promise<OpenSearchNode> {
    const line = options.line ?? '2';
    const files = await nodeFiles(line);
    const folder = await mkdtemp(join(tmpdir(), 'walcast-opensearch-'));
    return new OpenSearchNode(line, files, folder, [await freePort(), await freePort()], options);
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Where its data lie. */
  get folder(): string {
    return this.#folder;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const child = spawn(join(this.#files.java.home, 'bin', 'java'), this.#words, {
      cwd: this.#folder,
      // It ends with its standard input: with us, however we end.
      stdio: ['pipe', log, log],
      env: { ...process.env, JAVA_TOOL_OPTIONS: undefined },
    });
    closeSync(log);
    child.stdin?.on('error', () => undefined);
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    this.#process = child;
    try {
      await waitFor(() => this.#answers(child), {
        what: `OpenSearch ${this.version} to answer`,
        timeoutMs: START_MS,
        everyMs: 100,
      });
    } catch (cause) {
      await this.kill();
      throw new Error(`OpenSearch did not start: ${await this.log()}`, { cause });
    }
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** As a service that is stopped. */
  async stop(): Promise<void> {
    this.#process?.stdin?.end();
    await this.#end(undefined);
  }

  async destroy(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async log(): Promise<string> {
    return (await readFile(this.#logFile, 'utf8').catch(() => '')).slice(-4_000);
  }

  get #logFile(): string {
    return join(this.#folder, 'node.log');
  }

  async #answers(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the process ended');
    try {
      const response = await fetch(`${this.url}/_cluster/health?wait_for_status=yellow&timeout=5s`);
      return response.ok;
    } catch {
      return false; // nobody listens yet
    }
  }

  async #end(signal: NodeJS.Signals | undefined): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    if (signal !== undefined) child.kill(signal);
    await ended.catch(() => child.kill('SIGKILL'));
    this.#process = undefined;
  }
}
