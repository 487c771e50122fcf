import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('indexes made concurrently on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  let slot = '';

  const start = (concurrently: boolean): TestPipeline =>
    new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot,
      ddl: { concurrently },
    });

  const nothingPending = async (): Promise<void> =>
    void (await waitFor(async () => (await pair.target.value('select count(*) from walcast.pending_index')) === '0', {
      what: 'the indexes that were noted',
    }));

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    await pair.source.query('create table t (id int primary key, "odd ""name" text)');
    await pair.source.query("insert into t select g, 'v' || g from generate_series(1, 1000) g");
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  it('does not hold up writers of the target by policy, and plainly within the transaction by default', async () => {
    pipeline = start(true);
    await pipeline.caughtUp();
    // A reader with an old snapshot: a concurrent build waits for it, a plain one does not.
    const reader = await pair.target.client();
    await reader.query('begin isolation level repeatable read');
    await reader.query('select 1 from t limit 1');
    await pair.source.query('create unique index concurrently "Made Late" on t ("odd ""name") where id > 0');
    await waitFor(async () => (await pair.target.value('select count(*) from walcast.pending_index')) === '1', {
      what: 'the index to be noted',
    });
    // The table can be written meanwhile.
    await pair.target.query(
      "set lock_timeout = '2s'; begin; insert into t values (-1, 'from here'); rollback; reset lock_timeout",
    );
    await reader.query('commit');
    await nothingPending();
    await pair.source.query('drop index concurrently "Made Late"');
    await pipeline.caughtUp();
    await nothingPending();
    await expectEqual(pair.source, pair.target);
    expect(await pair.target.value("select count(*) from walcast.applied_ddl where how like 'concurrently%'")).toBe(
      '2',
    );
  });

  it('makes again what a crash left half built, and takes for done what is there', async () => {
    pipeline = start(true);
    await pipeline.caughtUp();
    const reader = await pair.target.client();
    await reader.query('begin isolation level repeatable read');
    await reader.query('select 1 from t limit 1');
    await pair.source.query('create index concurrently half on t ("odd ""name")');
    await waitFor(
      async () =>
        (await pair.target.value("select count(*) from pg_index where indexrelid = to_regclass('half')")) === '1',
      { what: 'the build to begin' },
    );
    await pair.target.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walcast index'",
    );
    await pipeline.stop();
    await reader.query('commit');
    expect(await pair.target.value("select indisvalid::text from pg_index where indexrelid = 'half'::regclass")).toBe(
      'false',
    );
    expect(await pair.target.value('select count(*) from walcast.pending_index')).toBe('1');
    pipeline = start(true);
    await pair.source.query("insert into t values (5000, 'later')");
    await pipeline.caughtUp();
    await nothingPending();
    expect(await pair.target.value("select indisvalid::text from pg_index where indexrelid = 'half'::regclass")).toBe(
      'true',
    );
    await expectEqual(pair.source, pair.target);
  });

  it.each([true, false])('goes on after one that failed on the source (concurrently: %s)', async (concurrently) => {
    pipeline = start(concurrently);
    await pair.source.query("insert into t select -id, 'v1' from t where id < 3");
    await expect(
      pair.source.query('create unique index concurrently failed on t ("odd ""name")'),
    ).rejects.toMatchObject({
      code: '23505',
    });
    await pair.source.query('alter table t add column n int');
    await pair.source.query('create index after on t (n)');
    await pair.source.query('drop index failed');
    await pipeline.caughtUp();
    await nothingPending();
    await expectEqual(pair.source, pair.target);
  });
});
