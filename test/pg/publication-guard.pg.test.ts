import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLsn } from '../../src/wal/lsn.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, PUBLICATION, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('the publication on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  let slot = '';

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    pipeline = new TestPipeline({ source: pair.source, targets: [{ name: 'replica', url: pair.target.url() }], slot });
    await pair.source.query('create table t (id int primary key)');
    await pipeline.caughtUp();
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  it.each([
    ['dropped', `drop publication ${PUBLICATION}`],
    ['narrowed', `alter publication ${PUBLICATION} set (publish = 'insert')`],
  ])('%s while we stream: told, and nothing after it is confirmed', async (_, statement) => {
    await pair.source.query(statement);
    await pair.source.query('insert into t values (1); update t set id = 2');
    await waitFor(
      () => ['E_PUBLICATION_CHANGED', 'E_NOT_INITIALISED'].includes(pipeline.supervisor.sourceError?.code ?? ''),
      {
        what: 'the pipeline to notice',
      },
    );
    const confirmed = await pair.source.value(
      'select confirmed_flush_lsn from pg_replication_slots where slot_name = $1',
      [slot],
    );
    const after = parseLsn((await pair.source.value('select pg_current_wal_lsn()')) ?? '');
    expect(parseLsn(confirmed ?? '')).toBeLessThan(after);
    expect(await pair.target.value('select count(*) from t')).toBe('0');
  });
});
