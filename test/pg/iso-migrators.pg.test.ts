import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

describe.each(testMajors())('migrations above READ COMMITTED on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    const slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    pipeline = new TestPipeline({ source: pair.source, targets: [{ name: 'replica', url: pair.target.url() }], slot });
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  it.each(['repeatable read', 'serializable'])('two migrators at once, %s by default', async (level) => {
    await pair.source.query(
      'create table shared (id int primary key, v text); create table a (id int primary key); create table b (id int primary key)',
    );
    const clients = [await pair.source.client('app'), await pair.source.client()];
    for (const client of clients) await client.query(`set default_transaction_isolation = '${level}'`);
    const [app, owner] = clients;
    if (app === undefined || owner === undefined) throw new Error('two clients');
    await app.query('create table theirs (id int primary key)');
    // The second one's snapshot is older than what the first one commits in between: its triggers see the catalog of before.
    await owner.query('begin');
    await owner.query('select count(*) from a');
    await app.query('alter table theirs add column n int default 7; insert into theirs values (1)');
    await pair.source.query('alter table b add column from_outside numeric(10,2) default 1.5');
    await owner.query('alter table a add column late timestamptz; insert into a values (1, now())');
    await owner.query('alter table b add column more text; insert into b values (1, 2.25, $$x$$)');
    await owner.query('commit');
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const client = i % 2 === 0 ? app : owner;
        await client.query(
          `create table t_${i} (id int primary key); alter table t_${i} add v int default ${i}; insert into t_${i} values (${i})`,
        );
      }),
    );
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    expect(await pair.target.value('select n from theirs')).toBe('7');
  });
});
