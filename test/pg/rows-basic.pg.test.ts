import { afterEach, beforeEach, describe, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

describe.each(testMajors())('rows on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  const slot = () => `walcast_${pair.source.name}`.slice(0, 63);

  beforeEach(async () => {
    pair = await testDatabases({ major });
    await prepareSource(pair.source, slot());
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot: slot(),
    });
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  const replicate = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await pair.source.query(statement);
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  };

  it('applies inserts, updates, deletes and key changes', async () => {
    await replicate(
      'create table t (id int primary key, v text)',
      "insert into t select g, 'v' || g from generate_series(1, 500) g",
      "update t set v = v || 'x' where id % 3 = 0",
      'update t set id = id + 10000 where id % 7 = 0',
      'delete from t where id % 5 = 0',
    );
  });
});
