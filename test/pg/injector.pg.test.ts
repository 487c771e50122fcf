import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DdlCommandEvent } from '../../src/wal/ddl-event.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { Capture } from './support/capture.ts';
import { install } from './support/install.ts';

const ID = /^[0-9a-f]{16}$/;

/** What holds for each table that is there, by its name now. */
const IDS = `select c.oid::regclass::text as name, last.id
  from pg_class c cross join lateral (
    select t.id from walcast.table_ids t where t.relation = c.oid order by t.since desc limit 1) last`;

async function idsOf(source: TestDatabase): Promise<Record<string, string | null>> {
  const rows = await source.query(IDS);
  return Object.fromEntries(rows.map(({ name, id }) => [name ?? '', id ?? null]));
}

describe.each(testMajors())('the ids of tables on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let client: pg.Client;
  let capture: Capture;

  beforeAll(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    const before = await source.client('app');
    await before.query(`create table was_here (id int primary key); create table keyless_here (v int);
      create table parts_here (id int) partition by range (id); create table part_here partition of parts_here for values from (1) to (2);
      create view view_here as select 1 as one; create materialized view matview_here as select 1 as one; create temp table temp_here ()`);
    await install(source, 'core', 'injector');
    capture = await Capture.start(source);
    client = await source.client('app');
  });
  afterAll(() => pair.dispose());

  /** Runs as a plain user; the ids that the messages carry, by the name of the table in the event. */
  const run = async (sql: string): Promise<DdlCommandEvent[]> => {
    await client.query(sql);
    const events = await capture.commands();
    expect(capture.forged).toBe(0);
    expect(events.filter(({ kind }) => kind === 'degraded')).toEqual([]);
    return events;
  };
  const inMessage = (event: DdlCommandEvent | undefined): Record<string, string | undefined> =>
    Object.fromEntries(
      (event?.details?.relations ?? []).map(({ name, oid }) => [name, event?.table_ids?.[String(oid)]]),
    );

  it('are there for what was there at the installation, with those of partitions that of their root', async () => {
    const ids = await idsOf(source);
    expect(Object.keys(ids).sort()).toEqual(['keyless_here', 'part_here', 'parts_here', 'was_here']);
    for (const id of Object.values(ids)) expect(id).toMatch(ID);
    expect(ids['part_here']).toBe(ids['parts_here']);
    expect(new Set(Object.values(ids)).size).toBe(3);
  });

  it('come with the message that makes the table, and with each that changes it', async () => {
    const [made, altered] = await run('create table t1 (id int primary key); alter table t1 add v text');
    const { t1 } = await idsOf(source);
    expect(inMessage(made)).toEqual({ t1 });
    expect(inMessage(altered)).toEqual({ t1 });
    const [index, renamed] = await run('create index on t1 (v); alter index t1_v_idx rename to t1_v');
    expect([inMessage(index), inMessage(renamed)]).toEqual([{ t1 }, { t1 }]);
  });

  it('stay over renames and moves, of a table and of its schema, in one transaction as well', async () => {
    await run('create schema s; create table s.moving (id int primary key)');
    const { 's.moving': id } = await idsOf(source);
    const events = await run(`begin; alter table s.moving rename to moved; alter table s.moved set schema public;
      alter table moved rename id to key; alter table moved set schema s; alter schema s rename to s2; commit`);
    expect((await idsOf(source))['s2.moved']).toBe(id);
    expect(events.flatMap((event) => Object.values(event.table_ids ?? {}))).toEqual([id, id, id, id]);
    expect(events.every(({ table_ids }) => table_ids !== undefined)).toBe(true);
  });

  it('are new for a table that was dropped and made again, in one transaction as well', async () => {
    await run('create table again (id int primary key)');
    const { again: first } = await idsOf(source);
    const [dropped, made] = await run('begin; drop table again; create table again (id int primary key); commit');
    const { again: second } = await idsOf(source);
    expect(second).toMatch(ID);
    expect(second).not.toBe(first);
    expect(Object.values(dropped?.table_ids ?? {})).toEqual([first]);
    expect(inMessage(made)).toEqual({ again: second });
  });

  it('follow partitions: the id of the root while they are attached, one of their own after', async () => {
    await run(`create table root (id int) partition by range (id); create table sub partition of root for values from (1) to (100) partition by range (id);
      create table leaf partition of sub for values from (1) to (50); create table alone (id int); create table mid (id int) partition by range (id);
      create table mid_leaf partition of mid for values from (200) to (210)`);
    const before = await idsOf(source);
    expect([before['sub'], before['leaf'], before['mid_leaf']]).toEqual([
      before['root'],
      before['root'],
      before['mid'],
    ]);
    expect(new Set([before['root'], before['alone'], before['mid']]).size).toBe(3);

    const [attached] = await run(`alter table sub attach partition alone for values from (50) to (100)`);
    expect(inMessage(attached)).toEqual({ sub: before['root'], leaf: before['root'], alone: before['root'] });
    await run(`alter table root attach partition mid for values from (200) to (300)`);
    const during = await idsOf(source);
    expect(['sub', 'leaf', 'alone', 'mid', 'mid_leaf'].map((name) => during[name])).toEqual(
      Array.from({ length: 5 }, () => before['root']),
    );

    const [, detached] = await run(`alter table sub detach partition alone; alter table root detach partition mid`);
    const after = await idsOf(source);
    expect(after['mid_leaf']).toBe(after['mid']);
    expect(new Set([after['root'], after['alone'], after['mid'], before['alone'], before['mid']]).size).toBe(5);
    expect(Object.values(detached?.table_ids ?? {})).toContain(after['mid']);
    await client.query('alter table root detach partition sub concurrently');
    const last = await idsOf(source);
    expect(last['leaf']).toBe(last['sub']);
    expect(last['sub']).not.toBe(last['root']);
    await capture.drain();
  });

  it('go with a savepoint that is rolled back', async () => {
    await run(`begin; create table kept (id int primary key); savepoint a; create table gone (id int primary key); drop table kept; rollback to a;
      alter table kept add v int; commit`);
    const ids = await idsOf(source);
    expect(ids['kept']).toMatch(ID);
    expect(await source.value(`select count(*) from walcast.table_ids where relation = 'kept'::regclass`)).toBe('1');
  });

  it('are given to what a schema, a query, an extension or a function makes', async () => {
    const events = await run(`create schema made create table one (id int primary key) create table two (id int);
      create table from_query as select 1 as id; select 1 as id into from_into; create table child () inherits (was_here);
      do $$ begin execute 'create table by_do (id int)'; end $$; create unlogged table not_logged (id int)`);
    const ids = await idsOf(source);
    const names = ['made.one', 'made.two', 'from_query', 'from_into', 'child', 'by_do', 'not_logged'];
    expect(new Set(names.map((name) => ids[name])).size).toBe(names.length);
    for (const name of names) expect(ids[name]).toMatch(ID);
    const [all] = events;
    expect(inMessage(all)).toEqual({ one: ids['made.one'], two: ids['made.two'] });
    const [parent] = await run('alter table was_here add extra int');
    expect(inMessage(parent)).toEqual({ was_here: ids['was_here'], child: ids['child'] });
  });

  it('are not given to views, materialized views, temporary tables and our own', async () => {
    await run(`create view v as select 1 as one; create materialized view mv as select 1 as one; create temp table tt (id int);
      alter table tt add v int; drop table tt; create sequence sq; create type pair as (a int)`);
    const names = Object.keys(await idsOf(source));
    expect(names.filter((name) => /^(v|mv|tt|sq|pair|walcast\..*|pg_temp.*)$/.test(name))).toEqual([]);
  });

  it.each(['repeatable read', 'serializable'])(
    'are right under %s, and left out where the snapshot is too old',
    async (level) => {
      const table = level.replace(' ', '_');
      await run(`create table ${table}_old (id int primary key)`);
      const late = await source.client('app');
      await late.query(`begin isolation level ${level}; select 1`);
      await run(`create table ${table}_new (id int primary key); create table ${table}_part (id int);
      create table ${table}_root (id int) partition by range (id)`);
      const before = await idsOf(source);
      await late.query(`alter table ${table}_old add v int; create table ${table}_own (id int primary key); alter table ${table}_own add v int;
      alter table ${table}_new add v int; alter table ${table}_root attach partition ${table}_part for values from (1) to (2)`);
      await late.query(`drop table ${table}_new; commit`);
      const [old, made, altered] = await capture.commands();
      const after = await idsOf(source);
      expect(after[`${table}_old`]).toBe(before[`${table}_old`]);
      expect(inMessage(old)).toEqual({ [`${table}_old`]: before[`${table}_old`] });
      expect([inMessage(made), inMessage(altered)]).toEqual([
        { [`${table}_own`]: after[`${table}_own`] },
        { [`${table}_own`]: after[`${table}_own`] },
      ]);
      // What the old snapshot hid is put right by the next command, or by `init`.
      await source.query('select walcast.fill_table_ids()');
      const filled = await idsOf(source);
      expect(filled[`${table}_root`]).toBe(before[`${table}_root`]);
      expect(filled[`${table}_part`]).toBe(before[`${table}_root`]);
      await late.end();
      await capture.drain();
    },
  );

  it('are kept for sessions with session_replication_role = replica', async () => {
    const replica = await source.client();
    await replica.query('set session_replication_role = replica; create table by_replica (id int primary key)');
    await replica.query('alter table by_replica rename to by_replica_2');
    const events = await capture.commands();
    const { by_replica_2: id } = await idsOf(source);
    expect(id).toMatch(ID);
    expect(events.map((event) => Object.values(event.table_ids ?? {}))).toEqual([[id], [id]]);
    await replica.end();
  });

  it('come late to a table whose making no event told', async () => {
    await client.query('explain analyze create table unseen as select 1 as id');
    expect((await idsOf(source))['unseen']).toBeUndefined();
    await run('alter table unseen add v int');
    const { unseen } = await idsOf(source);
    expect(unseen).toMatch(ID);
    await client.query('explain analyze create table unseen_2 as select 1 as id');
    expect(await source.value('select walcast.fill_table_ids()')).toBe('1');
    expect(await source.value('select walcast.fill_table_ids()')).toBe('0');
    expect((await idsOf(source))['unseen_2']).toMatch(ID);
    await capture.drain();
  });

  it('keep the row of a dropped table as long as a slot may bring its rows', async () => {
    await run('create table short (id int primary key)');
    const oid = await source.value(`select 'short'::regclass::oid`);
    const rows = (): Promise<unknown> =>
      source.query('select id is null as gone from walcast.table_ids where relation = $1 order by since', [oid ?? '']);
    await run('drop table short');
    expect(await rows()).toEqual([{ gone: 'f' }, { gone: 't' }]);
    await run('create table other (id int primary key); drop table other');
    expect(await rows()).toEqual([{ gone: 'f' }, { gone: 't' }]);
    await source.query(`select pg_drop_replication_slot('${source.name}_capture')`);
    await client.query('create table third (id int primary key); drop table third');
    expect(await rows()).toEqual([]);
    await source.query(`select pg_create_logical_replication_slot('${source.name}_capture', 'pgoutput')`);
  });

  it('speak of nothing but the commands of users: no message tells of our own tables', async () => {
    await install(source, { set: 'injector', remove: true }, 'injector');
    expect(await capture.drain()).toEqual(
      expect.not.arrayContaining([
        expect.objectContaining({ messages: expect.arrayContaining([expect.objectContaining({ kind: 'message' })]) }),
      ]),
    );
  });
});
