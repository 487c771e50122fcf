import type { CaseGroup } from './case-group.ts';

/** How a statement reaches the server: the same change by every road. */
export const STATEMENT_GROUPS: readonly CaseGroup[] = [
  { name: 'one statement', steps: ['create table one (id int primary key, note text)'] },
  {
    name: 'several statements and rows in one simple query',
    steps: [
      `create table multi_a (id int primary key); insert into multi_a values (1); create table multi_b (id serial primary key, x text);
       alter table multi_a add column z int default 7; insert into multi_a values (2, 3)`,
    ],
  },
  {
    name: 'a DO block with EXECUTE, also of two statements at once',
    steps: [
      `do $$ begin
         create table do_plain (id int);
         for i in 1..2 loop execute format('create table do_%s (id int /* ; */, x text)', i); end loop;
         execute 'alter table do_plain add a int; alter table do_plain add b int';
       end $$`,
    ],
  },
  {
    name: 'nested PL/pgSQL functions',
    steps: [
      `create function make_table(name text) returns void language plpgsql as
         $$ begin execute 'create table ' || quote_ident(name) || ' (id int)'; end $$;
       create function make_nested() returns void language plpgsql as
         $$ begin perform make_table('nested'); create index on nested (id); end $$`,
      'select make_nested()',
    ],
  },
  {
    name: 'a SQL function, found by the place of its statement',
    steps: [
      `create function sql_function() returns void language sql as
         $$ select 1; create table from_sql (id int); alter table from_sql add x int $$`,
      'select sql_function()',
    ],
  },
  {
    name: 'a procedure that commits and rolls back',
    steps: [
      `create procedure committing() language plpgsql as
         $$ begin create table kept_1 (id int); commit; create table lost (id int); rollback; create table kept_2 (id int); end $$`,
      'call committing()',
    ],
  },
  {
    name: 'extended protocol: unnamed, named, with a parameter',
    steps: [
      (client) => client.query({ text: 'create table extended (id int, "Quoted" text)', values: [] }),
      (client) => client.query({ name: 'named_alter', text: 'alter table extended add column z int' }),
      'prepare nothing_to_replay as select 1',
      (client) => client.query({ text: 'create table extended_as as select $1::int as a', values: ['5'] }),
    ],
  },
  {
    name: 'CREATE TABLE AS and SELECT INTO, whose rows come before their event',
    steps: [
      'create table origin (id int primary key, t text); insert into origin select g, g::text from generate_series(1, 2) g',
      'create table as_query as select *, random() r from origin',
      'select * into as_into from origin',
      'create table as_empty as select * from origin with no data',
      'prepare origin_rows as select * from origin',
      'create table as_execute as execute origin_rows',
      'create table if not exists as_query as select 1',
      'do $$ declare k int := 1; begin create table as_variable as select * from origin where id = k; end $$',
      'create unlogged table as_unlogged as select 1 as a with no data',
      'create table as_typed with (fillfactor = 60) as select \'x\'::varchar(3) collate "C" as a, null::numeric(5,2) as b',
    ],
  },
  {
    name: 'a table that no event announces',
    // its owner is known with its next event
    steps: [
      'explain analyze create table unannounced as select * from origin',
      'alter table unannounced add column later int',
    ],
  },
  {
    name: 'CREATE SCHEMA with elements',
    steps: [
      'create schema with_elements create table t (id serial primary key) create view v as select * from t create index on t (id)',
    ],
  },
  {
    name: 'serial, identity, generated, LIKE',
    steps: [
      `create table kinds (id serial primary key, b bigserial, i int generated always as identity, u int unique,
         g int generated always as (u * 2) stored, f int references kinds (id), c int check (c > 0))`,
      'create table like_kinds (like kinds including all)',
      'insert into kinds (u, c) values (1, 1), (2, 2)',
    ],
  },
  {
    name: 'statements that the text takes back, or an exception',
    steps: [
      `begin; create table back_1 (id int); savepoint s; create table back_2 (id int); insert into back_1 values (1); rollback to s;
       create table back_2 (id int, z int); commit`,
      'begin; create table back_3 (); rollback; create table back_4 ()',
      `do $$ begin
         begin create table back_5 (); raise exception 'x'; exception when others then null; end;
         create table back_6 ();
       end $$`,
      'begin; create table back_7 (id int primary key); commit; begin; create table back_8 (id int); rollback; create table back_8 (id text); select 1',
    ],
  },
  {
    name: 'statements and rows of one table, in order',
    steps: [
      `begin; create table ordered (id int primary key); insert into ordered values (1); alter table ordered add b int;
       insert into ordered values (2, 2); alter table ordered drop column b; update ordered set id = 3 where id = 2;
       alter table ordered rename to ordered_2; insert into ordered_2 values (9); drop table ordered_2; commit`,
    ],
  },
  {
    name: 'a plain user in its own session',
    user: 'alice',
    steps: ['create table public.of_alice (id int)', 'create schema of_alice', 'alter table of_alice add x int'],
  },
  {
    name: 'statements that do nothing',
    steps: [
      'create table if not exists one (id int)',
      'alter table if exists nowhere add x int',
      'drop view if exists nowhere',
      'create schema if not exists with_elements',
      'alter table one add column if not exists note text',
      'comment on table one is null',
      'create index if not exists one_note on one (note); create index if not exists one_note on one (note)',
    ],
  },
  {
    name: 'a SECURITY DEFINER function with its own search_path',
    steps: [
      'create schema definer_1',
      `create function definer() returns void language plpgsql security definer set search_path = definer_1 as
         $$ begin create table in_definer (id int); end $$;
       alter function definer() owner to alice; grant all on schema definer_1 to alice; grant execute on function definer() to bob`,
      'set role bob',
      'select public.definer()',
      'reset role',
    ],
  },
  {
    name: 'odd names and literals through format()',
    steps: [
      `do $$ declare name text := 'We ird"T'; begin
         execute format('create table %I (id int primary key, %I text default %L)', name, 'co l', 'it''s "x"');
         execute format('comment on table %I is %L', name, E'multi\\nline "PL/pgSQL function x" end"');
         execute format('grant select on %I to bob', name);
       end $$`,
    ],
  },
  {
    name: 'statements that a trigger makes',
    steps: [
      `create table makers (id int primary key);
       create function make_on_insert() returns trigger language plpgsql as
         $$ begin execute 'create table made_' || new.id || ' (id int)'; return new; end $$;
       create trigger make_it before insert on makers for each row execute function make_on_insert()`,
      'insert into makers values (1), (2)',
    ],
  },
  {
    name: 'the same name made, dropped and made again in one text',
    steps: [
      'create table again (id int); drop table again; create table again (id text); alter table again add a int; alter table again drop a; alter table again add a text',
      'create table if not exists again (id int); create table if not exists again_2 (id int); create table if not exists again_2 (zzz int)',
    ],
  },
  {
    // gone at its end: pg_dump 18 takes half a minute for such a table of an old server
    name: 'a table of 1,500 columns with defaults',
    steps: [
      (client) => {
        const columns = Array.from({ length: 1500 }, (_, i) => `col_${i} text default 'value ${i}'`);
        return client.query(`create table very_wide (id int, ${columns.join(', ')})`);
      },
      'alter table very_wide rename col_7 to seventh; alter table very_wide alter seventh set default null',
      'drop table very_wide',
    ],
  },
  {
    name: 'texts of 1 MB and 3 MB',
    steps: [
      (client) => {
        const columns = Array.from({ length: 300 }, (_, i) => `col_${i} text default '${'x'.repeat(3500)}'`);
        return client.query(`create table wide (id int, ${columns.join(', ')})`);
      },
      (client) => client.query(`comment on table wide is '${'z'.repeat(3_000_000)}'`),
      (client) =>
        client.query(`do $do$ begin execute $q$comment on table wide is '${'y'.repeat(3_000_000)}'$q$; end $do$`),
    ],
  },
  {
    name: 'a script of 600 statements, rows and comments',
    steps: [
      (client) => {
        const parts = Array.from(
          { length: 200 },
          (_, i) =>
            `create table script_${i} (id int primary key, v text); insert into script_${i} values (${i}, 'a;b''--');\n -- é ; \n alter table script_${i} add column z int default ${i};`,
        );
        return client.query(parts.join(''));
      },
      (client) =>
        client.query(
          `do $$ begin ${Array.from({ length: 200 }, (_, i) => `drop table script_${i};`).join(' ')} end $$`,
        ),
    ],
  },
  {
    name: 'alike statements in a loop',
    steps: [
      `do $$ begin
         for i in 1..2 loop
           execute 'create table alike (id int' || 2 * i || '); alter table alike add a' || i || ' int; drop table alike';
         end loop;
         create table alike (final int);
       end $$`,
    ],
  },
  {
    name: 'the author’s search_path, role and settings',
    steps: [
      'create schema path_1; create schema "Path 2"',
      "set search_path = 'Path 2', path_1; create table in_path (id int primary key, d date default '01/02/2020'); reset search_path",
      "set datestyle = 'SQL, DMY'; create table dmy (d date default '01/02/2020', ts timestamptz default '03/04/2020 00:00', check (d > '02/03/1999')); reset datestyle",
      `set timezone = 'Asia/Tokyo'; create table zoned (ts timestamptz default '2020-01-01 00:00') partition by range (ts);
       create table zoned_1 partition of zoned for values from ('2020-01-01') to ('2020-02-01'); reset timezone`,
      "set intervalstyle = 'sql_standard'; create table intervals (i interval default '-1 2:03:04'); reset intervalstyle",
      'set role alice; create table public.owned_by_alice (id serial primary key); reset role',
      "set check_function_bodies = off; create function unchecked() returns int language sql as 'select x from not_there'; reset check_function_bodies",
      "set default_toast_compression = 'pglz'; create table toasted (x text); reset default_toast_compression",
      "set xmloption = document; create table xml_document (x xml default '<a/>'); reset xmloption",
      'set standard_conforming_strings = off',
      "create table escapes (a text default 'a\\'b; drop table escapes; --')",
      'reset standard_conforming_strings',
    ],
  },
  {
    name: 'rows of an owner that has no right to write them itself',
    steps: [
      `create schema lent; grant all on schema lent to alice, app; set role alice;
       create table lent.journal (id int primary key, note text);
       create function lent.pure(n int) returns int language plpgsql immutable as $$ begin return n % 10; end $$;
       create index on lent.journal (lent.pure(id));
       grant all on lent.journal to app; revoke all on lent.journal from alice; reset role`,
      "insert into lent.journal values (1, 'a'), (2, 'b'); update lent.journal set note = 'c' where id = 1; delete from lent.journal where id = 2",
      "insert into lent.journal values (3, 'd')",
      `set role alice; create policy own on lent.journal using (true); alter table lent.journal enable row level security, force row level security; reset role`,
      "insert into lent.journal values (4, 'e'); update lent.journal set note = 'f' where id = 3",
      'alter table lent.journal add column r double precision default random()',
    ],
  },
];
