/** What code of a plain user may try once it runs on the target. Each of them is reported by a notice: who ran it, and whether it worked. */
const COMMANDS: readonly string[] = [
  'reset role',
  'set role postgres',
  'set local role postgres',
  'set role none',
  'set session authorization postgres',
  'set session authorization default',
  'reset session authorization',
  "select pg_catalog.set_config('role', 'postgres', false)",
  "select pg_catalog.set_config('session_authorization', 'postgres', true)",
  'reset all',
  'discard all',
  'alter role app superuser',
  'create role evil superuser',
  'grant postgres to app',
  "copy (select 1) to program 'true'",
  'set session_replication_role = origin',
  "update pg_authid set rolsuper = true where rolname = 'app'",
  'delete from walcast.checkpoint',
  "select walcast.run_as_10('x', null, null)",
  "create function walcast.more() returns int language sql as 'select 1'",
  "do $q$ begin execute 'reset role'; execute 'create role evil superuser'; end $q$",
  'commit',
  'rollback',
];

const list = COMMANDS.map((command) => `'${command.replaceAll("'", "''")}'`).join(', ');

/**
 * try_escape() and what calls it: from an index expression, a trigger, with the body that can be put anywhere. `reset all` and the pinned
 * settings are allowed to anybody; all else must be refused.
 */
export const ESCAPE_FUNCTIONS = `
create function try_escape(place text) returns int language plpgsql as $$
declare command text;
begin
  foreach command in array array[${list}] loop
    begin
      execute command;
      raise notice 'ESCAPE % % % ALLOWED as %', place, session_user, command, current_user;
    exception when others then
      raise notice 'ESCAPE % % % REFUSED as %', place, session_user, command, current_user;
    end;
  end loop;
  return 1;
end $$;
-- only says as whom it runs: what it is called from may be asked by try_escape itself
create function note_role(place text) returns int language plpgsql as $$ begin
  raise notice 'ESCAPE % % note REFUSED as %', place, session_user, current_user; return 1; end $$;
create function try_escape_immutable(int) returns int language plpgsql immutable as $$ begin return public.try_escape('immutable'); end $$;
create function try_escape_trigger() returns trigger language plpgsql as $$ begin perform public.try_escape('trigger'); return new; end $$`;

export interface Attempt {
  readonly name: string;
  readonly sql: readonly string[];
  /** The code is known to run on the target, so that a pass cannot mean that nothing was tried. */
  readonly runs: boolean;
}

export const STATEMENT_ATTEMPTS: readonly Attempt[] = [
  { name: 'a default', runs: true, sql: ["alter table victim add column a int default try_escape('default')"] },
  {
    name: 'USING of a new type',
    runs: true,
    sql: ["alter table victim alter column a type bigint using try_escape('using')"],
  },
  {
    name: 'a CHECK',
    runs: true,
    sql: [
      "alter table victim add constraint c1 check (try_escape('check') > 0)",
      'alter table victim drop constraint c1',
    ],
  },
  {
    name: 'an index expression',
    runs: true,
    sql: ['create index victim_escape on victim (try_escape_immutable(id))', 'drop index victim_escape'],
  },
  {
    name: 'a generated column',
    runs: true,
    sql: [
      'alter table victim add column g int generated always as (try_escape_immutable(id)) stored',
      'alter table victim drop column g',
    ],
  },
  {
    name: 'a materialized view',
    runs: true,
    sql: ["create materialized view seen as select try_escape('matview') x", 'refresh materialized view seen'],
  },
  {
    name: 'a domain',
    runs: true,
    sql: [
      "create domain escaping as int check (try_escape('domain') > 0)",
      'alter table victim add column d escaping default 5',
    ],
  },
  {
    name: 'a partition key',
    runs: false,
    sql: [
      'create table parts (a int) partition by range (try_escape_immutable(a))',
      'create table parts_1 partition of parts for values from (0) to (10)',
    ],
  },
  {
    // what the source computed is taken over
    name: 'a bound of a partition',
    runs: false,
    sql: [
      'create table bounds (a int) partition by list (a); create table bounds_1 partition of bounds for values in (try_escape_immutable(1))',
    ],
  },
  {
    name: 'a DO block',
    runs: false,
    sql: ["do $$ begin perform try_escape('do'); execute 'create table from_do (id int primary key)'; end $$"],
  },
  {
    name: 'names that look like SQL',
    runs: false,
    sql: [
      `create table "x'; reset role; create role evil superuser; --" (id int primary key)`,
      `alter table "x'; reset role; create role evil superuser; --" add column "%1$L) ; reset role; --" int default 1`,
      `insert into "x'; reset role; create role evil superuser; --" values (1)`,
    ],
  },
  {
    name: 'a search_path of its own functions and operators',
    runs: false,
    sql: [
      `create schema shadow;
       create function shadow.current_setting(text) returns text language sql as $$ select public.note_role('shadow')::text $$;
       create function shadow.set_config(text, text, boolean) returns text language sql as $$ select public.note_role('shadow')::text $$;
       create function shadow.pg_get_partition_constraintdef(oid) returns text language sql as $$ select public.note_role('shadow')::text $$;
       create function shadow.eq(name, name) returns boolean language sql as $$ select public.note_role('shadow') operator(pg_catalog.>) 0 $$;
       create operator shadow.= (leftarg = name, rightarg = name, function = shadow.eq)`,
      'set search_path = shadow, pg_catalog, public; create table in_shadow (id int primary key); alter table in_shadow add column b int; reset search_path',
    ],
  },
  {
    name: 'settings left behind for the next statement',
    runs: true,
    sql: [
      `create function leave_settings() returns int language plpgsql as $$ begin
         execute 'set search_path = shadow, pg_catalog'; execute 'set standard_conforming_strings = off'; execute 'set datestyle = ''SQL, DMY''';
         execute 'deallocate all'; execute 'prepare walcast_1 as select public.try_escape(''prepared'')'; perform public.try_escape('settings'); return 1; end $$`,
      'create table settled (id int primary key, d date); insert into settled values (1, date $$2020-02-01$$)',
      'alter table settled add column q int default leave_settings(); insert into settled values (2, date $$2020-02-01$$)',
    ],
  },
];

export const ROW_ATTEMPTS: readonly Attempt[] = [
  {
    name: 'a CHECK',
    runs: true,
    sql: [
      "create table r1 (id int primary key, check (try_escape('check') > 0))",
      'insert into r1 values (1)',
      'update r1 set id = 2',
      'delete from r1',
    ],
  },
  {
    name: 'an index expression',
    runs: true,
    sql: [
      'create table r2 (id int primary key)',
      'create index on r2 (try_escape_immutable(id))',
      'insert into r2 values (1)',
    ],
  },
  {
    name: 'the predicate of an index',
    runs: true,
    sql: [
      'create table r2p (id int primary key)',
      'create index on r2p (id) where try_escape_immutable(id) > 0',
      'insert into r2p values (1)',
    ],
  },
  {
    name: 'a generated column',
    runs: true,
    sql: [
      'create table r3 (id int primary key, g int generated always as (try_escape_immutable(id)) stored)',
      'insert into r3 values (1)',
    ],
  },
  {
    name: 'a domain',
    runs: true,
    sql: ['create table r4 (id int primary key, d escaping)', 'insert into r4 values (1, 1)'],
  },
  {
    name: 'a domain inside a composite, an array and a range',
    runs: true,
    sql: [
      'create type holding as (d escaping)',
      'create table r4c (id int primary key, h holding, a escaping[])',
      'insert into r4c values (1, row(1), array[1]::escaping[])',
    ],
  },
  {
    name: 'a trigger that fires always',
    runs: false,
    sql: [
      'create table r5 (id int primary key)',
      'create trigger tt before insert on r5 for each row execute function try_escape_trigger()',
      'alter table r5 enable always trigger tt',
      'insert into r5 values (1)',
    ],
  },
  {
    name: 'a rule that fires always',
    runs: false,
    sql: [
      'create table r6 (id int primary key)',
      "create rule ru as on insert to r6 do also select try_escape('rule')",
      'alter table r6 enable always rule ru',
      'insert into r6 values (1)',
    ],
  },
  { name: 'a partition', runs: true, sql: ['insert into parts values (1)'] },
  {
    name: 'an operator of its own in an exclusion constraint',
    runs: true,
    sql: [
      `create function same(int, int) returns boolean language plpgsql immutable as $$ begin perform public.try_escape('operator'); return $1 operator(pg_catalog.=) $2; end $$`,
      'create operator <=> (leftarg = int, rightarg = int, function = same, commutator = operator(public.<=>))',
      'create table r7 (id int primary key, a int, check (a <=> a))',
      'insert into r7 values (1, 1)',
    ],
  },
  {
    name: 'rows of a rewrite',
    runs: true,
    sql: [
      'create table r8 (id int primary key, d escaping); insert into r8 values (1, 1), (2, 2)',
      'alter table r8 add column u uuid default gen_random_uuid()',
    ],
  },
  {
    name: 'its own cast from text',
    runs: false,
    sql: [
      `create type code as (a int); create function to_code(text) returns code language plpgsql as $$ begin perform public.try_escape('cast'); return row(1)::code; end $$;
       create cast (text as code) with function to_code(text) as implicit`,
      'create table r9 (id int primary key, c code, check (try_escape_immutable(id) > 0)); insert into r9 values (1, row(7))',
      'alter table r9 add column u uuid default gen_random_uuid()',
    ],
  },
];

export const COMMIT_ATTEMPTS: readonly Attempt[] = [
  {
    name: 'a cursor WITH HOLD',
    runs: false,
    sql: [
      `create function hold() returns int language plpgsql as $$ begin
         execute 'declare held cursor with hold for select public.try_escape(''hold'')'; return 1; exception when duplicate_cursor then return 1; end $$`,
      'create table holding_table (id int primary key); insert into holding_table values (1)',
      'alter table holding_table add column q int default hold()',
    ],
  },
  {
    name: 'RESET ALL and a trigger that does not fire for replicated rows',
    runs: false,
    sql: [
      'create table origin_only (id int primary key)',
      'create trigger ot after insert on origin_only for each row execute function try_escape_trigger()',
      `create function reset_and_insert() returns int language plpgsql as $$ begin
         if not (select rolsuper from pg_roles where rolname = session_user) then return 0; end if;
         reset all; insert into public.origin_only values ((random() * 1e9)::int); delete from public.origin_only; return 1; end $$`,
      'create table resetting (id int primary key); insert into resetting values (1)',
      'alter table resetting add column q int default reset_and_insert()',
    ],
  },
  {
    name: 'temporary objects, LISTEN and prepared statements',
    runs: false,
    sql: [
      `create function litter() returns int language plpgsql as $$ begin
         create temp table checkpoint (lsn text); execute 'listen everything'; execute 'prepare litter as select 1'; return 1; exception when others then return 0; end $$`,
      'create table littering (id int primary key); insert into littering values (1)',
      'alter table littering add column q int default litter()',
    ],
  },
];

/** Makes a deferred trigger fire always, on the target only, and queues a row for it. */
export const DEFERRED_ATTEMPT: readonly string[] = [
  'create table deferred (id int primary key)',
  'create constraint trigger ct after insert on deferred deferrable initially deferred for each row execute function try_escape_trigger()',
  `create function queue_deferred() returns int language plpgsql as $$ begin
     if not (select rolsuper from pg_roles where rolname = session_user) then return 0; end if;
     execute 'alter table public.deferred enable always trigger ct';
     insert into public.deferred values ((random() * 1e9)::int); set constraints all deferred; return 1; end $$`,
  'create table queueing (id int primary key); insert into queueing values (1)',
  'alter table queueing add column q int default queue_deferred()',
];
