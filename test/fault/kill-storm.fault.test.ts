import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { prepareSource } from '../support/pipeline.ts';
import { seededRandom } from '../support/random.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type PrivateCluster, privateCluster } from '../support/test-databases.ts';
import { withClient } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { commitOrder, recordCommitOrder } from '../support/workload/commit-order.ts';
import { faultConfig } from '../support/workload/config.ts';
import { Migrator } from '../support/workload/migrator.ts';
import { observe } from '../support/workload/observe.ts';
import { checkTruth, judge, type Truth } from '../support/workload/prefix.ts';
import { Reader } from '../support/workload/reader.ts';
import { WORKLOAD_SCHEMA } from '../support/workload/schema.ts';
import { killAndRestart, planStorm, terminateWalsenders } from '../support/workload/storm.ts';
import { Load } from '../support/workload/writer.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const RUNS = NIGHTLY
  ? [1, 2, 3, 4].flatMap((seed) => [15, 18].map((major) => ({ seed, major, kills: 60, rounds: 4 })))
  : [{ seed: 20_260, major: 18, kills: 10, rounds: 1 }];
const OBSERVATIONS = 200;

describe('daemon and target are killed again and again', () => {
  let source: PrivateCluster;
  let target: PrivateCluster;
  let daemons: Daemon[];

  beforeEach(() => {
    daemons = [];
  });

  afterEach(async () => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    await Promise.all(daemons.map(({ exited }) => exited));
    await Promise.all([source.dispose(), target.dispose()]);
  });

  it.each(RUNS)(
    'under load and migrations, PostgreSQL $major, seed $seed: every snapshot is a committed prefix, the end is equal',
    async ({ seed, major, kills, rounds }) => {
      [source, target] = await Promise.all([
        privateCluster({ role: 'source', major }),
        privateCluster({ role: 'target', major }),
      ]);
      const [from, to] = await Promise.all([source.database(), target.database()]);
      await prepareSource(from, 'walcast_storm');
      const start = async (): Promise<Daemon> => {
        const daemon = await startDaemon({ config: faultConfig(from.url(), to.url(), 'walcast_storm') });
        daemons.push(daemon);
        return daemon;
      };
      let daemon = await start();
      // The schema takes the same road as everything else.
      await from.query(WORKLOAD_SCHEMA);
      await withClient(from.url(), recordCommitOrder);
      await waitFor(() => hasSchema(to), { what: 'the schema of the workload on the target', timeoutMs: 30_000 });

      const random = seededRandom(seed);
      const load = new Load({ url: from.url(), seed });
      const migrator = new Migrator({ url: from.url(), everyMs: 1_200, rounds });
      const reader = new Reader({ url: to.url(), seed: seed + 1, everyMs: 180 });
      for (const blow of planStorm(random, kills)) {
        await delay(random.int(1_500, 5_000));
        switch (blow) {
          case 'daemon':
            daemon.kill('SIGKILL');
            await daemon.exited;
            await delay(random.int(0, 500));
            daemon = await start();
            break;
          case 'target':
            await killAndRestart(target, random.int(100, 1_500));
            break;
          case 'walsender':
            await terminateWalsenders(from.url());
            break;
          case 'source':
            await source.cluster.restart();
        }
      }
      await waitFor(() => reader.seen.length >= OBSERVATIONS && migrator.finished, {
        what: `${OBSERVATIONS} looks at the target and the last migration`,
        timeoutMs: NIGHTLY ? 300_000 : 40_000,
      });
      await Promise.all([load.stop(), migrator.stop()]);

      const truth: Truth = {
        order: await withClient(from.url(), commitOrder),
        schemas: migrator.schemas,
      };
      const told = daemon;
      await waitFor(async () => (await withClient(to.url(), observe)).history >= truth.order.length - migrator.done, {
        what: 'the target to catch up',
        timeoutMs: 60_000,
        everyMs: 250,
      }).catch((error: unknown) => {
        throw new Error(`the daemon's last lines:\n${told.lastLines()}`, { cause: error });
      });
      await reader.stop();
      await expectEqual(from, to);

      expect(checkTruth(truth)).toEqual([]);
      expect(judge(truth, await withClient(from.url(), observe))).toEqual([]);
      const wrong = reader.seen.flatMap((seen, i) =>
        judge(truth, seen).map((complaint) => `snapshot ${i}: ${complaint}`),
      );
      expect(wrong).toEqual([]);
      // A target that stood still, or a source that had nothing to say, would prove little.
      expect(new Set(reader.seen.map(({ history }) => history)).size).toBeGreaterThan(OBSERVATIONS / 4);
      expect(new Set(reader.seen.map(({ schema }) => schema)).size).toBeGreaterThan(migrator.done / 3);
      // A second line of defence that had to hold, such as the checkpoint's compare-and-set, would show here.
      const codes = new Set(daemons.flatMap(({ logs }) => logs.map(({ code }) => code)));
      for (const expected of [undefined, 'E_SOURCE_CONNECTION', 'E_TARGET_CONNECTION', 'E_TARGET_BUSY'])
        codes.delete(expected);
      expect([...codes]).toEqual([]);
    },
    NIGHTLY ? 900_000 : 240_000,
  );
});

async function hasSchema(database: TestDatabase): Promise<boolean> {
  return (await database.value("select count(*) from pg_class where relname = 'commit_log'")) === '1';
}
