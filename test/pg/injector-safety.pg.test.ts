import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quoteLiteral } from '../../src/sql/quote.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { Capture } from './support/capture.ts';
import { install } from './support/install.ts';

const FORGED = '{"1":"0000000000000000"}';

describe.each(testMajors())('the injector on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let capture: Capture;
  let client: pg.Client;

  beforeAll(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    await install(source, 'core', 'injector');
    capture = await Capture.start(source);
  });
  beforeEach(async () => {
    client = await source.client('app');
  });
  afterEach(() => client.end());
  afterAll(() => pair.dispose());

  const idsInMessages = async (): Promise<unknown[]> => (await capture.commands()).map(({ table_ids }) => table_ids);

  it('takes no id from a user, whenever the setting is written', async () => {
    await client.query(`create function forge() returns int language plpgsql as $$ begin
      perform set_config('walcast.table_ids', repeat('0', 64) || ':${FORGED}', true);
      perform set_config('walcast.table_ids', repeat('0', 64) || ':${FORGED}', false);
      return 1; end $$;
      create function forge_fixed() returns int language sql immutable as $$ select public.forge() $$`);
    await capture.drain();
    await client.query(`set walcast.table_ids = '${'0'.repeat(64)}:${FORGED}'`);
    await client.query(`begin; select forge(); create table forged (id int primary key default forge(), check (forge() > 0)); select forge();
      alter table forged add v int default forge(); insert into forged values (1); alter table forged alter v type bigint using forge();
      create index on forged ((forge_fixed())); select forge(); drop table forged; commit`);
    const seen = await idsInMessages();
    expect(seen.length).toBeGreaterThan(4);
    expect(JSON.stringify(seen)).not.toContain('0000000000000000');
    expect(seen.filter((ids) => ids === undefined)).toHaveLength(2); // the rewrites
  });

  it('takes no signed value of an earlier command, of another transaction, or of the time before it was removed', async () => {
    const { rows } = await client
      .query<{ signed: string }>(
        `begin; create table earlier (id int primary key); select current_setting('walcast.table_ids') as signed; commit`,
      )
      .then(
        (results) =>
          (results as unknown as pg.QueryResult<{ signed: string }>[]).find((result) => result.rows.length > 0) ?? {
            rows: [],
          },
      );
    const signed = rows[0]?.signed ?? '';
    expect(signed).toMatch(/^[0-9a-f]{64}:\{.*\}$/);
    await capture.drain();
    const replay = `select set_config('walcast.table_ids', ${quoteLiteral(signed)}, true)`;
    await client.query(
      `begin; ${replay}; create table later (id int primary key); ${replay}; comment on table later is 'x'; commit`,
    );
    expect(JSON.stringify(await idsInMessages())).not.toContain(signed.split('"')[3]);

    await install(source, { set: 'injector', remove: true });
    await client.query(
      `begin; ${replay}; create table alone (id int primary key); commit; set walcast.table_ids = ${quoteLiteral(signed)}`,
    );
    await client.query('create table alone_2 (id int primary key)');
    expect(await idsInMessages()).toEqual([undefined, undefined]);
    await install(source, 'injector');
  });

  it('gives nobody a right, and its functions cannot be called', async () => {
    for (const statement of [
      'select * from walcast.table_ids',
      `insert into walcast.table_ids values (1, '0/1', 'x', 1)`,
      'select walcast.random_id()',
      'select walcast.fill_table_ids()',
      `select walcast.find_table_ids('ALTER TABLE')`,
      'select walcast.keep_table_ids()',
    ]) {
      await expect(client.query(statement)).rejects.toThrow('permission denied for schema walcast');
    }
    await expect(source.query('select walcast.keep_table_ids()')).rejects.toThrow(
      /trigger functions can only be called/,
    );
  });

  it('lets no command wait for another one, nor fail because of it', async () => {
    await client.query(`create table hot (id int primary key); create table hot_parts (id int) partition by range (id);
      create table hot_part partition of hot_parts for values from (1) to (2); create table old_1 (); create table old_2 ();
      drop table old_1; drop table old_2`);
    const [first, second] = [await source.client('app'), await source.client('app')];
    await source.query(`select pg_drop_replication_slot('${source.name}_capture')`); // so that both want to clean up
    await first.query(
      'begin; alter table hot add a int; create table by_first (id int); create table first_gone (); drop table first_gone',
    );
    await second.query(`set statement_timeout = '5s'; begin; create table by_second (id int); create table second_gone ();
      drop table second_gone; create index on hot_parts (id); alter table hot_part add check (id > 0)`);
    await second.query('commit');
    await first.query('alter table hot add b int; drop table by_first; commit');
    for (const level of ['repeatable read', 'serializable']) {
      await first.query(
        `begin isolation level ${level}; create table x (id int); drop table x; create table y_1 (id int)`,
      );
      await second.query(
        `begin isolation level ${level}; create table x2 (id int); drop table x2; create table y_2 (id int); commit`,
      );
      await first.query('commit; drop table y_1; drop table y_2');
    }
    await Promise.all([first.end(), second.end()]);
    await source.query(`select pg_create_logical_replication_slot('${source.name}_capture', 'pgoutput')`);
  });

  it('lets the command go on when it cannot read its table, and says that it does not know', async () => {
    await client.query('create table before_damage (id int primary key)');
    await source.query('alter table walcast.table_ids rename column id to broken');
    await capture.drain();
    try {
      await client.query('alter table before_damage add v int; drop table before_damage');
    } finally {
      await source.query('alter table walcast.table_ids rename column broken to id');
    }
    expect(await idsInMessages()).toEqual([{}, {}]);
  });

  it('keeps ids without the core, which then come with the first message', async () => {
    const alone = await testDatabases({ major });
    try {
      await install(alone.source, 'injector');
      const user = await alone.source.client('app');
      await user.query(`create table early (id int primary key); alter table early rename to earlier`);
      expect(await alone.source.value(`select coalesce(current_setting('walcast.table_ids', true), '')`)).toBe('');
      const id = await alone.source.value('select id from walcast.table_ids');
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      await install(alone.source, 'core');
      const later = await Capture.start(alone.source);
      await user.query('alter table earlier add v int');
      const [event] = await later.commands();
      expect(Object.values(event?.table_ids ?? {})).toEqual([id]);
    } finally {
      await alone.dispose();
    }
  });

  it('takes as long for the last of 2,000 partitions as for the first, and little for all of them at once', async () => {
    await client.query('create table many (id int) partition by range (id)');
    const make = async (from: number, to: number): Promise<number> => {
      const started = performance.now();
      await client.query(`do $$ begin for i in ${from}..${to} loop
        execute format('create table many_%s partition of many for values from (%s) to (%s)', i, i, i + 1); end loop; end $$`);
      return performance.now() - started;
    };
    await make(1, 100);
    const first = await make(101, 400);
    // The server itself needs longer for each partition that its table has: those in between have tables of their own in the tree.
    await client.query(`do $$ begin for i in 4..16 loop
      execute format('create table many_sub_%s partition of many for values from (%s) to (%s) partition by range (id)', i, i * 100 + 1, i * 100 + 101);
      for k in 1..100 loop
        execute format('create table many_%s partition of many_sub_%s for values from (%s) to (%s)', i * 100 + k, i, i * 100 + k, i * 100 + k + 1);
      end loop; end loop; end $$`);
    const last = await make(1701, 2000);
    expect(last).toBeLessThan(3 * first + 500);
    await capture.drain();
    await client.query('alter table many add v int');
    const [event] = await capture.commands();
    expect(Object.keys(event?.table_ids ?? {})).toHaveLength(2014);
    expect(new Set(Object.values(event?.table_ids ?? {})).size).toBe(1);
    await client.query('drop table many');
    const [dropped] = await capture.commands();
    expect(Object.keys(dropped?.table_ids ?? {})).toHaveLength(2014);
  }, 300_000);
});
