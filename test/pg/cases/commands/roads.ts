import type { CommandCase } from './command-case.ts';

const MANY = Array.from({ length: 40 }, (_, i) => i);

/** Long scripts, and commands that other commands run. */
export const ROADS: readonly CommandCase[] = [
  {
    name: 'a script of forty statements about one table',
    steps: [
      'create table wide (id int primary key); insert into wide values (1)',
      MANY.map((i) => `alter table wide add column c${i} int default ${i}`).join(';\n'),
      MANY.map((i) => `comment on column wide.c${i} is 'number ${i}'`).join(';\n'),
      MANY.map((i) => `alter table wide alter c${i} set default ${i + 1}; update wide set c${i} = c${i} + 1`).join(
        ';\n',
      ),
      MANY.map((i) => `alter table wide drop column c${39 - i}`).join(';\n'),
    ],
  },
  {
    name: 'a script of forty rights and indexes of one table',
    steps: [
      'create table wide (id int primary key, a int, b int)',
      MANY.map(
        (i) =>
          `grant ${i % 2 === 0 ? 'select' : 'insert'} (${i % 3 === 0 ? 'a' : 'b'}) on wide to ${i % 5 === 0 ? 'alice' : 'bob'}`,
      ).join(';'),
      MANY.map((i) => `create index on wide (a, (b + ${i}))`).join(';'),
      MANY.map((i) => `alter index wide_a_expr_idx rename to i${i}; alter index i${i} rename to wide_a_expr_idx`).join(
        ';',
      ),
    ],
  },
  {
    name: 'the same table in three schemas of one script',
    steps: [
      'create schema twin_1; create schema twin_2; create table twin_1.t (id int); create table twin_2.t (id int); create table t (id int)',
      'alter table twin_1.t add a int; alter table twin_2.t add a text; alter table t add a bool; comment on table twin_2.t is $$2$$; comment on table twin_1.t is $$1$$',
      'set search_path = twin_1; alter table t add b int; create index on t (b); set search_path = twin_2; alter table t add b text; create index on t (b)',
      'drop table twin_2.t; drop table twin_1.t; drop schema twin_1, twin_2',
    ],
  },
  {
    name: 'a procedure that makes and commits',
    steps: [
      `create procedure making() language plpgsql as $$ begin
         for i in 1..5 loop
           execute format('create table made_%s (id int primary key)', i); execute format('insert into made_%s values (%s)', i, i);
           if i % 2 = 0 then commit; else rollback; end if;
         end loop; end $$`,
      'call making()',
      'begin; savepoint a; alter table made_2 add x int; savepoint b; alter table made_2 add y int; rollback to b; alter table made_2 add z int; release a; commit',
    ],
  },
  {
    name: 'a SQL function of many statements',
    steps: [
      `create function many() returns void language sql as $$ create table one (a int); create index on one (a); create view two as select 1 as a;
         comment on table one is 'one'; grant select on two to alice; alter table one add b text default 'it''s; odd'; create type three as enum ('x') $$`,
      'select many()',
      {
        sql: 'create function body(n int) returns void language sql begin atomic insert into one values (n); end; select body(4)',
      },
    ],
  },
  {
    name: 'functions that call functions that make',
    steps: [
      `create function inner_one(name text) returns void language plpgsql as $$ begin execute format('create table %I (id serial primary key)', name); execute format('comment on table %I is %L', name, 'of ' || name); end $$`,
      `create function outer_one() returns int language plpgsql as $$ declare n int := 0; begin
         for n in 1..3 loop perform inner_one('made ' || n); begin perform inner_one('lost ' || n); raise exception 'no'; exception when others then null; end; end loop; return n; end $$`,
      'select outer_one(), outer_one from (select 1 as outer_one) s',
      'do $$ begin perform inner_one($q$in "do"$q$); end $$',
    ],
  },
  {
    name: 'a trigger that makes partitions as rows come',
    steps: [
      'create table logged (day int not null, v text); create table log_1 (check (day = 1)) inherits (logged)',
      `create function route() returns trigger language plpgsql as $$ begin
         execute format('create table if not exists log_%s (check (day = %s)) inherits (logged)', new.day, new.day);
         execute format('insert into log_%s select $1.*', new.day) using new; return null; end $$`,
      'create trigger routing before insert on logged for each row execute function route()',
      "insert into logged values (1, 'a'), (2, 'b'), (3, 'c'), (2, 'd')",
      "update logged set v = 'x' where day = 2",
    ],
  },
  {
    name: 'expand and contract with views and triggers',
    steps: [
      'create table users (id serial primary key, name text not null); insert into users (name) values ($$Ada L$$), ($$Bob$$)',
      'begin; alter table users add column first_name text, add column last_name text; create function split() returns trigger language plpgsql as $$ begin new.first_name := split_part(new.name, $q$ $q$, 1); return new; end $$; create trigger splitting before insert or update on users for each row execute function split(); update users set name = name; commit',
      'create schema v2; create view v2.users as select id, first_name, last_name from users',
      'insert into users (name) values ($$Cy D$$)',
      'begin; drop trigger splitting on users; drop function split; alter table users drop column name cascade; alter table users alter first_name set not null; commit',
      'drop schema v2 cascade',
    ],
  },
  {
    name: 'a table changed for another by renames',
    steps: [
      'create table t (id serial primary key, v text); insert into t (v) values ($$a$$), ($$b$$)',
      'begin; create table t_new (like t including all); insert into t_new select id, upper(v) from t; alter table t rename to t_old; alter table t_new rename to t; alter index t_pkey rename to t_old_pkey; alter index t_new_pkey rename to t_pkey; alter sequence t_id_seq owned by t.id; drop table t_old; commit',
      'insert into t (v) values ($$c$$)',
      'begin; alter table t rename to x; create table t (id int primary key); insert into t values (1); drop table t; alter table x rename to t; update t set v = $$z$$; commit',
    ],
  },
  {
    name: 'a search_path that changes within a transaction',
    steps: [
      'create schema path_a; create schema path_b',
      'begin; set local search_path = path_a; create table t (id int primary key); insert into t values (1); set local search_path = path_b; create table t (id text primary key); insert into t values ($$x$$); alter table t add n int; commit',
      'create table path_a.u (like path_b.t including all); drop schema path_a, path_b cascade',
      "begin; set local role alice; set local role none; set local datestyle = 'German'; create table d (at date default '31.12.2020'); commit; insert into d default values",
    ],
  },
  {
    name: 'comments, literals and dollar quotes in the text',
    steps: [
      "create table a (v text default ';'); /* create table b (); /* nested */ ; */ create table c (v text default 'it''s -- not'); -- drop table a;\ncreate table d (v text default $x$ $$;$$ create table e () $x$)",
      "create function f() returns text language plpgsql as $body$ begin /* ' */ return $q$ ; $q$ || E'\\'; drop table a; --'; end $body$; comment on function f() is 'é ü 日本 ; \"'; alter function f() stable",
      'create table "é;" (a int); alter table "é;" add "日本;" int; insert into "é;" values (1, 2)',
      ';;; create table g (a int);; ; alter table g add b int ;;',
    ],
  },
  {
    name: 'rows and commands in turn, in one transaction',
    steps: [
      'begin; create table t (id int primary key); insert into t values (1); alter table t add a int default 5; insert into t values (2); update t set a = id; alter table t alter a type text using a || $$x$$; insert into t values (3, $$y$$); delete from t where id = 1; alter table t rename a to b; update t set b = $$z$$ where id = 2; truncate t; insert into t values (9, $$n$$); alter table t drop b; insert into t values (10); commit',
      'begin; alter table t add c uuid default gen_random_uuid(); update t set id = id + 100; alter table t add d float8 default random(); commit',
    ],
  },
  {
    name: 'cursors, prepared statements and copies beside commands',
    steps: [
      'begin; create table t (id int primary key, v text); declare cur cursor with hold for select 1; prepare ins as insert into t values ($1, $2); execute ins (1, $$a$$); alter table t add w int; close cur; commit; deallocate ins',
      "prepare making as select 'x' as x; create table of_prepared as execute making; deallocate making",
      'begin; lock table t; alter table t alter v set not null; commit',
    ],
  },
  {
    name: 'chained transactions and isolation levels',
    steps: [
      'begin; create table t (id int primary key); insert into t values (1); savepoint a; create index on t (id); release a; commit and chain; alter table t add b int; insert into t values (2, 2); commit and no chain',
      'start transaction isolation level repeatable read; alter table t add c int; insert into t values (3, 3, 3); commit',
      'begin isolation level serializable; create table u (id int primary key references t); insert into u values (3); commit',
    ],
  },
];
