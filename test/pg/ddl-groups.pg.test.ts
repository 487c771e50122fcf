import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWalcastError } from '../../src/errors/walcast-error.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

/** Transactions of the target that the commands were replayed in. */
const TRANSACTIONS = 'select count(distinct xmin::text) from walcast.applied_ddl where lsn > $1::pg_lsn';

describe.each(testMajors())('changes of schema that wait for the target, on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let pipeline: TestPipeline;
  let slot = '';
  const start = (): TestPipeline =>
    new TestPipeline({ source: pair.source, targets: [{ name: 'replica', url: pair.target.url() }], slot });
  const applied = async (): Promise<number> =>
    Number(await pair.target.value('select count(*) from walcast.applied_ddl where statement is not null'));
  /** Commands of the source, each in a transaction of its own, while nobody follows. @returns where they begin */
  const meanwhile = async (...statements: readonly string[]): Promise<string> => {
    await pipeline.stop();
    const from = (await pair.source.value('select pg_current_wal_lsn()')) ?? '';
    for (const statement of statements) await pair.source.query(statement);
    return from;
  };

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
    await prepareSource(pair.source, slot);
    await pair.source.query('create table first (id int primary key)');
    await pair.target.query('create table first (id int primary key)');
    await pair.source.query(`select pg_replication_slot_advance('${slot}', pg_current_wal_lsn())`);
    await pair.source.query(
      'update walcast.slot set consistent_point = (select confirmed_flush_lsn from pg_replication_slots where slot_name = $1) where slot_name = $1',
      [slot],
    );
    pipeline = start();
    await pipeline.caughtUp();
  });

  afterEach(async () => {
    await pipeline.stop();
    await pair.dispose();
  });

  const FIVE = [
    'create table a (id int primary key, v text)',
    'insert into a select n, n from generate_series(1, 10) n',
    'alter table a add column extra int not null default 7',
    "insert into a select n, n, n from generate_series(11, 20) n; update a set v = 'x' where id < 5",
    'create table taken (id int primary key)',
    'insert into taken values (1), (2), (3), (4), (5)',
    'create index on a (extra)',
    'delete from a where id % 2 = 0',
    'alter table a drop column v',
    'insert into a (id) values (100)',
  ] as const;

  it('share its transactions, with the rows between them', async () => {
    const from = await meanwhile(...FIVE);
    pipeline = start();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    // how many depends on how fast the source sends
    expect(Number(await pair.target.value(TRANSACTIONS, [from]))).toBeLessThan(5);
    expect(pipeline.supervisor.targets[0]?.error ?? null).toBe(null);
    expect(pipeline.supervisor.reconnects).toBe(0);
  });

  it('that one of them cannot be repeated: those before it are kept, and it is the one that is named', async () => {
    await meanwhile(...FIVE);
    await pair.target.query('create table taken (something text)');
    const before = await applied();
    pipeline = start();
    const error: unknown = await pipeline.caughtUp().then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!isWalcastError(error)) throw new Error('the target went on');
    expect(error.message).toContain('taken');
    expect(await applied()).toBe(before + 2);
    expect(await pair.target.value("select count(*) || ' ' || sum(extra) from a")).toBe('20 225');
    expect(await pair.target.value("select to_regclass('a_extra_idx')")).toBe(null);
    await pipeline.stop();
    await pair.target.query('drop table taken');
    pipeline = start();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    expect(await applied()).toBe(before + 5);
  });

  it('of which inserted rows before a command are refused: the row is named, what came before is kept', async () => {
    await pair.target.query('insert into first values (3)');
    const before = await applied();
    await meanwhile(
      'create table a (id int primary key)',
      'insert into first select n from generate_series(1, 9) n',
      'alter table a add column v text',
    );
    pipeline = start();
    const error: unknown = await pipeline.caughtUp().then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!isWalcastError(error)) throw new Error('the target went on');
    expect(error.message).toMatch(/INSERT on public\.first at .*id = 3/);
    expect(await applied()).toBe(before + 1);
    expect(await pair.target.value('select count(*) from first')).toBe('1');
    await pair.target.query('delete from first');
    await pipeline.stop();
    pipeline = start();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  });

  it('come with rows whose generated columns the target computes: nothing has to be tried again', async () => {
    await meanwhile(
      'create table g (id int primary key, twice int generated always as (id * 2) stored, v text)',
      'insert into g (id) select n from generate_series(1, 20) n',
      'alter table g add column extra int default 1',
      'insert into g (id) select n from generate_series(21, 40) n',
      'alter table g drop column v',
    );
    pipeline = start();
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
    expect(pipeline.supervisor.targets[0]?.error ?? null).toBe(null);
    expect(pipeline.supervisor.reconnects).toBe(0);
  });

  it('are all there once when the session is ended between them', async () => {
    await meanwhile(...FIVE);
    const locker = await pair.target.client();
    try {
      await locker.query('begin; lock first in access exclusive mode');
      await pair.source.query('alter table first add column v text');
      const before = await applied();
      pipeline = start();
      const waiting = `select pid from pg_stat_activity where datname = current_database() and application_name = 'walcast apply' and wait_event_type = 'Lock'`;
      await waitFor(async () => (await pair.target.value(waiting)) !== null, {
        what: 'the apply to wait for the lock',
      });
      expect(await applied()).toBe(before);
      await pair.target.query(`select pg_terminate_backend(pid) from (${waiting}) w`);
      await locker.query('commit');
      await pipeline.caughtUp();
      await expectEqual(pair.source, pair.target);
      expect(await applied()).toBe(before + 6);
    } finally {
      await locker.end();
    }
  });

  it('are committed one by one where the code of others runs, or where the next may need the one before committed', async () => {
    const role = `app_${pair.source.name}`.slice(0, 63);
    await pair.source.query(`create role ${role}; grant create on schema public to ${role}`);
    if ((await pair.target.value('select count(*) from pg_roles where rolname = $1', [role])) === '0')
      await pair.target.query(`create role ${role}`);
    await pair.target.query(`grant create on schema public to ${role}`);
    try {
      const from = await meanwhile(
        `set role ${role}; create table mine (id int primary key); reset role`,
        `set role ${role}; alter table mine add column v int default 1; reset role`,
        "create type mood as enum ('low')",
        'create table felt (m mood)',
        "alter type mood add value 'high'",
        "insert into felt values ('high')",
        "alter table felt alter m set default 'high'",
      );
      pipeline = start();
      await pipeline.caughtUp();
      await expectEqual(pair.source, pair.target);
      expect(Number(await pair.target.value(TRANSACTIONS, [from]))).toBeGreaterThanOrEqual(5);
      expect(pipeline.supervisor.reconnects).toBe(0);
    } finally {
      await pipeline.stop();
      for (const database of [pair.source, pair.target])
        await database.query(`reassign owned by ${role} to current_user; drop owned by ${role}`);
      await pair.source.query(`drop role if exists ${role}`).catch(() => undefined);
      await pair.target.query(`drop role if exists ${role}`).catch(() => undefined);
    }
  });
});
