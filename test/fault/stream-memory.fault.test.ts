import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { peakMegabytes } from '../support/workload/peak-memory.ts';

const MEGABYTE = 2 ** 20;
const LIMIT_MB = 150;

describe('memory of the daemon', () => {
  let bed: FaultBed;
  let pipeline: FaultPipeline;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18 });
  });
  afterAll(() => bed.dispose());
  beforeEach(async () => {
    pipeline = await bed.pipeline();
    await pipeline.from.query('create table big (id int primary key, note text, body text)');
    await pipeline.from.query('alter table big alter body set storage external');
  });
  afterEach(() => pipeline.dispose());

  const within = async (pid: number | undefined, rowMb: number): Promise<void> => {
    expect(await peakMegabytes(pid)).toBeLessThanOrEqual(LIMIT_MB + 3 * rowMb);
  };

  it('stays within its limit in a transaction of 300 MB', async () => {
    const { from, to } = pipeline;
    const { pid } = await pipeline.start();
    await pipeline.caughtUp();
    await from.query(`insert into big select g, 'n', repeat(md5(g::text), 16) from generate_series(1, 600000) g`);
    await pipeline.caughtUp(240_000);
    await within(pid, 0);
    await expectEqual(from, to);
  });

  it.each([1, 5])('takes at most three times a row of 60 MB that comes %i times', async (rows) => {
    const { from, to } = pipeline;
    const { pid } = await pipeline.start();
    await pipeline.caughtUp();
    await from.query(
      `insert into big select g, 'n', repeat(md5(g::text), ${(60 * MEGABYTE) / 32}) from generate_series(1, ${rows}) g`,
    );
    await from.query(`update big set note = 'unchanged body'`);
    await pipeline.caughtUp(120_000);
    await within(pid, 60);
    await expectEqual(from, to);
  });
});
