import type { Contestant, Lane } from './contestants/contestant.ts';
import { cloneDatabase, connect, dropDatabase, rows, run } from './database.ts';
import { FENCE_TABLE } from './measure/fence.ts';
import { dropSlot } from './measure/slot-view.ts';
import type { BenchServers } from './servers.ts';

const PUBLICATION = 'bench_tables';

/** A workload's databases on both servers, and the lanes of its contestants. */
export class Arena {
  readonly #servers: BenchServers;
  readonly #synchronousCommit: 'on' | 'off';
  readonly database: string;

  private constructor(servers: BenchServers, database: string, synchronousCommit: 'on' | 'off') {
    this.#servers = servers;
    this.database = database;
    this.#synchronousCommit = synchronousCommit;
  }

  /** The same tables on both sides. */
  static async create(
    servers: BenchServers,
    database: string,
    setup: readonly string[],
    synchronousCommit: 'on' | 'off',
  ): Promise<Arena> {
    await Promise.all(
      [servers.source, servers.target].map(async (cluster) => {
        await run(cluster.url(), `create database ${database}`);
        await run(cluster.url(database), FENCE_TABLE, ...setup);
        await run(cluster.url(database), 'vacuum analyze', 'checkpoint');
      }),
    );
    const url = servers.source.url(database);
    const client = await connect(url, 'walcast bench');
    try {
      const tables = await rows(
        client,
        `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
      );
      await client.query(`create publication ${PUBLICATION} for table ${tables.map(({ name }) => name).join(', ')}`);
    } finally {
      await client.end();
    }
    return new Arena(servers, database, synchronousCommit);
  }

  lane(contestant: Contestant, round: number, index: number): Lane {
    const name = `${this.database}_${index}_${round}`;
    return {
      source: this.#servers.source,
      target: this.#servers.target,
      sourceDatabase: this.database,
      targetDatabase: contestant.writes ? name : this.database,
      publication: PUBLICATION,
      name,
      synchronousCommit: this.#synchronousCommit,
    };
  }

  async openTarget(lane: Lane): Promise<void> {
    if (lane.targetDatabase !== this.database) await cloneDatabase(lane.target, lane.targetDatabase, this.database);
  }

  async closeTarget(lane: Lane): Promise<void> {
    if (lane.targetDatabase !== this.database) await dropDatabase(lane.target, lane.targetDatabase);
  }

  async dropSlots(slots: readonly string[]): Promise<void> {
    const client = await connect(this.#servers.source.url(this.database), 'walcast bench');
    try {
      for (const slot of slots) await dropSlot(client, slot);
    } finally {
      await client.end();
    }
  }

  async destroy(): Promise<void> {
    await dropDatabase(this.#servers.source, this.database);
    await dropDatabase(this.#servers.target, this.database);
  }
}
