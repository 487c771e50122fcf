import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { prepareSource } from '../support/pipeline.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { BULK, moveBulk } from '../support/snapshot/bulk.ts';
import { BIRTH, changesDuringCopy } from '../support/snapshot/changes.ts';
import {
  copyConfig,
  copyDone,
  copyPhase,
  type CopyPhase,
  reached,
  withPgDump,
} from '../support/snapshot/copy-daemon.ts';
import { countCopies, finishedCopies, LOG_COPIES } from '../support/snapshot/copy-log.ts';
import { SteadyChurn } from '../support/snapshot/steady-churn.ts';
import { type PrivateCluster, privateCluster } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { killAndRestart } from '../support/workload/storm.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const KILLS: Readonly<Record<'schema' | 'rows' | 'post-data' | 'catchup', number>> = NIGHTLY
  ? { schema: 3, rows: 10, 'post-data': 3, catchup: 4 }
  : { schema: 1, rows: 3, 'post-data': 1, catchup: 1 };
const RUNS = NIGHTLY
  ? [1, 2, 3].flatMap((seed) =>
      [15, 18].map((major) => ({ seed, major, schemaSource: seed === 2 ? 'catalog' : 'auto' })),
    )
  : [{ seed: 77, major: 18, schemaSource: 'auto' }];
const SLOT = 'walcast_copy';

interface Blow {
  readonly phase: keyof typeof KILLS;
  readonly victim: 'daemon' | 'target' | 'source';
}

describe('an initial copy that is killed again and again', () => {
  let source: PrivateCluster;
  let target: PrivateCluster;
  let daemons: Daemon[] = [];

  afterEach(async () => {
    for (const daemon of daemons) daemon.kill('SIGKILL');
    await Promise.all(daemons.map(({ exited }) => exited));
    daemons = [];
    await Promise.all([source.dispose(), target.dispose()]);
  });

  it.each(RUNS)(
    'under writes and schema changes on PostgreSQL $major, seed $seed, is equal at the end and repeats next to nothing',
    async ({ seed, major, schemaSource }) => {
      [source, target] = await Promise.all([
        privateCluster({ role: 'source', major, settings: LOG_COPIES }),
        privateCluster({ role: 'target', major }),
      ]);
      const [from, to] = await Promise.all([source.database(), target.database()]);
      await from.query(`${BIRTH}; ${BULK}; create table fence (n int primary key)`);
      await from.query('vacuum analyze');
      await prepareSource(from, SLOT);
      const config = copyConfig({
        sourceUrl: from.url(),
        targetUrl: to.url(),
        slot: SLOT,
        snapshot: { workers: 3, range_size: '1MB', schema_source: schemaSource },
      });
      const start = async (): Promise<Daemon> => {
        const daemon = await startDaemon({ config, env: await withPgDump() });
        daemons.push(daemon);
        return daemon;
      };
      const random = seededRandom(seed);
      const plan = planBlows(random);
      const changes = random.shuffle(changesDuringCopy());
      const perBlow = Math.ceil(changes.length / plan.length);
      const churn = await SteadyChurn.start(from, { seed, writers: 2 });
      const hit: (CopyPhase | null)[] = [];
      let copies = 0;
      let daemon = await start();
      const lastLines = (): string => daemon.lastLines(20);
      for (const { phase, victim } of plan) {
        await moment(phase, random.int(0, 6));
        hit.push(await copyPhase(to));
        switch (victim) {
          case 'daemon':
            daemon.kill('SIGKILL');
            await daemon.exited;
            daemon = await start();
            break;
          case 'target':
            await killAndRestart(target, random.int(0, 800));
            break;
          case 'source':
            await churn.through(() => killAndRestart(source, random.int(0, 800)));
        }
        for (const change of changes.splice(0, perBlow)) await from.query(change);
        await from.query(moveBulk(random));
      }
      await churn.stop();
      await copyDone(to, NIGHTLY ? 180_000 : 90_000, lastLines);
      await from.query('insert into fence values (1)');
      const arrived = async (): Promise<boolean> => (await to.value('select count(*) from fence')) === '1';
      await waitFor(arrived, { what: 'the stream to catch up', timeoutMs: 60_000 }).catch((error: unknown) => {
        throw new Error(`the daemon's last lines:\n${lastLines()}`, { cause: error });
      });
      // Tables that a schema change sent back to the start are copied again by right; these had none.
      const bulk = countCopies(await finishedCopies(source.cluster.logFile), (text) => /\bbulk_\d/.test(text));
      process.stdout.write(`killed in ${hit.join(', ')}; ranges finished ${bulk.finished}, again ${bulk.again}\n`);
      await expectEqual(from, to);
      expect(bulk.finished).toBeGreaterThan(30);
      expect(bulk.again / bulk.finished).toBeLessThan(0.2);
      expect(hit.filter((phase) => phase === 'rows').length).toBeGreaterThanOrEqual(KILLS.rows / 2);
      const stops = daemons.flatMap(({ logs }) => logs.filter(({ msg }) => String(msg).startsWith('target stopped')));
      expect(stops).toEqual([]);

      /** Resolves somewhere in the phase, or after it if it was too short. */
      async function moment(phase: Blow['phase'], dice: number): Promise<void> {
        const options = { what: `the phase ${phase}`, timeoutMs: 90_000, everyMs: 5 };
        const fail = (error: unknown): never => {
          throw new Error(`the daemon's last lines:\n${lastLines()}`, { cause: error });
        };
        await waitFor(() => reached(to, phase), options).catch(fail);
        if (phase !== 'rows') {
          await delay(dice * (phase === 'catchup' ? 300 : 40));
          return;
        }
        const wanted = copies + 3 + dice;
        const count = async (): Promise<boolean> => {
          copies = countCopies(await finishedCopies(source.cluster.logFile), () => true).finished;
          return copies >= wanted || (await reached(to, 'post-data'));
        };
        await waitFor(count, { ...options, what: 'some ranges', everyMs: 20 }).catch(fail);
      }
    },
    NIGHTLY ? 900_000 : 300_000,
  );
});

/** Most blows hit the daemon, the others a server. */
function planBlows(random: Random): Blow[] {
  return (Object.keys(KILLS) as Blow['phase'][]).flatMap((phase) =>
    Array.from({ length: KILLS[phase] }, (): Blow => {
      const dice = random.next();
      return { phase, victim: dice < 0.6 ? 'daemon' : dice < 0.85 ? 'target' : 'source' };
    }),
  );
}
