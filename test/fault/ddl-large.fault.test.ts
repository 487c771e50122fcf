import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { waitFor } from '../support/wait-for.ts';
import { FaultBed, type FaultPipeline } from '../support/workload/bed.ts';
import { peakMegabytes } from '../support/workload/peak-memory.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const TOTAL_MB = NIGHTLY ? 1024 : 80;
const ROWS = (TOTAL_MB * 2 ** 20) / 1024;
const LIMIT_MB = 150;
const PATIENCE_MS = NIGHTLY ? 900_000 : 200_000;

/** Rows, then schema changes of every class, then as many rows again, under savepoints that go and stay. */
const HALF = ROWS / 2;
const BODY = `repeat(md5(g::text), 32)`;
const TRANSACTION = [
  'begin',
  `insert into big select g, ${BODY} from generate_series(1, ${HALF}) g`,
  `savepoint a; alter table big add lost int default 1; insert into big select -g, ${BODY} from generate_series(1, 2000) g; rollback to a`,
  `alter table big add kept int not null default 7; create table amid (id int primary key, r double precision default random()); insert into amid (id) values (1)`,
  `alter table small alter n type text using n || '!'; alter table small add u uuid default gen_random_uuid(); create index on big (kept)`,
  `savepoint b; create table copied as select id, kept from big where id <= 1000; release b; create view seen as select count(*) from big`,
  `do $$ begin begin alter table big drop kept; raise exception 'x'; exception when others then execute 'comment on table big is ''amid'''; end; end $$`,
  `insert into big (id, body, kept) select g, ${BODY}, g % 10 from generate_series(${HALF + 1}, ${ROWS}) g`,
  `update big set kept = -1 where id % 1000 = 0; alter table big rename body to content; delete from big where id % 500 = 1; insert into amid (id) values (2)`,
] as const;

describe(`schema changes in the middle of a transaction of ${TOTAL_MB} MB`, () => {
  let bed: FaultBed;
  let pipeline: FaultPipeline;

  beforeAll(async () => {
    bed = await FaultBed.create({ major: 18 });
  });
  afterAll(() => bed.dispose());
  beforeEach(async () => {
    pipeline = await bed.pipeline();
    await pipeline.from.query(`create table big (id int primary key, body text); alter table big alter body set storage plain;
      create table small (id int primary key, n int); insert into small select g, g from generate_series(1, 1000) g`);
  });
  afterEach(() => pipeline.dispose());

  const work = async (end: string): Promise<void> => {
    const client = await pipeline.from.client();
    for (const sql of TRANSACTION) await client.query(sql);
    await client.query(end);
    await client.end();
  };

  /** Stops the target's session somewhere in the transaction: once some of it is in its files, though nobody may see it. */
  const stalled = async (): Promise<number> => {
    const applier = await pipeline.applier();
    const begun = async (): Promise<boolean> =>
      Number(await pipeline.to.value(`select pg_relation_size('big')`)) > (TOTAL_MB * 2 ** 20) / 4;
    await waitFor(begun, { what: 'a quarter of the transaction', timeoutMs: PATIENCE_MS });
    process.kill(applier, 'SIGSTOP');
    return applier;
  };

  it('arrive with it, while the target stands still for a while, within the memory limit', async () => {
    const { from, to } = pipeline;
    const daemon = await pipeline.start();
    await pipeline.caughtUp();
    await work('commit');
    const applier = await stalled();
    await delay(3_000);
    process.kill(applier, 'SIGCONT');
    await pipeline.caughtUp(PATIENCE_MS);
    expect(await peakMegabytes(daemon.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(from, to);
  });

  it('arrive whole or not at all when the daemon is killed in its middle, and it was prepared before', async () => {
    const { from, to } = pipeline;
    const first = await pipeline.start();
    await pipeline.caughtUp();
    await work(`prepare transaction 'large of ${from.name}'`);
    first.kill('SIGKILL'); // between PREPARE and COMMIT PREPARED
    await first.exited;
    const second = await pipeline.start();
    await from.query(`insert into fence values (-1)`);
    await pipeline.caughtUp();
    expect(await to.value('select count(*) from big')).toBe('0');
    await from.query(`commit prepared 'large of ${from.name}'`);
    const applier = await stalled();
    second.kill('SIGKILL');
    await second.exited;
    process.kill(applier, 'SIGCONT');
    const ended = async (): Promise<boolean> =>
      (await to.query('select from pg_stat_activity where pid = $1', [String(applier)])).length === 0;
    await waitFor(ended, { what: 'the session of the dead daemon to end', timeoutMs: 60_000 });
    expect(await to.value(`select count(*) = 0 and to_regclass('amid') is null from big`)).toBe('t');
    const third = await pipeline.start();
    await pipeline.caughtUp(PATIENCE_MS);
    expect(await peakMegabytes(third.pid)).toBeLessThanOrEqual(LIMIT_MB);
    await expectEqual(from, to);
  });
});
