import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { seededRandom } from '../support/random.ts';
import { BIRTH, changesDuringCopy, SMALL_RANGES } from '../support/snapshot/changes.ts';
import { Churn } from '../support/snapshot/churn.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('a target that is filled by the daemon on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipelines: TestPipeline[];
  const slot = 'walcast_fill';

  beforeEach(async () => {
    pipelines = [];
    pair = await testDatabases({ major });
    await pair.source.query(BIRTH);
    await prepareSource(pair.source, slot);
  });
  afterEach(async () => {
    await Promise.all(pipelines.map((pipeline) => pipeline.stop()));
    await pair.dispose();
  });

  const start = async (snapshot: ConstructorParameters<typeof TestPipeline>[0]['snapshot']): Promise<TestPipeline> => {
    const pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'copy', url: pair.target.url() }],
      slot,
      pgDumpPath: await pgDump(),
      snapshot: { ranges: SMALL_RANGES, ...snapshot },
    });
    pipelines.push(pipeline);
    return pipeline;
  };

  it.each(['pg_dump', 'catalog'] as const)('gets schema and rows, the schema by %s', async (schemaSource) => {
    const pipeline = await start({ schemaSource });
    await pipeline.caughtUp(60_000);
    await copyOver(pair, 10_000); // with nobody writing to the source
    await expectEqual(pair.source, pair.target);
    await pair.source.query(`update small set note = 'after'; create table later as select 1 as a`);
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('fills a target that is added later, beside one that streams, and that one goes on meanwhile', async () => {
    const first = await start({});
    await first.caughtUp(60_000);
    await pair.source.query(
      `create table between (id int primary key); insert into between select generate_series(1, 100)`,
    );
    await first.caughtUp();
    await first.stop();
    const added = await testDatabases({ major });
    const churn = await Churn.start(pair.source, { seed: 9, writers: 2 });
    let streamedMeanwhile = false;
    const both = new TestPipeline({
      source: pair.source,
      targets: [
        { name: 'copy', url: pair.target.url() },
        { name: 'added', url: added.target.url() },
      ],
      slot,
      snapshot: {
        ranges: SMALL_RANGES,
        workers: 1,
        gate: async () => {
          const before = both.supervisor.targets[0]?.durable ?? 0n;
          await churn.atLeast(churn.committed + 5);
          if (streamedMeanwhile) return;
          await waitFor(() => (both.supervisor.targets[0]?.durable ?? 0n) > before, {
            what: 'the first target to go on',
            timeoutMs: 30_000,
          });
          streamedMeanwhile = true;
        },
      },
    });
    pipelines.push(both);
    await waitFor(() => both.supervisor.targets.every(({ state }) => state === 'streaming'), {
      what: 'both targets to stream',
      timeoutMs: 60_000,
    });
    await churn.stop();
    await both.caughtUp(60_000);
    expect(streamedMeanwhile).toBe(true);
    await expectEqual(pair.source, pair.target);
    await expectEqual(pair.source, added.target);
    await both.stop();
    await added.dispose();
  });

  it('keeps sequences near the values of the source', async () => {
    const pipeline = await start({});
    await pipeline.caughtUp(60_000);
    await pair.source.query(`select setval('counter', 4711), nextval('ids_id_seq')`);
    const values = `select c.last_value, c.is_called, i.last_value as ids from counter c, ids_id_seq i`;
    const wanted = await pair.source.query(values);
    await waitFor(async () => JSON.stringify(await pair.target.query(values)) === JSON.stringify(wanted), {
      what: 'the values of the sequences',
      timeoutMs: 30_000,
    });
  });

  it('meets the stream at one point: writers, savepoints and rollbacks all the while', async () => {
    const churn = await Churn.start(pair.source, { seed: 7, writers: 4 });
    let ranges = 0;
    const pipeline = await start({
      workers: 3,
      // Else a copy of small tables is over before the first writer has committed.
      gate: async () => void (await churn.atLeast(++ranges * 5)),
    });
    await waitFor(() => pipeline.supervisor.targets[0]?.state === 'streaming', {
      what: 'the target to stream',
      timeoutMs: 60_000,
    });
    const committed = await churn.stop();
    await pipeline.caughtUp(60_000);
    expect(committed).toBeGreaterThan(100);
    expect(ranges).toBeGreaterThan(10);
    await expectEqual(pair.source, pair.target);
  });

  it('takes 40 schema changes during the copy, of tables that are not yet, just being and already copied', async () => {
    const random = seededRandom(11);
    const changes = changesDuringCopy();
    expect(changes.length).toBeGreaterThanOrEqual(40);
    const churn = await Churn.start(pair.source, { seed: 8, writers: 2, tolerant: true });
    const queue = random.shuffle(changes);
    const pipeline = await start({
      workers: 2,
      gate: async () => {
        for (const change of queue.splice(0, 2)) await pair.source.query(change);
      },
    });
    await waitFor(() => pipeline.supervisor.targets[0]?.state === 'streaming', {
      what: 'the target to stream',
      timeoutMs: 90_000,
    });
    for (const change of queue) await pair.source.query(change);
    await churn.stop();
    await pipeline.caughtUp(90_000);
    await copyOver(pair);
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('goes on after it was stopped anywhere, with rows that moved between finished and unfinished ranges', async () => {
    for (const stopAfter of [2, 5, 9, 14]) {
      let ranges = 0;
      let stopped = false;
      const pipeline = await start({
        workers: 1,
        gate: async (_, signal) => {
          if (++ranges <= stopAfter) return;
          stopped = true;
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
          );
        },
      });
      await waitFor(() => stopped || pipeline.supervisor.targets[0]?.state === 'streaming', {
        what: `${stopAfter} ranges`,
        timeoutMs: 60_000,
      });
      // Keys from the end to the beginning and back: half of them cross a border that is copied on one side only.
      await pair.source.query(`
        begin; update wide set id = -id where id % 7 = 0; savepoint s; update wide set id = id + 100000 where id % 5 = 0; rollback to s; commit;
        update wide set id = -id where id < 0 and id % 2 = 0;
        update wide set n = n + 1 where id % 11 = 0; delete from wide where id % 97 = 0;
        insert into wide (id, big) select 1000000 + ${stopAfter} * 1000 + i, repeat(md5(i::text), 200) from generate_series(1, 50) i;
        update uuids set note = 'moved', id = gen_random_uuid() where n % 9 = 0; insert into keyless select 'again', ${stopAfter}`);
      await pipeline.stop();
    }
    const pipeline = await start({ workers: 3 });
    await pipeline.caughtUp(60_000);
    await copyOver(pair);
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  });
});

/** Every cut is behind the target, and what had to wait for that is done. */
async function copyOver(pair: DatabasePair, timeoutMs = 60_000): Promise<void> {
  await waitFor(async () => (await pair.target.value('select phase from walcast.snapshot')) === 'done', {
    what: 'the end of the copy',
    timeoutMs,
  });
}
