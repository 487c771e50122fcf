import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWalcastError } from '../../src/errors/walcast-error.ts';
import { expectEqual } from '../support/compare.ts';
import { newestMajor } from '../support/majors.ts';
import { PIPELINE, prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

describe('a command that a target refuses', () => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  let slot = '';
  const start = (): TestPipeline =>
    new TestPipeline({ source: pair.source, targets: [{ name: 'replica', url: pair.target.url() }], slot });

  beforeEach(async () => {
    pair = await testDatabases({ major: newestMajor() });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    pipeline = start();
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  it('stops it with its position, is passed over when a person says so, and is recorded', async () => {
    await pair.source.query('create table before (id int primary key)');
    await pipeline.caughtUp();
    await pair.target.query('create table taken (something text)');
    await pair.source.query('create table taken (id int primary key)');
    await pair.source.query('insert into before values (1)');
    const error: unknown = await pipeline.caughtUp().then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!isWalcastError(error)) throw new Error('the target went on');
    const lsn = error.fields.lsn;
    expect(error.message).toContain(`at ${lsn}`);
    expect(await pair.target.value('select count(*) from before')).toBe('0');
    await pipeline.stop();

    await pair.target.query('drop table taken; create table taken (id int primary key)');
    await pair.target.query(
      'insert into walcast.skipped_ddl select system_identifier, database, pipeline, $2::pg_lsn from walcast.checkpoint where pipeline = $1',
      [PIPELINE, lsn ?? ''],
    );
    pipeline = start();
    await pair.source.query('insert into taken values (7)');
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    expect(await pair.target.value('select how from walcast.applied_ddl where lsn = $1::pg_lsn', [lsn ?? ''])).toMatch(
      /^skipped/,
    );
  });
});
