import { connect, rows, run, valueAt } from '../database.ts';
import type { Contestant, Lane, Runner } from './contestant.ts';

/** PostgreSQL's own logical replication: CREATE SUBSCRIPTION on a slot made before. */
export function nativeContestant(name: string, binary: boolean): Contestant {
  return {
    name,
    writes: true,
    async prepare(lane) {
      await createSlot(lane);
      return { slot: lane.name };
    },
    async start(lane, slot) {
      const url = new URL(lane.source.url(lane.sourceDatabase));
      const source = `host=${url.hostname} port=${url.port} user=${url.username} dbname=${lane.sourceDatabase}`;
      await run(
        lane.target.url(lane.targetDatabase),
        `create subscription ${lane.name} connection '${source}' publication ${lane.publication} with (enabled = false, create_slot = false,
           slot_name = '${slot}', copy_data = false, binary = ${binary}, synchronous_commit = ${lane.synchronousCommit})`,
      );
      return new Subscription(lane);
    },
  };
}

export async function createSlot(lane: Lane): Promise<void> {
  await valueAt(
    lane.source.url(lane.sourceDatabase),
    `select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')`,
    [lane.name],
  );
}

class Subscription implements Runner {
  readonly #lane: Lane;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  get #url(): string {
    return this.#lane.target.url(this.#lane.targetDatabase);
  }

  async begin(): Promise<void> {
    await run(this.#url, `alter subscription ${this.#lane.name} enable`);
  }

  /** The leader; workers that apply large transactions beside it (16 and later, where streaming is parallel) count as well. */
  async processes(): Promise<{ role: 'apply'; pid: number }[]> {
    const client = await connect(this.#url, 'walcast bench');
    try {
      const workers = await rows(
        client,
        `select pid::text from pg_stat_subscription where subname = '${this.#lane.name}' and pid is not null and relid is null`,
      );
      return workers.map(({ pid }) => ({ role: 'apply', pid: Number(pid) }));
    } finally {
      await client.end();
    }
  }

  check(): void {
    // A subscription that fails tries again for ever: the bound of the measurement ends it.
  }

  async stop(): Promise<void> {
    const { name } = this.#lane;
    await run(
      this.#url,
      `alter subscription ${name} disable`,
      `alter subscription ${name} set (slot_name = none)`,
      `drop subscription ${name}`,
    );
  }
}
