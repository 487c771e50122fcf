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
    name: 'statements of a text that do nothing, beside their likes',
    steps: [
      'create schema east; create schema west; create table a (id int); create table east.t (id int); create sequence q; create sequence east.q; create statistics st on id, (id + 1) from a',
      'create table if not exists a (id text); create table if not exists b (id int); create table if not exists east.t (id text); create table if not exists west.t (id text)',
      'create sequence if not exists q start 3; create sequence if not exists east.q start 4; create sequence if not exists west.q start 5',
      'create statistics if not exists st on id, (id + 2) from a; create statistics if not exists west.st on id, (id + 3) from a',
      'alter table if exists missing set (fillfactor = 10); create table west.missing (id int); alter table if exists west.missing set (fillfactor = 20); alter table if exists west.missing alter id set statistics 7',
      'create table east.late (id int); alter table if exists late alter id set statistics 5; alter table if exists west.late alter id set statistics 6; alter table if exists east.late alter id set statistics 8',
      'alter sequence if exists nowhere.q increment 2; alter sequence if exists west.r increment 3; create sequence east.r; alter sequence if exists r increment 4; alter sequence if exists east.r increment 5',
      'alter sequence if exists west.r rename to s; alter sequence if exists r rename to s; alter sequence if exists east.r rename to s; alter sequence if exists s set schema west; alter sequence if exists east.s set schema west',
      'create view v as select 1 as one; create or replace view v as select 1 as one, 2 as two; create or replace view east.v as select 3 as three; create or replace view v as select 4 as one, 5 as two; create or replace view west.v as select 6 as six',
      'create index if not exists i on a (id); create index if not exists i on b (id); drop index i; create index if not exists i on b (id)',
      'set search_path = east; comment on table t is $$east$$; grant select on t to alice; alter table t alter id set statistics 9; set search_path = west; comment on table t is $$west$$; grant insert on t to bob; alter table t alter id set statistics 10',
      'set search_path = west, east; comment on table t is $$west again$$; comment on table east.t is $$east again$$; grant update on east.t to alice; grant delete on t to alice; alter table if exists t alter id set statistics 11; alter table if exists east.t alter id set statistics 12',
      'create collation if not exists k (locale = $$C$$); create collation if not exists k (locale = $$POSIX$$); create collation if not exists east.k (locale = $$POSIX$$)',
    ],
  },
  {
    name: 'temporary objects of a text, beside lasting ones of their names',
    steps: [
      'create schema north; create function north.nop() returns trigger language plpgsql as $$ begin return new; end $$',
      'create temporary sequence q start 3; create sequence north.q start 4; create temp table t (id int); create table north.t (id int); create temp view v as select 1 as a; create view north.v as select 2 as b',
      'set search_path = north, public',
      'comment on table t is $$temporary$$; comment on table north.t is $$lasting$$; alter table t alter id set statistics 3; alter table north.t alter id set statistics 4; alter sequence q increment 5; alter sequence north.q increment 6',
      'comment on column t.id is $$temporary$$; comment on column north.t.id is $$lasting$$; comment on column pg_temp.t.id is $$again$$; comment on view v is $$temporary$$; comment on view north.v is $$lasting$$; comment on sequence q is $$temporary$$; comment on sequence north.q is $$lasting$$',
      'create trigger g before insert on t for each row execute function north.nop(); create trigger g after insert on north.t for each row execute function north.nop(); comment on trigger g on t is $$temporary$$; comment on trigger g on north.t is $$lasting$$',
      'create rule r as on delete to t do instead nothing; create rule r as on update to north.t do also nothing; create policy p on t using (id > 1); create policy p on north.t using (id > 2); alter policy p on t using (id > 3); alter policy p on north.t using (id > 4); comment on policy p on t is $$temporary$$; comment on policy p on north.t is $$lasting$$',
      'create index i on t (id); create index i on north.t ((id + 1)); alter index i rename to j; alter index north.i rename to j',
      'alter table t rename to u; alter table north.t rename to u; alter sequence q rename to w; alter sequence north.q rename to w',
    ],
  },
  {
    name: 'servers of a text that are there, beside others',
    as: 'superuser',
    steps: [
      'create foreign data wrapper texts; create server if not exists texts_1 foreign data wrapper texts; create server if not exists texts_1 foreign data wrapper texts; create server if not exists texts_2 foreign data wrapper texts',
      'create user mapping for alice server texts_1; create user mapping if not exists for alice server texts_1 options (a $$1$$); create user mapping if not exists for bob server texts_1 options (b $$2$$); create user mapping if not exists for alice server texts_2 options (c $$3$$)',
      'drop user mapping if exists for bob server texts_2; drop user mapping if exists for bob server texts_1; drop user mapping if exists for public server texts_2; drop user mapping if exists for alice server texts_2',
      'create foreign table if not exists ft (a int) server texts_1; create foreign table if not exists ft (b int) server texts_2; create foreign table if not exists public.texts_ft (c int) server texts_2',
      'drop foreign table public.texts_ft; drop server if exists texts_3; drop server if exists texts_1 cascade; drop foreign data wrapper if exists text; drop foreign data wrapper if exists texts cascade',
    ],
  },
  {
    name: 'rights and comments on what is no part of the database, beside others',
    as: 'superuser',
    steps: [
      'create table t (id int)',
      `do $$ begin execute format('grant connect on database %I to alice; grant select on t to alice; comment on database %I is %L; comment on table t is %L', current_database(), current_database(), 'no', 'yes'); end $$`,
      'grant create on tablespace pg_default to bob; grant insert on t to bob; revoke create on tablespace pg_default from bob; revoke insert on t from bob; comment on tablespace pg_default is $$x$$; comment on column t.id is $$y$$; comment on tablespace pg_default is null; comment on role alice is $$z$$; comment on table t is $$z$$; comment on role alice is null',
    ],
  },
  {
    name: 'drop if exists of every kind, beside others of the name',
    as: 'superuser',
    steps: [
      'create schema kinds_elsewhere; create type kinds_elsewhere.pair as (a int, b int); create function kinds_elsewhere.to_pair(int) returns kinds_elsewhere.pair language sql immutable as $$ select ($1, $1)::kinds_elsewhere.pair $$; create cast (int as kinds_elsewhere.pair) with function kinds_elsewhere.to_pair(int)',
      'create type pair as (c int); create function to_pair(int) returns pair language sql immutable as $$ select row($1)::pair $$; create cast (int as pair) with function to_pair(int)',
      'drop cast if exists (text as pair); drop cast if exists (int as pair); drop cast if exists (bigint as kinds_elsewhere.pair); drop cast if exists (int as kinds_elsewhere.pair)',
      'create aggregate kinds_elsewhere.total(int) (sfunc = int4pl, stype = int); drop aggregate if exists total(int); drop aggregate if exists kinds_elsewhere.total(bigint); drop aggregate if exists kinds_elsewhere.total(int)',
      'create conversion kinds_elsewhere.conv for $$LATIN1$$ to $$UTF8$$ from iso8859_1_to_utf8; drop conversion if exists conv; drop conversion if exists kinds_elsewhere.conv',
      'create collation kinds_elsewhere.coll (locale = $$C$$); drop collation if exists coll; drop collation if exists kinds_elsewhere.coll',
      'create operator kinds_elsewhere.=== (leftarg = int, rightarg = int, function = int4eq); drop operator if exists === (int, int); drop operator if exists kinds_elsewhere.=== (int, bigint); drop operator if exists kinds_elsewhere.=== (int, int)',
      'create operator family kinds_elsewhere.fam using btree; create operator family kinds_elsewhere.fam using hash; drop operator family if exists fam using btree; drop operator family if exists kinds_elsewhere.fam using gist; drop operator family if exists kinds_elsewhere.fam using hash; drop operator family if exists kinds_elsewhere.fam using btree',
      'create operator class kinds_elsewhere.cls for type kinds_elsewhere.pair using hash as storage kinds_elsewhere.pair',
      'drop operator class if exists cls using hash; drop operator class if exists kinds_elsewhere.cls using btree; drop operator class if exists kinds_elsewhere.cls using hash',
      'create table t (a int, b int); create statistics kinds_elsewhere.st on a, b from t; drop statistics if exists st; drop statistics if exists kinds_elsewhere.st',
      'create text search dictionary kinds_elsewhere.d (template = simple); create text search configuration kinds_elsewhere.c (copy = simple); create text search parser kinds_elsewhere.p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype); create text search template kinds_elsewhere.m (lexize = dsimple_lexize)',
      'drop text search dictionary if exists d; drop text search dictionary if exists kinds_elsewhere.d; drop text search configuration if exists c; drop text search configuration if exists kinds_elsewhere.c; drop text search parser if exists p; drop text search parser if exists kinds_elsewhere.p; drop text search template if exists m; drop text search template if exists kinds_elsewhere.m',
      'create trusted language sleepy handler plpgsql_call_handler; create function from_sql(internal) returns internal language internal as $$textin$$',
      'drop transform if exists for int language sleepy; drop language if exists sleep; drop language if exists sleepy',
      'create access method heap_elsewhere type table handler heap_tableam_handler; drop access method if exists heap_nowhere; drop access method if exists heap_elsewhere',
      'create foreign data wrapper kinds; create server kinds_1 foreign data wrapper kinds; create user mapping for alice server kinds_1; create user mapping for public server kinds_1',
      'drop user mapping if exists for bob server kinds_1; drop user mapping if exists for public server kinds_1; drop server if exists kinds_2; drop server if exists kinds_1 cascade; drop foreign data wrapper if exists kind; drop foreign data wrapper if exists kinds',
      'create domain kinds_elsewhere.small as int constraint c check (value < 10); create domain small as int constraint d check (value < 10); alter domain small drop constraint if exists c; alter domain kinds_elsewhere.small drop constraint if exists d; alter domain kinds_elsewhere.small drop constraint if exists c',
      'drop domain if exists nowhere.small; drop domain if exists kinds_elsewhere.small; drop schema if exists nowhere, kinds_elsewhere cascade',
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
