import type { SessionCase } from './session-case.ts';

/** DDL that runs where nobody sees it in the client's text. */
export const PROCEDURE_CASES: readonly SessionCase[] = [
  {
    name: 'COMMIT and ROLLBACK inside procedures and DO blocks, DDL on both sides',
    steps: [
      `create procedure inner_steps(n int) language plpgsql as $$ begin
         execute format('create table step_%s (id int primary key)', n); execute format('insert into step_%s values (1)', n); commit;
         execute format('alter table step_%s add lost int', n); rollback;
         execute format('alter table step_%s add kept int default %s', n, n); commit; end $$;
       create procedure outer_steps() language plpgsql as $$ begin
         create table outer_1 (id int); call inner_steps(1); insert into outer_1 values (1); call inner_steps(2);
         begin create table outer_2 (id int); exception when others then null; end; drop table outer_1; rollback; commit;
         create table outer_3 as select * from step_2; end $$`,
      'call outer_steps()',
      `do $$ begin for i in 1..5 loop execute format('create table looped_%s (id int)', i); execute format('insert into looped_%s values (%s)', i, i);
         if i % 2 = 0 then rollback; else commit; end if; end loop; end $$`,
      `do $$ declare r record; begin for r in select generate_series(1, 3) n loop alter table looped_1 add column if not exists c int; insert into looped_1 values (r.n, r.n); commit; end loop; end $$`,
    ],
  },
  {
    name: 'in a trigger, a SELECT, a cursor loop and an INSTEAD OF trigger',
    steps: [
      `create table tenant (name text primary key, note text);
       create function make_tenant() returns trigger language plpgsql as $$ begin
         execute format('create table %I (id serial primary key, body text)', 'tenant ' || new.name);
         execute format('insert into %I (body) values (%L)', 'tenant ' || new.name, new.note);
         new.note := upper(new.note); return new; end $$;
       create trigger make_tenant before insert on tenant for each row execute function make_tenant();
       create function drop_tenant() returns trigger language plpgsql as $$ begin execute format('drop table %I', 'tenant ' || old.name); return null; end $$;
       create trigger drop_tenant after delete on tenant for each row execute function drop_tenant()`,
      `insert into tenant values ('é', 'x'), ('two "quoted"', 'y'), ('three', 'z'); delete from tenant where name = 'three'`,
      `create function add_column(t text, c text) returns text language plpgsql as $$ begin execute format('alter table %I add %I int default 3', t, c); return c; end $$`,
      `select add_column('tenant é', 'c' || g) from generate_series(1, 3) g`,
      `insert into tenant (name, note) select 'n' || g, add_column('tenant é', 'd' || g) from generate_series(1, 2) g`,
      `do $$ declare r record; c cursor for select name from tenant order by 1; begin
         for r in c loop perform add_column('tenant ' || r.name, 'of_cursor'); update tenant set note = 'seen' where current of c; end loop;
         for r in execute 'select name from tenant order by 1' loop execute format('comment on table %I is %L', 'tenant ' || r.name, r.name); end loop; end $$`,
      `create view tenants as select name from tenant;
       create function through_view() returns trigger language plpgsql as $$ begin
         execute format('create view %I as select * from %I', 'v ' || new.name, 'tenant n1'); insert into tenant values (new.name, 'by view'); return new; end $$;
       create trigger through_view instead of insert on tenants for each row execute function through_view()`,
      `insert into tenants values ('v1'), ('v2'); begin; savepoint s; insert into tenants values ('v3'); rollback to s; insert into tenants values ('v4'); commit`,
    ],
  },
  {
    name: 'in a deferred constraint trigger, at COMMIT',
    steps: [
      `create table watched (id int primary key);
       create function at_commit() returns trigger language plpgsql as $$ begin
         execute format('create table committed_%s (id int primary key)', new.id); execute format('insert into committed_%s values (%s)', new.id, new.id); return null; end $$;
       create constraint trigger at_commit after insert on watched deferrable initially deferred for each row execute function at_commit()`,
      'begin; insert into watched values (1); create table before_commit (id int); insert into watched values (2); commit',
      'begin; insert into watched values (3); set constraints all immediate; alter table committed_3 add b int default 1; insert into watched values (4); commit',
    ],
  },
  {
    name: 'CREATE TABLE AS and SELECT INTO inside functions',
    steps: [
      `set check_function_bodies = off; create table numbers as select g as n from generate_series(1, 5) g`,
      `create function copies(name text, above int) returns bigint language plpgsql as $$ declare c bigint; begin
         execute format('create table %I as select n, n * 2 as m from numbers where n > $1', name) using above; get diagnostics c = row_count;
         execute format('create table %I as table %I', name || '_2', name); execute format('update %I set m = 0 where n = 5', name || '_2');
         begin execute format('create table %I as select 1 / (n - 5) from numbers', name || '_3'); exception when division_by_zero then
           execute format('create table %I as select n from numbers', name || '_3'); end;
         create temp table if not exists scratch as select * from numbers; execute format('create table %I as select * from scratch', name || '_4'); drop table scratch;
         return c; end $$`,
      `select copies('Copied 1', 2); select copies('copied_2', 0)`,
      `create function copied_sql() returns bigint language sql as $$ create table of_sql as select * from numbers; insert into numbers values (6); select count(*) from numbers $$`,
      `select copied_sql(); do $$ declare k int := 3; begin create table with_variable as select * from numbers where n < k; select n into k from with_variable limit 1; end $$`,
    ],
  },
  {
    name: 'functions with settings and rights of their own',
    before: `create schema if not exists owned authorization bob; grant usage on schema owned to public`,
    steps: [
      `set role bob; create function owned.make(name text) returns void language plpgsql security definer set search_path = owned, pg_temp set DateStyle = 'German' as
         $$ begin execute format('create table %I (id int primary key, d date default ''01.02.2020'')', name); execute format('insert into %I values (1)', name);
         begin execute format('alter table %I add c int', name); raise exception 'x'; exception when others then execute format('alter table %I add c text default %L', name, name); end; end $$; reset role`,
      `select owned.make('first'); begin; select owned.make('second'); savepoint s; select owned.make('third'); rollback to s; select owned.make('third'); commit`,
      `create function nested_paths() returns void language plpgsql set search_path = public as $$ begin perform owned.make('fourth'); create table fourth (id int); set local search_path = owned, public; end $$; select nested_paths(); create table after_paths (id int)`,
    ],
  },
  {
    name: 'SQL functions of several statements, called again and again',
    steps: [
      `set check_function_bodies = off`,
      `create function put_log(suffix text) returns void language plpgsql as $$ begin insert into sql_log values (suffix); end $$`,
      `create function twice(suffix text) returns void language sql as $$ create table if not exists sql_log (s text); select put_log(suffix); comment on table sql_log is 'of a SQL function' $$`,
      `select twice('a'); select twice('b') from generate_series(1, 2)`,
      `do $$ begin perform twice('c'); begin perform twice('d'); raise exception 'x'; exception when others then perform twice('e'); end; end $$`,
      `drop table sql_log; select twice('f')`,
    ],
  },
  {
    name: 'statements that a query makes, sent one by one',
    steps: [
      async (client) => {
        await client.query('create table made (id int primary key); insert into made select generate_series(1, 3)');
        const { rows } = await client.query<{ sql: string }>(
          `select format('alter table %I add %I %s default %L', 'made', 'c ' || g, t, g) as sql from generate_series(1, 4) g, unnest('{int,text}'::text[]) t where g % 2 = (t = 'int')::int
           union all select format('create table %I partition of parts for values in (%s)', 'Part ' || g, g) from generate_series(1, 3) g`,
        );
        await client.query('create table parts (k int) partition by list (k)');
        for (const { sql } of rows) await client.query(sql);
        await client.query('insert into parts select generate_series(1, 3); update parts set k = 3 where k = 2');
      },
    ],
  },
  {
    name: 'temporary tables beside others of their names',
    fromCatalog: ['create table of_temp (like shadow including all)', 'create table of_temp_2 (like only_temp)'],
    steps: [
      `begin; create temp table shadow (id int) on commit drop; insert into shadow values (1); create table public.shadow (id text); insert into public.shadow values ('x');
       alter table shadow add b int; alter table public.shadow add c int default 3; create table of_temp (like shadow including all); create temp table only_temp (a int not null); create table of_temp_2 (like only_temp); insert into of_temp values (1, 2); commit`,
      `create temp table kept_temp as select 1 as a; create index on kept_temp (a); create view pg_temp.v as select * from kept_temp; create table as_temp as select * from kept_temp; drop table kept_temp cascade`,
    ],
  },
  {
    name: 'DDL beside open cursors, held ones too',
    steps: [
      `create table read_on (id int primary key); insert into read_on select generate_series(1, 5)`,
      `begin; declare c cursor for select * from read_on; fetch 2 from c; create table beside (id int); declare h cursor with hold for select * from read_on; commit`,
      `fetch 1 from h; alter table read_on add b int default 2; close h`,
    ],
  },
];
