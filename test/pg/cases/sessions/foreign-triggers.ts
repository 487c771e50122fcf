import type { SessionCase } from './session-case.ts';

/** A function of a superuser and the event trigger that fires it; `name` decides whether it fires before or after ours. */
function trigger(
  name: string,
  event: string,
  body: string,
  { tags = [], enable = '' }: { tags?: readonly string[]; enable?: string } = {},
): string {
  const when = tags.length === 0 ? '' : `when tag in (${tags.map((tag) => `'${tag}'`).join(', ')})`;
  return `create schema if not exists tool; grant usage on schema tool to public;
    create or replace function tool.${name}() returns event_trigger language plpgsql security definer set search_path = pg_catalog as
      $f$ declare r record; begin ${body} end $f$;
    create event trigger ${name} on ${event} ${when} execute function tool.${name}();
    ${enable === '' ? '' : `alter event trigger ${name} enable ${enable};`}`;
}

const EACH_TABLE = `for r in select distinct c.objid, c.object_identity from pg_event_trigger_ddl_commands() c where c.object_type = 'table' and c.schema_name = 'public' loop`;
const MADE = ['CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO'];

/** The same tool under a name that most tools have, and under one that comes after ours. */
const PLACES = ['ensure', 'zz_ensure'] as const;

function placed(what: string, make: (name: string) => Omit<SessionCase, 'name'>): SessionCase[] {
  return PLACES.map((place) => ({ name: `${what}, as ${place}`, ...make(`${place}_${key(what)}`) }));
}

function key(what: string): string {
  return what.replace(/[^a-z]+/g, '_').slice(0, 24);
}

/** Event triggers that other tools put on a source. They do not fire on a target: what they do arrives. */
export const FOREIGN_TRIGGER_CASES: readonly SessionCase[] = [
  ...placed('row level security for every new table', (name) => ({
    before: trigger(
      name,
      'ddl_command_end',
      `${EACH_TABLE} execute format('alter table %s enable row level security', r.object_identity);
         execute format('create policy everybody on %s for select using (true)', r.object_identity); end loop;`,
      { tags: MADE },
    ),
    steps: [
      `create table ${name}_1 (id int primary key, a text); insert into ${name}_1 values (1, 'x'); alter table ${name}_1 add b int default 7`,
      `create table ${name}_2 as select * from ${name}_1; insert into ${name}_2 select * from ${name}_2`,
      `select * into ${name}_3 from ${name}_1; create table ${name}_4 (like ${name}_1 including all); insert into ${name}_4 values (2)`,
    ],
  })),
  ...placed('another owner for every new table', (name) => ({
    before: trigger(
      name,
      'ddl_command_end',
      `${EACH_TABLE} execute format('alter table %s owner to bob', r.object_identity); end loop;`,
      { tags: MADE },
    ),
    steps: [
      `create table ${name}_1 (id serial primary key, a text); insert into ${name}_1 (a) values ('x')`,
      `create table ${name}_2 as select * from ${name}_1`,
      `create table ${name}_3 (a int); insert into ${name}_3 values (1), (1); update ${name}_3 set a = 2`,
      `alter table ${name}_1 add b int unique; create index on ${name}_2 (a); drop table ${name}_3`,
    ],
  })),
  ...placed('columns, a trigger and a history table for every new table', (name) => ({
    before: `create table if not exists public.${name}_seen (at timestamptz default now(), tag text, what text);
      create or replace function public.${name}_touch() returns trigger language plpgsql as $$ begin new.touched := now(); return new; end $$;
      ${trigger(
        name,
        'ddl_command_end',
        `if current_setting('tool.busy', true) = 'yes' then return; end if; perform set_config('tool.busy', 'yes', true);
         ${EACH_TABLE} execute format('alter table %s add touched timestamptz not null default now()', r.object_identity);
           execute format('create trigger touch before insert or update on %s for each row execute function public.${name}_touch()', r.object_identity);
           execute format('create table public.%I (like %s, changed_at timestamptz)', (select relname from pg_class where oid = r.objid) || '_history', r.object_identity);
           execute format('comment on table %s is %L', r.object_identity, 'made by ' || session_user);
           insert into public.${name}_seen (tag, what) values (tg_tag, r.object_identity);
         end loop; perform set_config('tool.busy', '', true);`,
        { tags: ['CREATE TABLE'] },
      )}`,
    steps: [
      `begin; create table ${name}_1 (id int primary key); insert into ${name}_1 values (1), (2); update ${name}_1 set id = 3 where id = 2; commit`,
      `do $$ begin for i in 2..4 loop execute format('create table ${name}_%s (id int primary key)', i);
         execute format('insert into ${name}_%s values (1)', i); end loop; end $$`,
    ],
  })),
  ...placed('an audit of every command and of every dropped object', (name) => ({
    before: `create table public.${name}_log (id bigserial primary key, tag text, kind text, identity text, query text);
      ${trigger(
        `${name}_end`,
        'ddl_command_end',
        `for r in select * from pg_event_trigger_ddl_commands() loop
           insert into public.${name}_log (tag, kind, identity, query) values (r.command_tag, r.object_type, r.object_identity, current_query()); end loop;`,
      )}
      ${trigger(
        `${name}_drop`,
        'sql_drop',
        `for r in select * from pg_event_trigger_dropped_objects() loop
           insert into public.${name}_log (tag, kind, identity) values (tg_tag, r.object_type, r.object_identity); end loop;`,
      )}
      ${trigger(`${name}_start`, 'ddl_command_start', `insert into public.${name}_log (tag) values (tg_tag);`)}
      ${trigger(
        `${name}_rewrite`,
        'table_rewrite',
        `insert into public.${name}_log (tag, kind) values (tg_tag, pg_event_trigger_table_rewrite_reason()::text);`,
      )}`,
    steps: [
      `create table ${name}_1 (id serial primary key, a text); insert into ${name}_1 (a) values ('1'), ('2')`,
      `alter table ${name}_1 alter a type int using a::int; alter table ${name}_1 add b uuid default gen_random_uuid()`,
      `create view ${name}_v as select * from ${name}_1; drop table ${name}_1 cascade`,
      `create table ${name}_2 as select g as id from generate_series(1, 3) g; grant select on ${name}_2 to bob; drop table ${name}_2`,
    ],
  })),
  ...placed('rights for what an extension brings', (name) => ({
    as: 'superuser',
    before: trigger(
      name,
      'ddl_command_end',
      `if exists (select from pg_event_trigger_ddl_commands() c where c.object_type = 'extension' and c.object_identity = 'hstore') then
         execute 'grant usage on schema ${name}_ext to alice with grant option';
         execute 'grant all on all functions in schema ${name}_ext to alice with grant option';
         execute 'alter default privileges in schema ${name}_ext grant all on tables to alice';
         execute 'create table public.${name}_done (h ${name}_ext.hstore)'; end if;`,
      { tags: ['CREATE EXTENSION'] },
    ),
    steps: [
      `create schema ${name}_ext; create extension hstore with schema ${name}_ext`,
      `drop extension hstore cascade`,
    ],
  })),
  ...placed('notifications as of PostgREST', (name) => ({
    before: trigger(name, 'ddl_command_end', `notify pgrst, 'reload schema';`),
    steps: [`create table ${name}_1 (id int primary key); insert into ${name}_1 values (1)`, `drop table ${name}_1`],
  })),
  ...placed('the schema in a table after every command, as of pgroll', (name) => ({
    before: `create table public.${name}_migrations (id bigserial primary key, tag text, resulting jsonb, done_at timestamp default statement_timestamp());
      ${trigger(
        name,
        'ddl_command_end',
        `if tg_tag = 'CREATE SCHEMA' then return; end if;
         insert into public.${name}_migrations (tag, resulting) values (tg_tag, (select jsonb_agg(to_jsonb(c) - 'relfrozenxid' - 'relminmxid')
           from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname like '${name}%'));`,
      )}`,
    steps: [
      `create table ${name}_1 (id int primary key, a text); alter table ${name}_1 add b text; alter table ${name}_1 rename b to c`,
      `create view ${name}_v1 as select id, a from ${name}_1; insert into ${name}_v1 values (1, 'x'); alter table ${name}_1 drop c`,
    ],
  })),
  ...placed('partitions for every new partitioned table', (name) => ({
    before: trigger(
      name,
      'ddl_command_end',
      `for r in select c.* from pg_event_trigger_ddl_commands() c join pg_class p on p.oid = c.objid and p.relkind = 'p' loop
         for i in 0..2 loop execute format('create table %s partition of %s for values with (modulus 3, remainder %s)',
           r.object_identity || '_' || i, r.object_identity, i); end loop; end loop;`,
      { tags: ['CREATE TABLE'] },
    ),
    steps: [
      `create table ${name}_1 (id int primary key, a text) partition by hash (id); insert into ${name}_1 select g from generate_series(1, 20) g`,
      `create table ${name}_2 (id int, a text) partition by hash (id); insert into ${name}_2 select g from generate_series(1, 20) g; update ${name}_2 set id = id + 1`,
    ],
  })),
  ...placed('objects renamed and moved at once', (name) => ({
    before: `create schema ${name}_s; grant all on schema ${name}_s to public;
      ${trigger(
        name,
        'ddl_command_end',
        `if current_setting('tool.busy', true) = 'yes' then return; end if; perform set_config('tool.busy', 'yes', true);
         ${EACH_TABLE} execute format('alter table %s rename to %I', r.object_identity, 'x_' || (select relname from pg_class where oid = r.objid));
           execute format('alter table %s set schema ${name}_s', r.objid::regclass); end loop; perform set_config('tool.busy', '', true);`,
        { tags: ['CREATE TABLE'] },
      )}`,
    steps: [
      `create table ${name}_1 (id int primary key); insert into ${name}_s.x_${name}_1 values (1)`,
      `create table ${name}_2 (a int, b int unique not null); insert into ${name}_s.x_${name}_2 values (1, 2)`,
    ],
  })),
  ...placed('DDL and rows before the command', (name) => ({
    before: `create table public.${name}_begun (n bigserial primary key, tag text);
      ${trigger(
        name,
        'ddl_command_start',
        `if current_setting('tool.busy', true) = 'yes' then return; end if; perform set_config('tool.busy', 'yes', true);
         insert into public.${name}_begun (tag) values (tg_tag);
         execute 'create table if not exists public.${name}_day (tag text primary key, n int default 1)';
         insert into public.${name}_day as d (tag) values (tg_tag) on conflict (tag) do update set n = d.n + 1;
         perform set_config('tool.busy', '', true);`,
      )}`,
    steps: [
      `create table ${name}_1 (id int primary key, a int); insert into ${name}_1 values (1, 1); create index ${name}_i on ${name}_1 (a)`,
      `alter table ${name}_1 alter a type text using a || '!'; drop index ${name}_i; drop table ${name}_1`,
    ],
  })),
  ...placed('history tables dropped with their tables', (name) => ({
    before: trigger(
      name,
      'sql_drop',
      `for r in select * from pg_event_trigger_dropped_objects() d where d.object_type = 'table' and d.original loop
         execute format('drop table if exists %s_history', r.object_identity); end loop;`,
      { tags: ['DROP TABLE'] },
    ),
    steps: [
      `create table ${name}_1 (id int primary key); create table ${name}_1_history (like ${name}_1); create table ${name}_2 (id int primary key); create table ${name}_2_history (like ${name}_2)`,
      `drop table ${name}_1, ${name}_2`,
      `create table ${name}_1 (id text); insert into ${name}_1 values ('x')`,
    ],
  })),
  ...placed('columns that come back under other names when they are dropped', (name) => ({
    before: trigger(
      name,
      'sql_drop',
      `for r in select * from pg_event_trigger_dropped_objects() d where d.object_type = 'table column' and d.original loop
         execute format('create table public.%I (at timestamptz)', 'gone_' || r.address_names[2] || '_' || r.address_names[3]);
         execute format('comment on table %I.%I is %L', r.address_names[1], r.address_names[2], 'lost ' || r.address_names[3]); end loop;`,
      { tags: ['ALTER TABLE'] },
    ),
    steps: [
      `create table ${name}_1 (id int primary key, a int, b int); insert into ${name}_1 values (1, 2, 3)`,
      `alter table ${name}_1 drop a; insert into ${name}_1 values (2, 3); alter table ${name}_1 drop b, add c text`,
    ],
  })),
  {
    name: 'triggers that refuse some statements, at the start, at the end, at a drop, at a rewrite',
    before: [
      trigger('deny_start', 'ddl_command_start', `raise exception 'not today' using errcode = 'P1111';`, {
        tags: ['CREATE VIEW'],
      }),
      trigger(
        'zz_deny_end',
        'ddl_command_end',
        `for r in select * from pg_event_trigger_ddl_commands() loop
           if r.object_identity like '%.bad%' then raise exception 'no %', r.object_identity using errcode = 'P1111'; end if; end loop;`,
      ),
      trigger(
        'zz_deny_drop',
        'sql_drop',
        `for r in select * from pg_event_trigger_dropped_objects() loop
           if r.object_name like 'guarded%' then raise exception 'kept' using errcode = 'P1111'; end if; end loop;`,
      ),
      trigger('zz_deny_rewrite', 'table_rewrite', `raise exception 'too large' using errcode = 'P1111';`),
    ].join('\n'),
    steps: [
      'create table guarded (id int primary key, a int); insert into guarded values (1, 1)',
      { sql: 'create table bad_one (id int primary key)', refused: 'P1111' },
      {
        sql: 'create table good_one (id int); insert into good_one values (1); create table bad_two (id int)',
        refused: 'P1111',
      },
      { sql: 'drop table guarded', refused: 'P1111' },
      { sql: 'alter table guarded alter a type bigint', refused: 'P1111' },
      'insert into guarded values (2, 2)',
      'begin; create table in_between (id int); savepoint s',
      { sql: 'create view refused as select * from in_between', refused: 'P1111' },
      'rollback to s; insert into in_between values (1); savepoint s',
      { sql: 'alter table guarded alter a type bigint', refused: 'P1111' },
      'rollback to s; alter table guarded add c int default 3; savepoint s',
      { sql: 'drop table in_between, guarded', refused: 'P1111' },
      'rollback to s; alter table in_between add b int; insert into in_between values (2, 2); commit',
      `do $$ begin
         for i in 1..4 loop
           begin execute format('create table %s_%s (id int)', case when i % 2 = 0 then 'bad' else 'fine' end, i);
             execute format('insert into %s_%s values (1)', case when i % 2 = 0 then 'bad' else 'fine' end, i);
           exception when sqlstate 'P1111' then null; end; end loop; end $$`,
    ],
  },
  {
    name: 'a trigger that lets nobody alter a table: new ones without a key are no victims of ours',
    before: trigger('deny_alter', 'ddl_command_start', `raise exception 'in working hours' using errcode = 'P1111';`, {
      tags: ['ALTER TABLE'],
    }),
    steps: [
      'create table keyless (a int, b text)',
      'insert into keyless values (1, $$x$$)',
      { sql: 'alter table keyless add c int', refused: 'P1111' },
      'create table keyless_2 as select * from keyless',
      'create table keyed (id int primary key); insert into keyed values (1); update keyed set id = 2',
      'create table unique_1 (id int unique not null); create table parted (id int) partition by list (id); create table part partition of parted default',
    ],
  },
  {
    name: 'a trigger that fires in sessions that are replicas only, and one that always does',
    as: 'superuser',
    before: [
      trigger('of_replicas', 'ddl_command_end', `insert into public.replica_log values (tg_tag, 'replica');`, {
        enable: 'replica',
      }),
      trigger('of_all', 'ddl_command_end', `insert into public.replica_log values (tg_tag, 'always');`, {
        enable: 'always',
      }),
      trigger('of_origin', 'ddl_command_end', `insert into public.replica_log values (tg_tag, 'origin');`),
    ]
      .join('\n')
      .replace(/^/, 'create table public.replica_log (tag text, mode text);'),
    steps: [
      'create table mode_1 (id int primary key)',
      'set session_replication_role = replica; create table mode_2 (id int primary key); insert into mode_2 values (1); drop table mode_1',
      'set session_replication_role = local; alter table mode_2 add a int default 1; reset session_replication_role; drop table mode_2',
    ],
  },
  {
    name: 'triggers that set the session about before the command is captured',
    before: trigger(
      'ensure_settings',
      'ddl_command_start',
      `perform set_config('search_path', 'public, tool', false); perform set_config('DateStyle', 'German', false); perform set_config('TimeZone', 'Asia/Tokyo', false);`,
    ).replace('set search_path = pg_catalog', ''),
    steps: [
      `set search_path = public; create table settings_1 (id int primary key, d date default '01.02.2020')`,
      `set DateStyle = 'ISO, MDY'; create table public.settings_2 (id int primary key, d date default '2020-02-01', t timestamptz default '2020-02-01 00:00')`,
    ],
  },
];
