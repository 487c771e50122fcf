import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareDatabases, expectEqual } from '../support/compare.ts';
import { dumpStatements } from '../support/dump-entries.ts';
import { testMajors } from '../support/majors.ts';
import { pgDump } from '../support/pg-dump.ts';
import { prepareSource, TestPipeline } from '../support/pipeline.ts';
import { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);

/** A database that somebody restores: triggers and keys that a restore has to switch off, tables without a key. */
const DONOR = `create type kind as enum ('a', 'b'); create table parent (id serial primary key, k kind, note text default 'it''s');
  create table child (id int primary key, p int not null references parent on delete cascade, total int);
  create table keyless (a int, b text); create table parts (d date not null, v int) partition by range (d);
  create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01'); create table parts_rest partition of parts default;
  create function forbid() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
  insert into parent (k) values ('a'), ('b'); insert into child values (1, 1, 5), (2, 2, 6); insert into keyless values (1, 'x'), (1, 'x');
  insert into parts values ('2020-05-05', 1), ('2022-01-01', 2);
  create trigger forbid before insert or update on child for each row execute function forbid();
  create view both_of as select p.note, c.total from parent p join child c on c.p = p.id; create materialized view totals as select sum(total) from child;
  create index on keyless (b); alter table child enable row level security; create policy all_of on child using (total > 0); grant select on parent to alice;
  comment on table keyless is 'none'`;

describe.each(testMajors())('DDL that event triggers may not see, on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let slot: string;
  let pipeline: TestPipeline | undefined;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    slot = `walcast_${pair.source.name}`.slice(0, 63);
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    await pair.dispose();
  });
  const follow = async (filled: boolean): Promise<TestPipeline> => {
    pipeline = new TestPipeline({
      source: pair.source,
      targets: [{ name: 'replica', url: pair.target.url() }],
      slot,
      pgDumpPath: await pgDump(),
      ...(filled ? { snapshot: {} } : {}),
    });
    return pipeline;
  };
  const start = async (filled = false): Promise<TestPipeline> => {
    await prepareSource(pair.source, slot);
    return await follow(filled);
  };

  it('a whole restore in a session that is a replica', async () => {
    const running = await start();
    const { source, target } = pair;
    const donor = await TestDatabase.create(source.server);
    const client = await source.client();
    try {
      await donor.query(DONOR);
      const { stdout } = await run(await pgDump(), ['--inserts', '-d', donor.url()], { maxBuffer: 2 ** 26 });
      await client.query('set session_replication_role = replica');
      for (const { sql } of dumpStatements(stdout)) await client.query(sql);
    } finally {
      await client.end();
      await donor.dispose();
    }
    await source.query(
      `update keyless set a = 2; insert into parts values ('2020-06-06', 3); alter table child add late int default 1`,
    );
    await running.caughtUp();
    expect(await target.value('select count(*) from child')).toBe('2');
    await expectEqual(source, target);
  });

  it('a restore of rows alone, whose triggers are disabled and enabled around it', async () => {
    const running = await start();
    const { source, target } = pair;
    await source.query(DONOR);
    await source.query(`truncate parent, child`);
    await source.query(`begin; alter table child disable trigger all; alter table parent disable trigger all; insert into child values (7, 70, 700);
      insert into parent (id, k) values (70, 'b'); alter table parent enable trigger all; alter table child enable trigger all; commit`);
    await running.caughtUp();
    await expectEqual(source, target);
  });

  it('event triggers that other tools have are copied with a target that is filled, and do not fire there', async () => {
    const { source, target } = pair;
    await source.query(`create table audit (id bigserial primary key, tag text, what text);
      create function audit() returns event_trigger language plpgsql security definer as $$ begin insert into public.audit (tag, what) values (tg_tag, tg_event); end $$;
      create event trigger audit_end on ddl_command_end execute function audit(); create event trigger audit_start on ddl_command_start execute function audit();
      create event trigger audit_drop on sql_drop when tag in ('DROP TABLE', 'ALTER TABLE') execute function audit();
      create event trigger off on ddl_command_end execute function audit(); alter event trigger off disable;
      create event trigger always on ddl_command_end execute function audit(); alter event trigger always enable always;
      create event trigger of_replicas on sql_drop execute function audit(); alter event trigger of_replicas enable replica;
      create table here (id int primary key)`);
    const running = await start(true);
    await running.caughtUp(60_000);
    await waitFor(() => target.value('select phase from walcast.snapshot').then((phase) => phase === 'done'), {
      what: 'the copy',
    });
    await source.query(
      'create table more (id int primary key); insert into more values (1); alter table here add a int, add b int; alter table here drop a; drop table more',
    );
    await running.caughtUp();
    const { schema, rows } = await compareDatabases(source, target);
    // they would repeat here what their rows bring: ENABLE, as with triggers of tables
    expect(schema.filter((line) => /^ +[-+]/.test(line))).toEqual([
      '  - ALTER EVENT TRIGGER always ENABLE ALWAYS;',
      '  - ALTER EVENT TRIGGER of_replicas ENABLE REPLICA;',
    ]);
    expect(rows).toEqual([]);
  });

  it.each([
    {
      what: 'the length of a column',
      catalog: `update pg_attribute set atttypmod = 24 where attrelid = 'known'::regclass and attname = 'v'`,
      row: `'longer than ten', 'a'`,
      code: 'E_TARGET_APPLY',
      wayOut: 'alter table known alter v type varchar(20)',
    },
    {
      what: 'a label of an enum',
      catalog: `update pg_enum set enumlabel = 'c' where enumlabel = 'b' and enumtypid = 'kind'::regtype`,
      row: `'x', 'c'`,
      code: 'E_TARGET_APPLY',
      wayOut: `alter type kind rename value 'b' to 'c'`,
    },
    {
      what: 'the name of a column',
      catalog: `update pg_attribute set attname = 'w' where attrelid = 'known'::regclass and attname = 'v'`,
      row: `'x', 'a'`,
      code: 'E_TARGET_SHAPE',
      wayOut: 'alter table known rename v to w',
    },
  ])('$what, written into the catalog by a superuser: rows of it stop the target', async (changed) => {
    const running = await start();
    const { source, target } = pair;
    await source.query(`create type kind as enum ('a', 'b'); create table known (id int primary key, v varchar(10), k kind);
      insert into known values (1, 'x', 'a')`);
    await running.caughtUp();
    await source.query(changed.catalog);
    await source.query(`insert into known values (2, ${changed.row})`);
    const stopped: unknown = await running.caughtUp().catch((error: unknown) => error);
    expect(stopped).toMatchObject({ code: changed.code });
    expect(await target.value('select count(*) from known')).toBe('1');
    await running.stop();
    await target.query(changed.wayOut);
    const again = await follow(false);
    await again.caughtUp();
    await expectEqual(source, target);
  });

  it.runIf(major >= 17)(
    'a session with event_triggers = off: a new table is made from its rows, a changed one stops the target',
    async () => {
      const running = await start();
      const { source, target } = pair;
      await source.query('create table known (id int primary key); insert into known values (1)');
      await source.query(`set event_triggers = off; create table unseen (id int primary key, a text, b numeric(5, 2)); insert into unseen values (1, 'x', 1.5);
      reset event_triggers; insert into known values (2)`);
      await running.caughtUp();
      expect(await target.query('select * from unseen')).toEqual([{ id: '1', a: 'x', b: '1.50' }]);
      await source.query(
        `set event_triggers = off; alter table known add b int; reset event_triggers; insert into known values (3, 4)`,
      );
      const stopped: unknown = await running.caughtUp().catch((error: unknown) => error);
      expect(stopped).toMatchObject({ code: 'E_TARGET_SHAPE' });
      expect(await target.value('select count(*) from known')).toBe('2');
      await running.stop();
      await target.query('alter table known add b int'); // the way out
      const again = await follow(false);
      await again.caughtUp();
      await expectEqual(source, target);
    },
  );
});
