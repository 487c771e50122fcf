import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parseLsn } from '../../src/wal/lsn.ts';
import { type Daemon, runCommand, startDaemon } from '../support/daemon.ts';
import { OpenSearchNode } from '../support/opensearch/index.ts';
import { seededRandom } from '../support/random.ts';
import { type ComparedTable, documentDifferences } from '../support/search/compare-documents.ts';
import { fillItems, STORM_SCHEMA, StormLoad } from '../support/search/storm-load.ts';
import { type StormChange, stormChanges } from '../support/search/storm-migrations.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
/** Beyond the window in which a cluster remembers its deletes. */
const RUN = NIGHTLY
  ? { rows: 1_000_000, rounds: 3, kills: 3, writers: 3, settleMs: 65_000, searchMs: 600_000, seed: 8 }
  : { rows: 8_000, rounds: 1, kills: 1, writers: 2, settleMs: 3_000, searchMs: 120_000, seed: 8 };

describe('a search target in a storm', () => {
  let pair: DatabasePair;
  let node: OpenSearchNode;
  let daemons: Daemon[] = [];
  let config: Record<string, unknown>;

  afterEach(async () => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    await Promise.all(daemons.map(({ exited }) => exited));
    daemons = [];
    await node.destroy();
    await pair.dispose();
  });

  function withLastLines(cause: unknown): never {
    throw new Error(`${String(cause)}; the daemon's last lines:\n${daemons.at(-1)?.lastLines() ?? ''}`, { cause });
  }

  async function start(): Promise<Daemon> {
    const daemon = await startDaemon({ config });
    daemons.push(daemon);
    return daemon;
  }

  it(
    `of writes, ${RUN.rounds * 20} changes and ${RUN.kills * 2} kills finds by every name, and ends with a document a row`,
    async () => {
      pair = await testDatabases();
      node = await OpenSearchNode.create({ heapMb: NIGHTLY ? 1_024 : 512 });
      await node.start();
      const { source } = pair;
      const slot = `walcast_storm_${source.name}`.slice(0, 60);
      config = {
        name: slot,
        source: { postgres: { url: source.url(), slot, publication: slot } },
        targets: [{ name: 'search', opensearch: { url: node.url, settings: { 'index.gc_deletes': '1s' } } }],
      };
      await source.query(STORM_SCHEMA);
      await source.query(fillItems(RUN.rows));
      const init = await runCommand('init', { config, args: ['--with-injector'] });
      expect(init).toMatchObject({ code: 0 });

      await start();
      // During the first copy already.
      const load = new StormLoad(source.url(), RUN.seed, RUN.rows, RUN.writers, NIGHTLY ? 2 : 25);
      const storm = blows(seededRandom(RUN.seed));
      storm.catch(() => undefined); // told below
      for (let round = 1; round <= RUN.rounds; round++) {
        for (const change of stormChanges(round)) await make(source, change);
      }
      await storm;
      await load.stop();
      expect(load.transactions).toBeGreaterThan(RUN.rounds * 50);

      await caughtUp(source);
      await expectEqual(source);
      await delay(RUN.settleMs);
      await expectEqual(source);
      expect(codesOf(daemons)).toEqual([]);
    },
    NIGHTLY ? 7_200_000 : 420_000,
  );

  /** Daemon and node in turns, while changes and writes go on. */
  async function blows(random: ReturnType<typeof seededRandom>): Promise<void> {
    for (let i = 0; i < RUN.kills; i++) {
      await delay(random.int(3_000, 8_000) * (NIGHTLY ? 10 : 1));
      const daemon = daemons.at(-1);
      daemon?.kill('SIGKILL');
      await daemon?.exited;
      await start();
      await delay(random.int(3_000, 8_000) * (NIGHTLY ? 10 : 1));
      await node.kill();
      await node.start();
    }
  }

  async function make(source: TestDatabase, { sql, found }: StormChange): Promise<void> {
    await waitFor(() => tryChange(source, sql), { what: `locks for ${sql}`, timeoutMs: 60_000, everyMs: 200 });
    if (found === undefined) return;
    const { alias, column, value } = found;
    await waitFor(() => finds(alias, column, value), {
      what: `a document with ${column} = ${value} in ${alias}`,
      timeoutMs: RUN.searchMs,
      everyMs: 200,
    }).catch(withLastLines);
  }

  async function finds(alias: string, column: string, value: string | number): Promise<boolean> {
    try {
      await fetch(`${node.url}/${alias}/_refresh`, { method: 'POST' });
      const response = await fetch(`${node.url}/${alias}/_search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: { match: { [column]: value } } }),
      });
      const { hits } = (await response.json()) as { hits?: { total: { value: number } } };
      return hits !== undefined && hits.total.value > 0;
    } catch {
      return false; // the node is down
    }
  }

  async function caughtUp(source: TestDatabase): Promise<void> {
    const end = parseLsn((await source.value('select pg_current_wal_insert_lsn()')) ?? '');
    const there = async (): Promise<boolean> => {
      const { body } = (await daemons
        .at(-1)
        ?.http('/status')
        .catch(() => undefined)) ?? { body: '{}' };
      const { targets = [] } = JSON.parse(body) as { targets?: { checkpointLsn: string | null; state: string }[] };
      const [target] = targets;
      if (target?.state === 'stopped') throw new Error(`the target has stopped: ${body}`);
      if (target === undefined || target.checkpointLsn === null || parseLsn(target.checkpointLsn) < end) return false;
      const states = await fetch(`${node.url}/walcast-*-state/_search?q=_id:copy`);
      const { hits } = (await states.json()) as { hits: { total: { value: number } } };
      return hits.total.value === 0;
    };
    await waitFor(there, {
      what: 'the target to catch up',
      timeoutMs: NIGHTLY ? 1_800_000 : 90_000,
      everyMs: 250,
    }).catch(withLastLines);
  }

  async function expectEqual(source: TestDatabase): Promise<void> {
    const common = { source: source.url(), cluster: node.url };
    // The index knows 1.50 as 1.5.
    const items = { id: 'id', n: 'n', name: 'name', price: 'trim_scale(price)', big: 'big' };
    const tables: ComparedTable[] = [
      { ...common, alias: 'public.items', table: 'items', key: ['id'], columns: items },
      { ...common, alias: 'public.pairs', table: 'pairs', key: ['a', 'b'], columns: { a: 'a', b: 'b', v: 'v' } },
    ];
    for (const table of tables) expect(await documentDifferences(table)).toEqual([]);
  }
});

/** False when writers were in the way. */
async function tryChange(source: TestDatabase, sql: string): Promise<boolean> {
  try {
    await source.query(sql);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== '40P01') throw error;
    await source.query('rollback');
    return false;
  }
}

/** What daemons complained of, but for what kills bring. */
function codesOf(daemons: readonly Daemon[]): unknown[] {
  const codes = new Set(daemons.flatMap(({ logs }) => logs.map(({ code }) => code)));
  for (const expected of [undefined, 'E_SOURCE_CONNECTION', 'E_TARGET_CONNECTION', 'E_TARGET_BUSY'])
    codes.delete(expected);
  return [...codes];
}
