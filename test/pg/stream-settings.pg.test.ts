import { afterEach, beforeEach, describe, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

/** Settings that change how values are printed and read, set the wrong way for whoever connects. */
const HOSTILE = [
  `"DateStyle" = 'SQL, DMY'`,
  `"IntervalStyle" = 'sql_standard'`,
  `"TimeZone" = 'Asia/Kolkata'`,
  `extra_float_digits = -10`,
  `bytea_output = 'escape'`,
  `xmlbinary = 'hex'`,
  `search_path = 'elsewhere'`,
  `standard_conforming_strings = 'off'`,
  `statement_timeout = '50ms'`,
  `lock_timeout = '10ms'`,
];

const ROWS = `
create table public.t (id int primary key, f4 float4, f8 float8, d date, ts timestamp, tz timestamptz, i interval, b bytea,
  r regclass, fa float8[], dr daterange, p point, x text);
insert into public.t select 1, 0.1::float4 + 1e-7::float4, 1 / 3.0::float8, '2024-02-03', '2024-02-03 04:05:06.000007',
  '2024-02-03 04:05:06.000007+01', '-1 year -2 mons +3 days -04:05:06.7', '\\x00ff5c27', 'public.t'::regclass,
  array[1 / 7.0::float8, 'NaN', '-infinity'], '[2024-02-03,2024-03-02)', point(1 / 3.0, 2 / 3.0), 'a\\b''c';
update public.t set f8 = f8 / 3, ts = ts - interval '1 us';`;

describe.each(testMajors())('settings of databases and addresses, PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline | undefined;

  beforeEach(async () => {
    pair = await testDatabases({ major });
  });

  afterEach(async () => {
    await pipeline?.stop();
    await pair.dispose();
  });

  const start = async (sourceUrl: string, targetUrl: string): Promise<TestPipeline> => {
    const slot = `${pair.source.name}_slot`;
    await prepareSource(pair.source, slot);
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: targetUrl }],
      slot,
      sourceUrl,
    });
    return pipeline;
  };
  const spoil = async (database: TestDatabase): Promise<void> => {
    for (const setting of HOSTILE) await database.query(`alter database ${database.name} set ${setting}`);
  };
  /** Columns that no output function of this session may change: compared as the bytes that are stored. */
  const rows = async (): Promise<void> => {
    await pair.source.query(`set standard_conforming_strings = on; ${ROWS}`);
  };

  it.each(['source', 'target'] as const)('of the %s change no value', async (side) => {
    const running = await start(pair.source.url(), pair.target.url());
    await running.caughtUp();
    await running.stop();
    await spoil(pair[side]);
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot: `${pair.source.name}_slot`,
    });
    await rows();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('of the address come second to ours', async () => {
    const spoiled = (url: string): string => {
      const changed = new URL(url);
      changed.searchParams.set(
        'options',
        '-c DateStyle=SQL,DMY -c IntervalStyle=sql_standard -c extra_float_digits=-10 -c bytea_output=escape -c session_replication_role=origin',
      );
      for (const timeout of ['statement_timeout', 'lock_timeout', 'query_timeout'])
        changed.searchParams.set(timeout, '40');
      changed.searchParams.set('idle_in_transaction_session_timeout', '40');
      return changed.href;
    };
    const running = await start(spoiled(pair.source.url()), spoiled(pair.target.url()));
    await rows();
    await running.caughtUp();
    await expectEqual(pair.source, pair.target);
  });
});
