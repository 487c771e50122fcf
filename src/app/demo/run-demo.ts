import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WalcastError } from '../../errors/walcast-error.ts';
import { DaemonProcess } from './daemon-process.ts';
import { type DemoServers, startServers } from './demo-servers.ts';
import type { DemoView } from './demo-view.ts';
import { withConnection } from './database.ts';
import { freePort } from './embedded/index.ts';
import { Heartbeat } from './heartbeat.ts';
import { Observer } from './observer.ts';
import { DemoPlan } from './plan.ts';
import { SHOP_MIGRATIONS } from './shop-migrations.ts';
import { SHOP_ROWS, SHOP_SCHEMA } from './shop-schema.ts';
import { compareServers, isEqual, type Comparison, type Verdict } from './verdict.ts';
import { Writers } from './writers.ts';

export interface DemoOptions {
  /** The command line program, started for the daemon. */
  readonly program: string;
  /** How long the writes go on. */
  readonly seconds: number;
  /** They go on until `finish` fires. */
  readonly keep: boolean;
  readonly view: DemoView;
  /** Ends the writes and judges. */
  readonly finish: AbortSignal;
  /** Ends everything at once, without a verdict. */
  readonly signal: AbortSignal;
}

const CATCH_UP_MS = 30_000;

/** Two servers, a daemon between them, people who write, migrations, and two murders; rejects if it is cut off or cannot begin. */
export async function runDemo(options: DemoOptions): Promise<Verdict> {
  const { view, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'walcast-demo-'));
  let servers: DemoServers | undefined;
  let daemon: DaemonProcess | undefined;
  try {
    view.note('starting two PostgreSQL servers (the first time, npm downloads them)');
    servers = await startServers();
    signal.throwIfAborted();
    view.servers(servers.source.ownerUrl, servers.target.ownerUrl, servers.version);
    daemon = await prepareDaemon(options, servers, folder);
    const verdict = await new Performance(options, servers, daemon).run();
    view.verdict(verdict);
    return verdict;
  } finally {
    view.close();
    await daemon?.stop(signal.aborted ? 0 : 5_000);
    await servers?.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepareDaemon(
  { program, view, signal }: DemoOptions,
  { source, target }: DemoServers,
  folder: string,
): Promise<DaemonProcess> {
  const listen = `127.0.0.1:${await freePort()}`;
  const configFile = join(folder, 'walcast.yaml');
  const config = {
    name: 'demo',
    source: { postgres: { url: source.adminUrl } },
    targets: [{ name: 'replica', postgres: { url: target.adminUrl } }],
    snapshot: { mode: 'never' },
    server: { listen },
    log: { level: 'info', format: 'json' },
  };
  // JSON is YAML
  await writeFile(configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  const logFile = join(folder, 'daemon.log');
  const daemon = new DaemonProcess({ program, configFile, logFile, listen, ddl: (ddl) => view.ddl(ddl) });
  view.note('replicate init: triggers, publication and slot on the source');
  await daemon.command('init', '--replica-identity=auto');
  signal.throwIfAborted();
  view.note('replicate run: the daemon');
  daemon.start();
  if (!(await daemon.ready(signal))) {
    await daemon.stop(1_000);
    throw new WalcastError('E_INTERNAL', `the daemon did not start; its last lines:\n${daemon.lastLines.join('\n')}`);
  }
  return daemon;
}

/** From the first row to the verdict. */
class Performance {
  readonly #options: DemoOptions;
  readonly #servers: DemoServers;
  readonly #daemon: DaemonProcess;
  readonly #writers: Writers;
  readonly #heartbeat: Heartbeat;
  readonly #observer: Observer;
  readonly #failures: string[] = [];
  readonly #begun = performance.now();

  constructor(options: DemoOptions, servers: DemoServers, daemon: DaemonProcess) {
    const { source, target } = servers;
    this.#options = options;
    this.#servers = servers;
    this.#daemon = daemon;
    this.#writers = new Writers(source.ownerUrl);
    this.#heartbeat = new Heartbeat(source.ownerUrl, target.ownerUrl);
    this.#observer = new Observer({
      view: options.view,
      daemon,
      writers: this.#writers,
      heartbeat: this.#heartbeat,
      sourceUrl: source.ownerUrl,
      targetUrl: target.ownerUrl,
      seconds: options.keep ? null : options.seconds,
    });
  }

  async run(): Promise<Verdict> {
    const { source, target } = this.#servers;
    const plan = new DemoPlan({
      ...this.#options,
      servers: this.#servers,
      daemon: this.#daemon,
      writers: this.#writers,
      heartbeat: this.#heartbeat,
      observer: this.#observer,
    });
    try {
      await withConnection(source.ownerUrl, 'shop setup', (client) => client.query(SHOP_SCHEMA + SHOP_ROWS));
      const failed = (error: unknown): void => this.#fail(error);
      this.#writers.start(failed);
      this.#heartbeat.start(failed);
      this.#observer.start();
      await plan.run(() => this.#over());
      await this.#writers.stop();
      this.#observer.phase = 'catching up';
      const arrived = await this.#heartbeat.finish(CATCH_UP_MS, () => this.#over() || this.#options.signal.aborted);
      this.#options.signal.throwIfAborted();
      if (!arrived && this.#observer.stopped === null) {
        this.#failures.push(`the target was still behind ${CATCH_UP_MS / 1000} s after the last write`);
      }
      this.#observer.phase = 'comparing';
      const comparison = arrived
        ? await compareServers(source.adminUrl, target.adminUrl, majorOf(this.#servers.version))
        : null;
      return this.#verdict(plan, comparison);
    } finally {
      await Promise.all([this.#writers.stop(), this.#heartbeat.stop(), this.#observer.stop()]);
    }
  }

  /** There is no sense in going on. */
  #over(): boolean {
    return this.#failures.length > 0 || this.#observer.stopped !== null;
  }

  #fail(error: unknown): void {
    this.#failures.push(error instanceof Error ? error.message : String(error));
  }

  #verdict(plan: DemoPlan, comparison: Comparison | null): Verdict {
    const failures = [...this.#failures, ...plan.failures];
    if (this.#observer.stopped !== null) failures.push(this.#observer.stopped);
    const { unexpectedExits, lastLines } = this.#daemon;
    if (unexpectedExits > 0) {
      failures.push(`the daemon ended by itself ${unexpectedExits} times; its last lines:\n${lastLines.join('\n')}`);
    }
    const { calm, disturbed } = this.#heartbeat;
    return {
      equal: failures.length === 0 && comparison !== null && isEqual(comparison),
      comparison,
      lag: {
        p50: calm.percentile(0.5),
        p99: calm.percentile(0.99),
        count: calm.count,
        worst: Math.max(calm.worst, disturbed.worst),
      },
      transactions: this.#writers.transactions,
      rows: this.#writers.rows,
      repeated: this.#writers.repeated,
      migrations: { ran: plan.migrations, of: SHOP_MIGRATIONS.length },
      daemonKills: plan.daemonKills,
      targetKills: plan.targetKills,
      failures,
      seconds: (performance.now() - this.#begun) / 1000,
    };
  }
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
