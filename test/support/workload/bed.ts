import { randomBytes } from 'node:crypto';
import { freePort } from '../../../src/app/demo/embedded/index.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { prepareSource } from '../pipeline.ts';
import type { TestDatabase } from '../test-database.ts';
import { type PrivateCluster, privateCluster } from '../test-databases.ts';
import { withClient } from '../text-client.ts';
import { waitFor } from '../wait-for.ts';
import { faultConfig } from './config.ts';

export interface BedOptions {
  readonly major?: number;
  readonly sourceSettings?: Readonly<Record<string, string>>;
}

/** Two servers that may be hurt, for the tests of one file. */
export class FaultBed {
  readonly source: PrivateCluster;
  readonly target: PrivateCluster;

  private constructor(source: PrivateCluster, target: PrivateCluster) {
    this.source = source;
    this.target = target;
  }

  static async create({ major, sourceSettings = {} }: BedOptions = {}): Promise<FaultBed> {
    const version = major === undefined ? {} : { major };
    const [source, target] = await Promise.all([
      privateCluster({ role: 'source', settings: sourceSettings, ...version }),
      privateCluster({ role: 'target', ...version }),
    ]);
    return new FaultBed(source, target);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.source.dispose(), this.target.dispose()]);
  }

  /** New databases and a prepared slot; the daemon is not started. */
  async pipeline(): Promise<FaultPipeline> {
    const [from, to] = await Promise.all([this.source.database(), this.target.database()]);
    await from.query('create table fence (n int primary key)');
    await to.query('create table fence (n int primary key)');
    const slot = `walcast_${randomBytes(4).toString('hex')}`;
    await prepareSource(from, slot);
    return new FaultPipeline(from, to, slot, `127.0.0.1:${await freePort()}`);
  }
}

export interface DaemonAddresses {
  readonly sourceUrl?: string;
  readonly targetUrl?: string;
}

/** One pipeline of a test, with its daemons. */
export class FaultPipeline {
  readonly from: TestDatabase;
  readonly to: TestDatabase;
  readonly slot: string;
  readonly #listen: string;
  readonly #daemons: Daemon[] = [];
  #fences = 0;

  constructor(from: TestDatabase, to: TestDatabase, slot: string, listen: string) {
    this.from = from;
    this.to = to;
    this.slot = slot;
    this.#listen = listen;
  }

  config({
    sourceUrl = this.from.url(),
    targetUrl = this.to.url(),
  }: DaemonAddresses = {}): Readonly<Record<string, unknown>> {
    return { ...faultConfig(sourceUrl, targetUrl, this.slot), server: { listen: this.#listen } };
  }

  /** Not yet streaming. */
  async launch(addresses: DaemonAddresses = {}): Promise<Daemon> {
    const daemon = await startDaemon({ config: this.config(addresses) });
    this.#daemons.push(daemon);
    return daemon;
  }

  async start(): Promise<Daemon> {
    const daemon = await this.launch();
    await daemon.waitForLog(({ msg }) => msg === 'streaming', 'the start of the stream');
    return daemon;
  }

  /** Everything that the source has committed so far is on the target. */
  async caughtUp(timeoutMs = 60_000): Promise<void> {
    const n = String(++this.#fences);
    await this.from.query('insert into fence values ($1)', [n]);
    const arrived = async (): Promise<boolean> => {
      // A query of its own connection each time: the target may be restarting.
      const rows = await this.to.query('select from fence where n = $1', [n]).catch(() => []);
      return rows.length === 1;
    };
    await waitFor(arrived, { what: 'the target to catch up', timeoutMs, everyMs: 50 }).catch((error: unknown) => {
      throw new Error(`the daemon's last lines:\n${this.#daemons.at(-1)?.lastLines()}`, { cause: error });
    });
  }

  /** The process that streams to the daemon. */
  async walsender(): Promise<number> {
    const pid = () => this.from.value('select active_pid from pg_replication_slots where slot_name = $1', [this.slot]);
    return Number(await waitFor(pid, { what: 'a walsender' }));
  }

  async terminateWalsender(): Promise<void> {
    const pid = await this.walsender();
    await this.from.query('select pg_terminate_backend($1)', [String(pid)]);
    const gone = async () =>
      (await this.from.query('select from pg_stat_activity where pid = $1', [String(pid)])).length === 0;
    await waitFor(gone, { what: 'the walsender to end' });
  }

  /** The target's process that applies. */
  async applier(): Promise<number> {
    const pid = () =>
      this.to.value(
        `select pid from pg_stat_activity where application_name = 'walcast apply' and datname = current_database()`,
      );
    return Number(await waitFor(pid, { what: 'the session that applies' }));
  }

  async confirmed(): Promise<string | null | undefined> {
    return await this.from.value('select confirmed_flush_lsn from pg_replication_slots where slot_name = $1', [
      this.slot,
    ]);
  }

  async checkpoint(): Promise<string | null | undefined> {
    return await this.to.value('select lsn from walcast.checkpoint');
  }

  async dispose(): Promise<void> {
    for (const daemon of this.#daemons) daemon.kill('SIGKILL');
    await Promise.all(this.#daemons.map(({ exited }) => exited));
    // The slot would keep the WAL of the tests that follow.
    await withClient(this.from.server.url, (client) =>
      client.query(
        `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active_pid is not null`,
        [this.slot],
      ),
    );
    await Promise.all([this.from.dispose(), this.to.dispose()]);
  }
}
