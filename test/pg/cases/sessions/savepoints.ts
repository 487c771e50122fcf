import type { SessionCase } from './session-case.ts';

const FAILS = { refused: '22012' };

/** What a transaction takes back of itself never arrives, what it keeps arrives in order. */
export const SAVEPOINT_CASES: readonly SessionCase[] = [
  {
    name: 'savepoints five deep, with retries of other shapes',
    steps: [
      `begin; create table deep_1 (id int primary key); savepoint a; create table deep_2 (id int); insert into deep_2 values (1);
       savepoint b; alter table deep_1 add x int default 1; savepoint c; create table deep_3 (id int); insert into deep_3 values (3);
       savepoint d; alter table deep_3 alter id type text using 'lost'; savepoint e; drop table deep_2; insert into deep_1 values (1, 1);
       rollback to e; insert into deep_2 values (2); rollback to d; alter table deep_3 alter id type bigint; rollback to d;
       alter table deep_3 alter id type text using 'kept ' || id; release d; rollback to b; alter table deep_1 add x text default 'again';
       create table deep_3 (name text, id int primary key); insert into deep_3 values ('z', 9); release b; insert into deep_1 values (7); commit`,
    ],
  },
  {
    name: 'each statement of such a transaction in a message of its own',
    steps: [
      'begin',
      'create table own_1 (id int primary key)',
      'savepoint s',
      'create table own_2 (id int, a int); insert into own_2 values (1, 1)',
      'rollback to savepoint s',
      'create table own_2 (id text primary key)',
      "insert into own_2 values ('x')",
      'savepoint t; alter table own_2 add b int default 4; savepoint u; alter table own_2 drop b',
      { sql: 'alter table own_2 add c int, add check (1 / (length(id) - 1) > 0)', ...FAILS },
      'rollback to u; update own_2 set b = 5; release savepoint t; commit',
    ],
  },
  {
    name: 'a rollback to a savepoint of an earlier message, the dead statement alike but for its columns',
    steps: [
      'begin; create table early (x int); savepoint s; create table late (x int); insert into late values (1)',
      'create table twin (x int); insert into twin values (1); rollback to s; create table twin (y text); insert into twin values ($$1$$)',
      'commit',
      'begin; create table twin_2 (a int); rollback; begin; create table twin_2 (b int); savepoint q; drop table twin_2; rollback to q; insert into twin_2 values (3); end',
    ],
  },
  {
    name: '150 savepoints, every third taken back',
    steps: [
      `begin; create table many (n int primary key)`,
      ...Array.from(
        { length: 150 },
        (_, i) =>
          `savepoint s${i}; insert into many values (${i}); ${i % 10 === 0 ? `alter table many add c${i} int default ${i}; create table many_${i} (a int); insert into many_${i} values (${i});` : ''} ${i % 3 === 0 ? `rollback to s${i};` : i % 2 === 0 ? `release s${i};` : ''}`,
      ),
      'commit',
    ],
  },
  {
    name: 'exception blocks in one another, with retries',
    steps: [
      `do $$ declare attempt int := 0; begin
         loop attempt := attempt + 1;
           begin
             create table retried (id int primary key, attempt int); insert into retried values (1, attempt);
             begin alter table retried add extra int default 5; create table retried_inner (id int);
               if attempt < 2 then perform 1 / 0; end if;
             exception when division_by_zero then alter table retried add other text default 'caught'; end;
             begin execute format('alter table retried add c%s int', attempt); raise exception 'inner'; exception when raise_exception then null; end;
             if attempt < 3 then raise exception 'again'; end if;
             exit;
           exception when raise_exception then create table if not exists retries (n int); insert into retries values (attempt); end;
         end loop; end $$`,
    ],
  },
  {
    name: 'the same text in the block and in its handler',
    steps: [
      `do $$ begin
         begin create table handled (id int); insert into handled values (1); raise exception 'x';
         exception when others then
           begin create table handled (id int); insert into handled values (2); raise exception 'y';
           exception when others then create table handled (id int); insert into handled values (3); end; end; end $$`,
      `create function attempts(n int) returns int language plpgsql as $$ begin
         create table recursed (id int); insert into recursed values (n);
         if n > 0 then raise exception 'deeper'; end if; return 0;
         exception when others then return attempts(n - 1); end $$`,
      'select attempts(6)',
    ],
  },
  {
    name: 'rewrites that are taken back and made again',
    steps: [
      `create table rewritten (id int primary key, a int, b text); insert into rewritten select g, g, g from generate_series(1, 50) g`,
      `begin; savepoint s; alter table rewritten alter a type text using md5(random()::text); rollback to s;
       alter table rewritten add r double precision default random(); savepoint s; alter table rewritten add q uuid default gen_random_uuid(); insert into rewritten values (51);
       rollback to s; alter table rewritten alter b type int using b::int + 1; update rewritten set a = a + 1; commit`,
      `do $$ begin begin alter table rewritten add z double precision default random(); raise exception 'x'; exception when others then
         alter table rewritten add z double precision default random() * 2; end; update rewritten set z = z + 1 where id = 1; end $$`,
    ],
  },
  {
    name: 'truncations, drops and tables of one name between savepoints',
    steps: [
      `create table again (id serial primary key, a int); insert into again (a) values (1), (2)`,
      `begin; truncate again; savepoint s; insert into again (a) values (3); truncate again restart identity; rollback to s; insert into again (a) values (4);
       drop table again; create table again (id text); insert into again values ('x'); savepoint t; truncate again; drop table again; create table again (z int);
       rollback to t; insert into again values ('y'); alter table again add primary key (id); update again set id = 'yy' where id = 'y'; commit`,
    ],
  },
  {
    name: 'types and their values between savepoints',
    steps: [
      `begin; create type mood as enum ('sad'); savepoint s; alter type mood add value 'lost'; rollback to s; create table moods (m mood); insert into moods values ('sad'); commit`,
      `alter type mood add value 'ok'`,
      `begin; savepoint s; alter type mood add value 'happy'; release s; commit; insert into moods values ('happy'), ('ok')`,
      `begin; savepoint s; create domain positive as int check (value > 0); create table of_domain (p positive); rollback to s;
       create domain positive as int check (value > 10); create table of_domain (p positive); insert into of_domain values (11); commit`,
    ],
  },
  {
    name: 'role, search_path and settings that a savepoint takes back',
    steps: [
      `create schema path_1; create schema path_2; grant all on schema path_1, path_2 to alice`,
      `begin; set local search_path = path_1; create table here (id int); savepoint s; set local search_path = path_2; set local role alice;
       create table here (id text); set local DateStyle = 'German'; create table there (d date default '01.02.2020'); savepoint t; reset role; create table gone (id int);
       rollback to t; insert into there default values; release s; create table also_there (d date default '03.04.2020'); commit`,
      `begin; savepoint s; set local search_path = path_2; set local role alice; rollback to s; create table path_1.back (id int); set local search_path = path_1; alter table back add d int; commit`,
    ],
  },
  {
    name: 'above READ COMMITTED',
    steps: [
      `begin isolation level repeatable read; create table iso_1 (id int primary key); insert into iso_1 values (1); savepoint s; alter table iso_1 add b int default 2;
       rollback to s; alter table iso_1 add b text default 'x'; create index on iso_1 (b); update iso_1 set b = 'y'; commit`,
      `begin isolation level serializable; create table iso_2 as select * from iso_1; alter table iso_2 add primary key (id); update iso_2 set b = 'z'; drop table iso_1; commit`,
    ],
  },
  {
    name: 'a simple query of several statements that fails in its middle',
    steps: [
      {
        sql: 'create table implicit_1 (id int); insert into implicit_1 values (1); select 1 / 0; create table implicit_2 (id int)',
        ...FAILS,
      },
      { sql: 'create table implicit_3 (id int); commit; create table implicit_4 (id int); select 1 / 0', ...FAILS },
      {
        sql: 'create table implicit_1 (a text); begin; insert into implicit_1 values ($$1$$); commit; begin; alter table implicit_1 add b int; select 1 / 0; commit',
        ...FAILS,
      },
      'rollback',
      'alter table implicit_1 add c int; begin; alter table implicit_1 add d int; rollback; alter table implicit_1 add e int; begin; create table implicit_5 (id int); commit and chain; create table implicit_5b (id int)',
      'rollback',
      { sql: 'begin; create table implicit_6 (id int); select 1 / 0', ...FAILS },
      { sql: 'create table implicit_7 (id int)', refused: '25P02' },
      'commit',
    ],
  },
  {
    name: 'COMMIT and ROLLBACK with AND CHAIN',
    steps: [
      'begin; create table chained_1 (id int); commit and chain; create table chained_2 (id int); rollback and chain; create table chained_2 (id text); insert into chained_2 values ($$x$$); commit',
      'begin isolation level serializable; create table chained_3 (id int)',
      'commit and chain',
      'alter table chained_3 add b int; rollback and chain; alter table chained_3 add b text',
      'commit',
    ],
  },
];
