import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import type { InitOptions } from '../../src/app/init/init-report.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import { testMajors } from '../support/majors.ts';
import { schemaDump } from './support/schema-dump.ts';
import { StreamReader } from './support/stream-reader.ts';
import { TABLE_SHAPES, type TableShape } from './support/table-shapes.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each(testMajors())('init on PostgreSQL %i', (major) => {
  const shapes = TABLE_SHAPES.filter(({ from = 0 }) => major >= from);
  let pair: DatabasePair;
  let source: TestDatabase;
  let options: InitOptions;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    options = { url: source.url(), slot: `${source.name}_slot`, publication: 'walcast_main', replicaIdentity: 'auto' };
  });
  afterEach(() => pair.dispose());

  const makeShapes = async (): Promise<void> => {
    const app = await source.client('app');
    for (const { ddl, insert } of shapes) await app.query(`${ddl}; ${insert}`);
  };

  /** Every statement on every shape; the names of those that fail. */
  const failures = async (of: readonly TableShape[] = shapes): Promise<string[]> => {
    const app = await source.client('app');
    const failed: string[] = [];
    for (const { name, insert, update, remove } of of) {
      await app.query(`begin; ${update}; ${remove}; ${insert}; commit`).catch(async (error: unknown) => {
        failed.push(`${name}: ${String(error)}`);
        await app.query('rollback');
      });
    }
    await app.end();
    return failed;
  };

  const state = (): Promise<unknown> =>
    source.query(`select slot_name, plugin, (select array_agg(pubname::text order by 1) from pg_publication) as publications,
      (select count(*) from pg_event_trigger) as triggers, (select count(*) from walcast.slot where consistent_point is not null) as records
      from pg_replication_slots where database = current_database()`);
  const complete = (): unknown => [
    { slot_name: options.slot, plugin: 'pgoutput', publications: '{walcast_main}', triggers: '6', records: '1' },
  ];

  it('changes nothing and names the tables when some need an identity and nobody consented', async () => {
    await makeShapes();
    const before = await schemaDump(source);
    const unasked = { url: options.url, slot: options.slot, publication: options.publication };
    await expect(initSource(unasked)).rejects.toMatchObject({ code: 'E_PREFLIGHT', exitCode: 3 });
    await expect(initSource(unasked)).rejects.toThrow(
      /public\.no_key \(full row\), .*public\.unique_not_null \(index unique_not_null_a_key\)/,
    );
    expect(await schemaDump(source)).toEqual(before);
    expect(await source.query('select nspname from pg_namespace where nspname = $1', ['walcast'])).toEqual([]);
  });

  it('lets UPDATE and DELETE of every table shape go on, and destroy puts the catalog back as it was', async () => {
    await makeShapes();
    expect(await failures()).toEqual([]);
    const before = await schemaDump(source);
    const report = await initSource(options);
    expect(report.identities.map(({ table, identity }) => `${table.replace('public.', '')}: ${identity}`)).toEqual(
      expect.arrayContaining([
        'no_key: full row',
        'deferrable_key: full row',
        'unique_nullable: full row',
        'unique_not_null: index unique_not_null_a_key',
        'unique_deferrable: full row',
        'unique_partial: full row',
        'unique_expression: full row',
        'unique_include: index unique_include_a_b_idx',
        'unique_twice: index unique_twice_a_idx',
        'identity_nothing_key: primary key',
        'parted_1: full row',
        'heir_one: full row',
        'no_columns: full row',
      ]),
    );
    expect(await failures()).toEqual([]);
    await destroySource(options);
    expect(await schemaDump(source)).toEqual(before);
    expect(
      await source.query('select slot_name from pg_replication_slots where database = current_database()'),
    ).toEqual([]);
    expect(await failures()).toEqual([]);
  });

  it('lets them go on for tables made later, in the transaction that makes them as well', async () => {
    await initSource(options);
    const app = await source.client('app');
    for (const { ddl, insert, update, remove } of shapes) {
      await app.query(`begin; ${ddl}; ${insert}; ${update}; ${remove}; commit`);
      await app.query(`begin; ${insert}; ${update}; ${remove}; commit`);
    }
  });

  it('lets them go on for tables that lose what identified their rows', async () => {
    await initSource(options);
    const app = await source.client('app');
    await app.query(`create domain dom as int; create type kind as (x int, y int);
      create table a (id int primary key, u int not null unique, v int); insert into a values (1, 1, 1);
      create table b (id dom primary key, v int); insert into b values (1, 1);
      create table c (u int not null unique, v int); insert into c values (1, 1);
      create table d (u int not null, v int); create unique index du on d (u); insert into d values (1, 1);
      create table t of kind (primary key (x)); insert into t values (1, 1);
      create table p (id int primary key, v int) partition by hash (id);
      create table p1 partition of p for values with (modulus 1, remainder 0); insert into p values (1, 1)`);
    const changes = (table: string): string =>
      `update ${table} set v = 2; delete from ${table}; insert into ${table} (v) values (1)`;
    await app.query(
      'alter table a drop constraint a_pkey; update a set v = 2; delete from a; insert into a values (1, 1, 1)',
    );
    await app.query('alter table a drop column u cascade; update a set v = 3');
    await app.query(`drop domain dom cascade; ${changes('b')}`);
    await app.query(`alter table c drop constraint c_u_key; update c set v = 2; delete from c`);
    await app.query(`drop index du; update d set v = 2; delete from d; insert into d values (2, 2)`);
    await app.query('create unique index concurrently du on d (u)');
    await app.query(`alter table d replica identity using index du`);
    await app.query('drop index concurrently du');
    await app.query('update d set v = 3; delete from d');
    await app.query('alter type kind drop attribute x cascade; update t set y = 2; delete from t');
    await app.query('alter table p drop constraint p_pkey; update p set v = 2; delete from p');
    await app.query('alter table a add primary key (id); update a set v = 4; delete from a');
    await app.query(
      'create unlogged table w (v int); insert into w values (1); alter table w set logged; update w set v = 2',
    );
    await app.query(
      'create table parts (v int) partition by list (v); create table part (v int); insert into part values (1)',
    );
    await app.query(
      `alter table parts attach partition part for values in (1); update parts set v = 1; alter table parts detach partition part; update part set v = 2`,
    );
    expect(await source.value(`select relreplident from pg_class where relname = 'a'`)).toBe('d');
    expect(
      await source.query(
        `select relation::regclass::text as r from walcast.chosen_identity where relation = 'a'::regclass`,
      ),
    ).toEqual([]);
  });

  it('leaves an identity alone that a user chooses later, also in destroy', async () => {
    await initSource(options);
    await source.query(
      'create table t (a int not null); create unique index t_a on t (a); alter table t replica identity using index t_a',
    );
    await source.query(
      'create table f (a int); alter table f add primary key (a); alter table f replica identity full; alter table f add column b int',
    );
    await destroySource(options);
    expect(
      await source.query(`select relname, relreplident from pg_class where relname in ('t', 'f') order by 1`),
    ).toEqual([
      { relname: 'f', relreplident: 'f' },
      { relname: 't', relreplident: 'i' },
    ]);
  });

  it('hurts no plain user who makes, changes and drops tables meanwhile', async () => {
    await makeShapes();
    let stop = false;
    const users = ['alice', 'bob', 'app'].map(async (user, n) => {
      const client = await source.client(user);
      let rounds = 0;
      for (; !stop; rounds++) {
        const table = `${user}_${rounds}`;
        await client.query(
          `begin; create table ${table} (a int, b int not null unique); insert into ${table} values (1, 1); update ${table} set a = 2; commit`,
        );
        await client.query(
          `update ${table} set a = 3; alter table ${table} add primary key (a); update ${table} set a = 4`,
        );
        await client.query(
          `alter table ${table} drop constraint ${table}_pkey; delete from ${table}; drop table ${table}`,
        );
        if (user === 'app')
          for (const shape of shapes.slice(0, 8 + n))
            await client.query(`${shape.update}; ${shape.remove}; ${shape.insert}`);
      }
      return rounds;
    });
    try {
      await initSource(options);
    } finally {
      stop = true;
    }
    expect((await Promise.all(users)).every((rounds) => rounds > 0)).toBe(true);
    expect(await state()).toEqual(complete());
  });

  it('waits for a transaction that made a table before, and gives that table its identity', async () => {
    const app = await source.client('app');
    await app.query('begin; create table early (a int); insert into early values (1)');
    const init = initSource(options);
    await waitFor(() => source.value(`select to_regclass('walcast.slot')::text`), { what: 'the migrations' });
    expect(
      await Promise.race([init.then(() => 'done'), new Promise((resolve) => setTimeout(resolve, 300, 'waiting'))]),
    ).toBe('waiting');
    expect(await source.query('select pubname from pg_publication')).toEqual([]);
    await app.query('update early set a = 2; commit; update early set a = 3');
    const { identities } = await init;
    expect(identities).toMatchObject([{ table: 'public.early', identity: 'full row' }]);
    await app.query('update early set a = 4; delete from early');
  });

  it('names who is in the way when it waited long enough, and goes on the next time', async () => {
    const app = await source.client('app');
    await app.query('create table busy (a int); begin; insert into busy values (1)');
    const pid = await source.value(
      `select pid from pg_stat_activity where backend_xid is not null and usename = 'app' and datname = current_database()`,
    );
    await expect(initSource({ ...options, waitMs: 300 })).rejects.toMatchObject({
      code: 'E_OLD_TRANSACTION',
      message: expect.stringContaining(`pid ${pid ?? ''}`) as unknown,
    });
    await app.query('commit; begin; select * from busy');
    await expect(initSource({ ...options, waitMs: 300 })).rejects.toMatchObject({
      code: 'E_TABLE_LOCKED',
      message: expect.stringContaining(`pid ${pid ?? ''}`) as unknown,
    });
    expect(await source.query('select pubname from pg_publication')).toEqual([]);
    await app.query('commit');
    await initSource(options);
    expect(await state()).toEqual(complete());
  });

  it('may be run again and changes nothing', async () => {
    await makeShapes();
    const first = await initSource(options);
    const dump = await schemaDump(source);
    const plain = { url: options.url, slot: options.slot, publication: options.publication };
    const second = await initSource(plain);
    expect(second).toMatchObject({
      migrations: [{ set: 'core', applied: [] }],
      identities: [],
      slot: { ...first.slot, created: false },
      publication: { created: false },
    });
    expect(await schemaDump(source)).toEqual(dump);
  });

  it('is done by one of two processes at once, the other finds it done', async () => {
    await makeShapes();
    const reports = await Promise.all([initSource(options), initSource(options)]);
    expect(reports.map(({ slot }) => slot.created).sort()).toEqual([false, true]);
    expect(new Set(reports.map(({ slot }) => slot.id)).size).toBe(1);
    expect(await state()).toEqual(complete());
  });

  it('goes on where it was cut off, at whichever step', async () => {
    await makeShapes();
    const before = await schemaDump(source);
    for (const cut of [0, 1, 2, 25, 26, 27]) {
      let steps = 0;
      const cutOff = initSource({
        ...options,
        onStep: () => {
          if (steps++ === cut) throw new Error('cut off');
        },
      });
      await cutOff.then(
        ({ steps: all }) => expect(all.length).toBeLessThanOrEqual(cut),
        (error: unknown) => expect(String(error)).toMatch(/cut off/),
      );
      expect(await failures()).toEqual([]);
      await initSource(options);
      expect(await state()).toEqual(complete());
      expect(await failures()).toEqual([]);
      await destroySource(options);
      expect(await schemaDump(source)).toEqual(before);
    }
  });

  it('goes on after its server session was killed in the middle, ten times', async () => {
    await makeShapes();
    for (let round = 0; round < 10; round++) {
      const init = initSource(options).then(
        () => 'done',
        () => 'killed',
      );
      const kill = source.query(
        `select pg_sleep(${round * 0.02}); select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'walcast'`,
      );
      await Promise.all([init, kill]);
      expect(await failures()).toEqual([]);
      const report = await initSource(options);
      expect(await state()).toEqual(complete());
      expect(report.slot.consistentPoint).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
      await destroySource(options);
    }
  });

  it('drops a slot that was left half-made and makes it anew', async () => {
    const { slot: first } = await initSource(options);
    await source.query('update walcast.slot set consistent_point = null');
    const { slot } = await initSource(options);
    expect(slot).toMatchObject({ id: first.id, created: true });
    expect(slot.consistentPoint).not.toBe(first.consistentPoint);
  });

  it('makes a slot with another id when the slot was dropped', async () => {
    const { slot: first } = await initSource(options);
    await source.query('select pg_drop_replication_slot($1)', [options.slot]);
    const { slot, steps } = await initSource(options);
    expect(slot.created).toBe(true);
    expect(slot.id).not.toBe(first.id);
    expect(steps.join('\n')).toMatch(/was gone, created anew/);
  });

  it('enables event triggers again that somebody disabled', async () => {
    await initSource(options);
    await source.query('alter event trigger "!walcast_2_end" disable');
    await initSource(options);
    expect(await source.value('select string_agg(distinct evtenabled::text, $$,$$) from pg_event_trigger')).toBe('A');
  });

  it('serves two pipelines of one database; destroy of one leaves the other', async () => {
    await makeShapes();
    const before = await schemaDump(source);
    const other = { ...options, slot: `${source.name}_two`, publication: 'walcast_two' };
    await initSource(options);
    await initSource(other);
    await destroySource(options);
    expect(await source.query('select slot_name from walcast.slot')).toEqual([{ slot_name: other.slot }]);
    expect(await failures()).toEqual([]);
    await destroySource(other);
    expect(await schemaDump(source)).toEqual(before);
  });

  it('does not settle tables while switched off for a bulk restore, and does so afterwards', async () => {
    await initSource(options);
    await initSource({ ...options, replicaIdentity: 'off' });
    await source.query('create table bulk (a int)');
    expect(await source.value(`select relreplident from pg_class where relname = 'bulk'`)).toBe('d');
    const { identities } = await initSource(options);
    expect(identities.map(({ table }) => table)).toEqual(['public.bulk']);
  });

  it('destroy refuses while the slot is read, removing nothing', async () => {
    await initSource(options);
    const stream = await StreamReader.start(source, options.slot, 'walcast_main');
    await expect(destroySource(options)).rejects.toMatchObject({ code: 'E_SLOT_ACTIVE' });
    expect(await state()).toEqual(complete());
    await stream.stop();
    await waitFor(
      () => source.value(`select true from pg_replication_slots where slot_name = $1 and not active`, [options.slot]),
      { what: 'the slot to be free' },
    );
    await destroySource(options);
    expect(await destroySource(options)).toMatchObject({ steps: [expect.stringMatching(/not installed/)] });
  });
});
