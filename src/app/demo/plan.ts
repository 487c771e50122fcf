import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonProcess } from './daemon-process.ts';
import type { DemoServers } from './demo-servers.ts';
import type { DemoView } from './demo-view.ts';
import type { Heartbeat } from './heartbeat.ts';
import { runMigration } from './migrator.ts';
import type { Observer } from './observer.ts';
import { SHOP_MIGRATIONS } from './shop-migrations.ts';
import type { Writers } from './writers.ts';

export interface PlanOptions {
  readonly seconds: number;
  readonly keep: boolean;
  readonly view: DemoView;
  readonly finish: AbortSignal;
  readonly signal: AbortSignal;
  readonly servers: DemoServers;
  readonly daemon: DaemonProcess;
  readonly writers: Writers;
  readonly heartbeat: Heartbeat;
  readonly observer: Observer;
}

export type PlannedStep =
  | { readonly kind: 'migration'; readonly at: number; readonly index: number }
  | { readonly kind: 'kill'; readonly at: number; readonly what: 'daemon' | 'target' };

/** Shares of the time between first and last migration, and of the kills: in the midst of the writes, not at the edges. */
const FIRST = 0.03;
const LAST = 0.9;
const DAEMON_KILL = 0.35;
const TARGET_KILL = 0.65;
/** As long as a supervisor or an administrator needs to start them again. */
const DOWN_MS = { daemon: 700, target: 1_500 } as const;

/** Pure: what happens when, in seconds. */
export function planSteps(seconds: number, migrations: number): PlannedStep[] {
  const steps: PlannedStep[] = Array.from({ length: migrations }, (_, index) => ({
    kind: 'migration',
    at: seconds * (FIRST + ((LAST - FIRST) * index) / Math.max(1, migrations - 1)),
    index,
  }));
  steps.push({ kind: 'kill', at: seconds * DAEMON_KILL, what: 'daemon' });
  steps.push({ kind: 'kill', at: seconds * TARGET_KILL, what: 'target' });
  return steps.sort((a, b) => a.at - b.at);
}

/** Runs migrations and kills at their times; whatever is down stays down while the next migrations run. */
export class DemoPlan {
  readonly #options: PlanOptions;
  readonly failures: string[] = [];
  migrations = 0;
  daemonKills = 0;
  targetKills = 0;

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  async run(over: () => boolean): Promise<void> {
    const { seconds, keep, finish, signal } = this.#options;
    const begun = performance.now();
    const elapsed = (): number => (performance.now() - begun) / 1000;
    const ended = (): boolean => signal.aborted || finish.aborted || over() || this.failures.length > 0;
    const kills: Promise<void>[] = [];
    for (const step of planSteps(seconds, SHOP_MIGRATIONS.length)) {
      while (elapsed() < step.at && !ended()) await delay(Math.min(50, (step.at - elapsed()) * 1000));
      if (ended()) break;
      if (step.kind === 'migration') await this.#migrate(step.index);
      else
        kills.push(
          this.#kill(step.what).catch((error: unknown) => this.#fail(`the ${step.what} did not come back`, error)),
        );
    }
    await Promise.all(kills);
    while ((keep || elapsed() < seconds) && !ended()) await delay(50);
    signal.throwIfAborted();
  }

  async #migrate(index: number): Promise<void> {
    const migration = SHOP_MIGRATIONS[index];
    if (migration === undefined) return;
    const { servers, writers, observer, view, signal } = this.#options;
    const begun = performance.now();
    try {
      await runMigration(servers.source.ownerUrl, migration, signal);
    } catch (error) {
      this.#fail(`migration "${migration.title}" failed on the source`, error);
      return;
    }
    if (migration.brings !== undefined) writers.deploy(migration.brings);
    observer.migrations = ++this.migrations;
    const milliseconds = performance.now() - begun;
    view.migration({ number: index + 1, of: SHOP_MIGRATIONS.length, title: migration.title, milliseconds });
  }

  async #kill(what: 'daemon' | 'target'): Promise<void> {
    const { daemon, servers, heartbeat, view, signal } = this.#options;
    const { cluster } = servers.target;
    heartbeat.disturb();
    const begun = performance.now();
    view.killed(what, what === 'daemon' ? daemon.pid : cluster.pid);
    if (what === 'daemon') await daemon.kill9();
    else await cluster.kill9();
    await delay(DOWN_MS[what], undefined, { signal });
    if (what === 'daemon') {
      this.daemonKills++;
      daemon.start();
      if (!(await daemon.ready(signal))) throw new Error(daemon.lastLines.join('\n'));
    } else {
      this.targetKills++;
      await cluster.start();
    }
    heartbeat.restored();
    view.restarted(what, (performance.now() - begun) / 1000);
  }

  #fail(what: string, error: unknown): void {
    if (this.#options.signal.aborted) return;
    this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
