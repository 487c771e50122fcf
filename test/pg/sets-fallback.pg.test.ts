import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WalcastError } from '../../src/errors/walcast-error.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('one row that does not fit among thousands, PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  const slot = () => `walcast_${pair.source.name}`.slice(0, 63);
  const start = (): TestPipeline =>
    new TestPipeline({ source: pair.source, targets: [{ name: 'replica', url: pair.target.url() }], slot: slot() });

  beforeEach(async () => {
    pair = await testDatabases({ major });
    await prepareSource(pair.source, slot());
    await pair.source.query('create table t (id int primary key, u int unique, v text)');
    await pair.source.query("insert into t select g, g, 'v' || g from generate_series(1, 3000) g");
    pipeline = start();
    await pipeline.caughtUp();
  });
  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  it.each([
    {
      what: 'an update whose row is missing',
      damage: 'delete from t where id = 1234',
      change: "update t set v = v || '!'",
      message: /^UPDATE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 1234\) hit 0 rows/,
      mend: "insert into t values (1234, 1234, 'v1234')",
    },
    {
      what: 'a delete whose row is missing',
      damage: 'delete from t where id = 77',
      change: 'delete from t where id % 7 = 0',
      message: /^DELETE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 77\) hit 0 rows/,
      mend: "insert into t values (77, 77, 'v77')",
    },
    {
      what: 'an insert whose unique value is taken',
      damage: "insert into t values (9000, 4321, 'ours')",
      change: "insert into t select g, g, 'v' || g from generate_series(3001, 6000) g",
      message: /^INSERT on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 4321\).*\[23505\]/,
      mend: 'delete from t where id = 9000',
    },
    {
      what: 'an update that a constraint of the target refuses',
      damage: 'alter table t add constraint small check (u <> 2500 or v is not null)',
      change: "update t set v = nullif(v, 'v2500')",
      message: /^UPDATE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 2500\).*\[23514\]/,
      mend: 'alter table t drop constraint small',
    },
    {
      what: 'an update whose row is missing, among few enough to go with their COMMIT',
      damage: 'delete from t where id = 1234',
      change: "update t set v = v || '!' where id between 1200 and 1400",
      message: /^UPDATE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 1234\) hit 0 rows/,
      mend: "insert into t values (1234, 1234, 'v1234')",
    },
    {
      what: 'a delete whose row is missing, among few enough to go with their COMMIT',
      damage: 'delete from t where id = 77',
      change: 'delete from t where id < 200',
      message: /^DELETE on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 77\) hit 0 rows/,
      mend: "insert into t values (77, 77, 'v77')",
    },
    {
      what: 'an insert whose unique value is taken, among few enough to go with their COMMIT',
      damage: "insert into t values (9000, 3100, 'ours')",
      change: "insert into t select g, g, 'v' || g from generate_series(3001, 3200) g",
      message: /^INSERT on public\.t at [0-9A-F]+\/[0-9A-F]+ \(id = 3100\).*\[23505\]/,
      mend: 'delete from t where id = 9000',
    },
  ])('is told by key, table and position: $what', async ({ damage, change, message, mend }) => {
    const { source, target } = pair;
    await target.query(damage);
    const before = await target.value('select count(*) from t');
    await source.query(change);
    const error = await waitFor(
      () => pipeline.supervisor.targets.find(({ state }) => state === 'stopped')?.error ?? null,
      { what: 'the target to stop' },
    );
    expect(error).toBeInstanceOf(WalcastError);
    expect(error.code).toBe('E_TARGET_CONFLICT');
    expect(error.message).toMatch(message);
    expect(error.fields).toMatchObject({ table: 'public.t', target: 'replica' });
    expect(String(error.fields['lsn'])).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(await target.value('select count(*) from t'), 'nothing of the transaction').toBe(before);
    await target.query(mend);
    await pipeline.stop();
    pipeline = start();
    await pipeline.caughtUp();
    await expectEqual(source, target);
  });

  it('few rows that change unique values over go once more one by one, in their order', async () => {
    const { source, target } = pair;
    await source.query(`do $$ begin
      for i in 1..20 loop
        update t set u = -i where id = i;
        update t set u = i where id = i + 100;
        update t set u = i + 100 where id = i;
      end loop; end $$`);
    await pipeline.caughtUp();
    await expectEqual(source, target);
    expect(await target.value('select u from t where id = 5')).toBe('105');
    expect(pipeline.supervisor.targets.map(({ state }) => state)).toEqual(['streaming']);
  });
});
