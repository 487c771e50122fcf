import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { RunStatus } from '../run/run-status.ts';
import type { DaemonProcess } from './daemon-process.ts';
import { connect, rows } from './database.ts';
import type { DemoState, DemoView, TableCount } from './demo-view.ts';
import type { Heartbeat } from './heartbeat.ts';
import { SHOP_MIGRATIONS } from './shop-migrations.ts';
import { Rate } from './timing.ts';
import type { Writers } from './writers.ts';

export interface ObserverOptions {
  readonly view: DemoView;
  readonly daemon: DaemonProcess;
  readonly writers: Writers;
  readonly heartbeat: Heartbeat;
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly seconds: number | null;
}

const EVERY_MS = 250;
/** Counting is the dearest part: once in so many rounds. */
const COUNT_EVERY = 8;
const COUNTED = ['customers', 'products', 'orders', 'order_items', 'payments', 'audit', 'visits'];

/** Looks at everything a few times a second, for the view, and notices a target that stopped. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #ending = new AbortController();
  readonly #begun = performance.now();
  readonly #rates = { transactions: new Rate(), rows: new Rate(), applied: new Rate() };
  #clients: { source?: pg.Client; target?: pg.Client } = {};
  #running: Promise<void> = Promise.resolve();
  #tables: readonly TableCount[] = [];
  #daemon: RunStatus | null = null;
  #applied = { before: 0, last: 0 };
  phase: DemoState['phase'] = 'writing';
  migrations = 0;
  /** Why the target takes nothing any more; null while it does. */
  stopped: string | null = null;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#observe();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await Promise.allSettled([this.#clients.source?.end(), this.#clients.target?.end()]);
  }

  async #observe(): Promise<void> {
    const { signal } = this.#ending;
    for (let round = 0; !signal.aborted; round++) {
      this.#daemon = await this.#options.daemon.status();
      this.#noteStop();
      if (round % COUNT_EVERY === 0) this.#tables = await this.#count();
      this.#options.view.state(this.#state());
      await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #noteStop(): void {
    const stopped = this.#daemon?.targets.find(({ state }) => state === 'stopped');
    if (stopped === undefined) return;
    const { error } = stopped;
    this.stopped ??= `the target stopped: ${error === null ? 'no reason given' : `${error.code}: ${error.message}\n  what to do: ${error.hint}`}`;
  }

  #state(): DemoState {
    const { writers, heartbeat, seconds } = this.#options;
    return {
      seconds: (performance.now() - this.#begun) / 1000,
      of: seconds,
      phase: this.phase,
      transactionsPerSecond: this.#rates.transactions.perSecond(writers.transactions),
      rowsPerSecond: this.#rates.rows.perSecond(writers.rows),
      appliedRowsPerSecond: this.#rates.applied.perSecond(this.#appliedRows()),
      transactions: writers.transactions,
      rows: writers.rows,
      behindMs: heartbeat.behindMs,
      lagP50: heartbeat.calm.percentile(0.5),
      lagP99: heartbeat.calm.percentile(0.99),
      migrations: this.migrations,
      migrationsOf: SHOP_MIGRATIONS.length,
      daemon: this.#daemon,
      tables: this.#tables,
    };
  }

  /** The daemon counts from its own start: after a kill it begins again. */
  #appliedRows(): number {
    const now = this.#daemon?.targets[0]?.rows;
    if (now !== undefined) {
      if (now < this.#applied.last) this.#applied.before += this.#applied.last;
      this.#applied.last = now;
    }
    return this.#applied.before + this.#applied.last;
  }

  async #count(): Promise<TableCount[]> {
    const [source, target] = await Promise.all([
      this.#countOn('source', this.#options.sourceUrl),
      this.#countOn('target', this.#options.targetUrl),
    ]);
    return [...source].map(([name, count]) => ({ name, source: count, target: target.get(name) ?? null }));
  }

  async #countOn(side: 'source' | 'target', url: string): Promise<Map<string, number>> {
    try {
      const client = (this.#clients[side] ??= await connect(url, 'demo view'));
      const there = await rows(
        client,
        'select name from unnest($1::text[]) as name where to_regclass(name) is not null',
        [`{${COUNTED.join(',')}}`],
      );
      if (there.length === 0) return new Map();
      const counts = await rows(
        client,
        there.map(({ name }) => `select '${name}' as name, count(*) as count from ${name}`).join(' union all '),
      );
      return new Map(counts.map((row) => [row['name'] ?? '', Number(row['count'])]));
    } catch {
      // the server may be the one that was killed: the next round connects again
      await this.#clients[side]?.end().catch(() => undefined);
      delete this.#clients[side];
      return new Map();
    }
  }
}
