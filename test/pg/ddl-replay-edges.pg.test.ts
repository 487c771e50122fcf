import { mkdtempSync, chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { DdlReplayerOptions } from '../../src/processor/postgres/ddl/ddl-replayer.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { ReplayedPair } from './cases/replayed-pair.ts';

describe.each(testMajors())('PostgreSQL %i', (major) => {
  let pair: ReplayedPair | undefined;
  afterEach(async () => {
    await pair?.dispose();
    pair = undefined;
  });

  async function start(
    options: Partial<DdlReplayerOptions> = {},
  ): Promise<ReplayedPair & { sql(text: string): Promise<void> }> {
    const made = await ReplayedPair.create(major, options);
    pair = made;
    const { source } = made.databases;
    return Object.assign(made, {
      sql: async (text: string): Promise<void> => void (await source.query(text)),
    });
  }

  test('a difference after the statement stops with both sides shown and nothing done', async () => {
    const run = await start();
    await run.sql('create table t (id int primary key, a int)');
    await run.catchUp();
    await run.databases.target.query('alter table t alter a type bigint; alter table t alter a set default 7');
    await run.sql('alter table t add column b int');
    const stopped = await run.catchUp().catch((error: unknown) => error as Error & { code?: string });
    expect(stopped).toMatchObject({ code: 'E_DDL_MISMATCH' });
    expect(String(stopped?.message)).toContain('columns.a.type: source "integer", target "bigint"');
    expect(
      await run.databases.target.value(
        "select count(*) from pg_attribute where attrelid = 't'::regclass and attname = 'b'",
      ),
    ).toBe('0');
  });

  test('a statement that the target refuses stops with the server’s words', async () => {
    const run = await start();
    await run.sql('create table t (id int primary key)');
    await run.catchUp();
    await run.databases.target.query('drop table t');
    await run.sql('alter table t add column b int');
    await expect(run.catchUp()).rejects.toMatchObject({
      code: 'E_DDL_FAILED',
      fields: { sqlstate: '42P01', tag: 'ALTER TABLE' },
    });
  });

  test.each<[DdlReplayerOptions['roles'], string]>([
    ['create', 'stranger'],
    ['skip-ownership', 'walcast_stand_in'],
  ])('a role that the target lacks: %s', async (roles, owner) => {
    const run = await start({ roles });
    await run.sql(`drop role if exists stranger; create role stranger; grant all on schema public to stranger; set role stranger;
      create table strange (id int primary key); insert into strange values (1); reset role; create table plain (id int primary key);
      alter table plain owner to stranger; grant select on plain to stranger; reset role`);
    await run.databases.target.query('grant all on schema public to public');
    await run.catchUp();
    expect(
      await run.databases.target.query("select tableowner from pg_tables where tablename in ('strange', 'plain')"),
    ).toEqual([{ tableowner: owner }, { tableowner: owner }]);
    await run.databases.target.query(`drop owned by ${owner}; drop role ${owner}`);
    await run.databases.source.query('drop owned by stranger; drop role stranger');
  });

  test('a role that the target lacks: mapped, else stop', async () => {
    const run = await start({ roles: 'map', roleMap: new Map([['stranger', 'bob']]) });
    await run.sql(
      'drop role if exists stranger, other; create role stranger; create role other; create table t (id int primary key); alter table t owner to stranger',
    );
    await run.catchUp();
    expect(await run.databases.target.value("select tableowner from pg_tables where tablename = 't'")).toBe('bob');
    await run.sql('grant select on t to other');
    await expect(run.catchUp()).rejects.toMatchObject({ code: 'E_ROLE_MISSING', fields: { role: 'other' } });
    await run.databases.source.query('drop owned by stranger, other; drop role stranger, other');
  });

  test('DROP OWNED never drops what REASSIGN OWNED had given away', async () => {
    const run = await start();
    await run.sql(
      'set role bob; create table kept (id int primary key); reset role; set role alice; create table gone (id int primary key); reset role',
    );
    await run.sql('insert into kept values (1); grant select on kept to alice');
    await run.catchUp();
    await run.sql('drop owned by alice');
    await run.catchUp();
    await expectEqual(run.databases.source, run.databases.target);
    await run.sql('reassign owned by bob to alice; drop owned by bob');
    await expect(run.catchUp()).rejects.toMatchObject({ code: 'E_DDL_DRIFT' });
    expect(await run.databases.target.query('select * from kept')).toHaveLength(1);
  });

  test('DROP OWNED goes on after a REASSIGN OWNED that was repeated on the target', async () => {
    const run = await start();
    await run.sql('set role bob; create table given (id int primary key); reset role');
    await run.catchUp();
    await run.sql('reassign owned by bob to alice');
    await run.databases.target.query('reassign owned by bob to alice');
    await run.sql('drop owned by alice; set role bob; create table again (id int primary key)');
    await run.catchUp();
    await expectEqual(run.databases.source, run.databases.target);
  });

  test('an owner changed by REASSIGN OWNED follows with the next statement on the table', async () => {
    const run = await start();
    await run.sql('set role bob; create table drifting (id int primary key); reset role');
    await run.catchUp();
    await run.sql('reassign owned by bob to alice; set role alice; alter table drifting add column b int; reset role');
    await run.catchUp();
    await expectEqual(run.databases.source, run.databases.target);
    expect(run.applied.at(-1)?.how).toContain('owner corrected');
  });

  test('triggers and rules made to fire for replicated rows stay plain and are told', async () => {
    const run = await start();
    await run.sql(`create table t (id int primary key, n int default 0); create function bump() returns trigger language plpgsql as
      $$ begin new.n := new.n + 1; return new; end $$; create trigger bumping before insert on t for each row execute function bump();
      alter table t enable always trigger bumping; insert into t values (1)`);
    await run.catchUp();
    expect(run.applied.find(({ silenced }) => silenced !== undefined)).toMatchObject({
      silenced: ['bumping'],
      tag: 'ALTER TABLE',
    });
    expect(await run.databases.target.query('select * from t')).toEqual([{ id: '1', n: '1' }]);
    expect(await run.databases.target.value("select tgenabled from pg_trigger where tgname = 'bumping'")).toBe('O');
  });

  test('an event without details is replayed from its text; what only the catalog could tell stops', async () => {
    const run = await start();
    await run.sql('create table before_it (id int primary key)');
    await run.sql(
      `create or replace function walcast.relation_metadata(relation oid) returns json language plpgsql as $$ begin perform 1 / 0; return null; end $$`,
    );
    await run.sql(
      'create table degraded (id int primary key); insert into degraded values (1); alter table degraded add column b int default 2',
    );
    await run.catchUp();
    expect(run.applied.at(-1)?.how).toContain('degraded');
    expect(await run.databases.target.query('select * from degraded')).toEqual([{ id: '1', b: '2' }]);
    await run.sql('create table degraded_as as select 1 as a with no data');
    await expect(run.catchUp()).rejects.toMatchObject({ code: 'E_DDL_UNSUPPORTED' });
  });

  test('a rewrite above the backfill limit stops', async () => {
    const run = await start();
    await run.sql("update walcast.setting set value = '0' where name = 'backfill_limit_bytes'");
    await run.sql('create table t (id int primary key); insert into t values (1)');
    await run.catchUp();
    await run.sql('alter table t add column u uuid default gen_random_uuid()');
    await expect(run.catchUp()).rejects.toMatchObject({ code: 'E_DDL_ROWS_MISSING' });
  });

  test('transactions above READ COMMITTED are replayed without taking their stale catalog for a difference', async () => {
    const run = await start();
    await run.sql(
      'begin isolation level serializable; create table t (id int primary key); alter table t add column b int; insert into t values (1, 2); commit',
    );
    await run.catchUp();
    await expectEqual(run.databases.source, run.databases.target);
  });

  test('passwords in the options of a server are not shown', async () => {
    const run = await start();
    await run.sql(
      "create foreign data wrapper w; create server s foreign data wrapper w; create user mapping for app server s options (password 'hush')",
    );
    await run.catchUp();
    expect(JSON.stringify(run.applied)).not.toContain('hush');
  });

  test.runIf(major >= 18)(
    'rows that the script of an extension writes come once, as they were on the source',
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'walcast-extension-'));
      try {
        chmodSync(folder, 0o755);
        mkdirSync(path.join(folder, 'extension'));
        const write = (name: string, text: string): void =>
          writeFileSync(path.join(folder, 'extension', name), text, { mode: 0o644 });
        write('filled.control', "default_version = '1.1'\nrelocatable = true\n");
        write(
          'filled--1.0.sql',
          'create table filled (id int, r float8); insert into filled values (1, random()), (2, random());',
        );
        write('filled--1.0--1.1.sql', 'alter table filled add column u int default 7;');
        write('filled--1.1--1.2.sql', 'insert into filled values (3, random());');
        const run = await start();
        for (const database of [run.databases.source, run.databases.target]) {
          await database.query(`alter database ${database.name} set extension_control_path = '${folder}:$system'`);
        }
        // settings of a database hold for new sessions
        const client = await run.databases.source.client();
        await run.reconnect();
        await client.query("create extension filled version '1.0'");
        await run.catchUp();
        await expectEqual(run.databases.source, run.databases.target);
        await client.query("alter extension filled update to '1.1'; insert into filled values (9, 9, 9)");
        await run.catchUp();
        await expectEqual(run.databases.source, run.databases.target);
        await client.query("alter extension filled update to '1.2'");
        await expect(run.catchUp()).rejects.toMatchObject({ code: 'E_DDL_UNSUPPORTED' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
