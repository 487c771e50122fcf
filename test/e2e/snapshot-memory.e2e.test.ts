import { afterEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { prepareSource } from '../support/pipeline.ts';
import { copyConfig, copyDone, withPgDump } from '../support/snapshot/copy-daemon.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { peakMegabytes } from '../support/workload/peak-memory.ts';

const BASE_MB = 150;
const ROW_MB = 100;
const SLOT = 'walcast_large';

/** Of bytes that TOAST does not compress. */
function bytesOf(megabytes: number): string {
  return `decode(repeat(md5('x'), ${(megabytes * 2 ** 20) / 16}), 'hex')`;
}

const COLUMNS = Array.from(
  { length: 1_600 },
  (_, i) => `c${i} ${i === 0 ? 'int primary key' : i % 7 === 0 ? 'boolean' : 'int'}`,
);
const VALUES = Array.from({ length: 1_600 }, (_, i) =>
  i === 0 ? 'g' : i % 7 === 0 ? 'g % 2 = 0' : i % 3 === 0 ? 'null' : `g + ${i}`,
);

describe('the memory of an initial copy stays below its bound', () => {
  let pair: DatabasePair;
  let daemon: Daemon | null = null;
  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await daemon?.exited;
    daemon = null;
    await pair.dispose();
  });

  async function fill(...birth: string[]): Promise<number> {
    pair = await testDatabases();
    for (const statement of birth) await pair.source.query(statement);
    await prepareSource(pair.source, SLOT);
    const started = await startDaemon({
      config: copyConfig({ sourceUrl: pair.source.url(), targetUrl: pair.target.url(), slot: SLOT }),
      env: await withPgDump(),
    });
    daemon = started;
    await copyDone(pair.target, 180_000, () => started.lastLines());
    const peak = await peakMegabytes(started.pid);
    await expectEqual(pair.source, pair.target);
    return peak;
  }

  it(`with rows of ${ROW_MB} MB`, async () => {
    const peak = await fill(
      'create table large (id int primary key, body bytea); alter table large alter body set storage external',
      `insert into large select g, ${bytesOf(ROW_MB)} from generate_series(1, 4) g`,
      `create table keyless (body text); alter table keyless alter body set storage external; insert into keyless select repeat(md5('y'), ${2 ** 20}) from generate_series(1, 4)`,
    );
    expect(peak).toBeLessThanOrEqual(BASE_MB + 3 * ROW_MB);
  }, 300_000);

  it("with large rows that reach a user's function", async () => {
    const rowMb = 20;
    const peak = await fill(
      `create function fits(b bytea) returns boolean language plpgsql immutable as $$ begin return length(b) > 0; end $$; alter function fits owner to alice`,
      `create table judged (id int primary key, body bytea check (fits(body))); alter table judged alter body set storage external; alter table judged owner to alice`,
      `insert into judged select g, ${bytesOf(rowMb)} from generate_series(1, 6) g`,
    );
    // a byte has two characters where rows are bound one by one
    expect(peak).toBeLessThanOrEqual(BASE_MB + 3 * 2 * rowMb);
  }, 300_000);

  it('with 1,600 columns', async () => {
    const peak = await fill(
      `create table broad (${COLUMNS.join(', ')})`,
      `insert into broad select ${VALUES.join(', ')} from generate_series(1, 5000) g`,
    );
    expect(peak).toBeLessThanOrEqual(BASE_MB);
  }, 300_000);
});
