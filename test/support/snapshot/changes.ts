import type { RangeOptions } from '../../../src/listener/snapshot/plan-ranges.ts';

/** Small tables are cut as well. */
export const SMALL_RANGES: RangeOptions = { rangeBytes: 128 * 1024, scatteredRanges: 6 };

/** What the source holds before the copy begins: some MB, in tables of every kind of key. */
export const BIRTH = `
create schema "Odd ""schema"".x";
create type mood as enum ('sad', 'ok', 'happy');
create domain positive as int check (value > 0);
create table small (id int primary key, note text, m mood default 'ok');
insert into small select i, 'note ' || i from generate_series(1, 200) i;
create table wide (id bigint primary key, n int not null default 0, big text, at timestamptz default now());
alter table wide alter big set storage external;
insert into wide select i, 0, repeat(md5(i::text), 80), '2026-01-01'::timestamptz + i * interval '1 minute' from generate_series(1, 1500) i;
create table uuids (id uuid primary key default gen_random_uuid(), n int, note text);
insert into uuids (n, note) select i, repeat('x', 200) from generate_series(1, 4000) i;
create table composite (a int, b text, v numeric, primary key (a, b));
insert into composite select i / 3, 'b' || i, i / 7.0 from generate_series(1, 3000) i;
create table texts (code text primary key, v jsonb);
insert into texts select 'c' || i, jsonb_build_object('i', i, 't', repeat('y', 50)) from generate_series(1, 2000) i;
create table keyless (word text, n int);
alter table keyless replica identity full;
insert into keyless select 'w' || i % 50, i from generate_series(1, 3000) i;
create table parent (id int primary key, name text);
insert into parent select i, 'p' || i from generate_series(1, 300) i;
create table child (id int primary key, parent int references parent on delete cascade, v text);
insert into child select i, 1 + i % 300, repeat('v', 100) from generate_series(1, 3000) i;
create index child_parent on child (parent);
create table parts (id int not null, day date not null, v text, primary key (id, day)) partition by range (day);
create table parts_1 partition of parts for values from ('2026-01-01') to ('2026-02-01');
create table parts_2 partition of parts for values from ('2026-02-01') to ('2026-03-01');
insert into parts select i, '2026-01-01'::date + i % 59, repeat('d', 80) from generate_series(1, 3000) i;
create table "Odd ""schema"".x"."Täble.1" ("Kéy.1" int primary key, "v""v" text);
insert into "Odd ""schema"".x"."Täble.1" select i, 'ü' || i from generate_series(1, 500) i;
create table doomed (id int primary key, v text);
insert into doomed select i, repeat('z', 100) from generate_series(1, 2000) i;
create table cut_off (id int primary key, v text);
insert into cut_off select i, repeat('z', 100) from generate_series(1, 2000) i;
create table grows (id int primary key, v text);
insert into grows select i, repeat('g', 100) from generate_series(1, 2000) i;
create table retyped (id int primary key, v int);
insert into retyped select i, i from generate_series(1, 4000) i;
create table renamed (id int primary key, v text);
insert into renamed select i, repeat('r', 100) from generate_series(1, 2000) i;
create table uniques (id int primary key, u int unique);
insert into uniques select i, i from generate_series(1, 4000) i;
create view seen as select w.id, s.note from wide w join small s on s.id = w.id;
create materialized view counted as select count(*) as n from small;
create function twice(i int) returns int language sql immutable as 'select 2 * i';
create table generated (id int primary key, base int, double int generated always as (base * 2) stored);
insert into generated (id, base) select i, i from generate_series(1, 2000) i;
create sequence counter increment 7 start 100;
select nextval('counter') from generate_series(1, 5);
create table ids (id int generated always as identity primary key, v text);
insert into ids (v) select 'i' || i from generate_series(1, 700) i;
`;

/** Forty and more; each stands on its own, so that they can come in any order. */
export function changesDuringCopy(): string[] {
  return [
    'alter table grows add column more int default 7',
    `alter table grows add column at timestamptz default clock_timestamp()`,
    'alter table retyped alter v type bigint using v * 10',
    'alter table renamed rename to called',
    'alter table texts rename to letters',
    'drop table doomed',
    `truncate cut_off; insert into cut_off select i, 'new' from generate_series(1, 20) i`,
    'create table born as select i, md5(i::text) as h from generate_series(1, 500) i',
    `create table born_keyed (id int primary key, v text); insert into born_keyed select i, 'b' from generate_series(1, 300) i`,
    'create index on composite (v)',
    'create unique index on uuids (id, n)',
    `alter table composite add column extra text; update composite set extra = 'set' where a % 10 = 0`,
    'alter table small drop column m',
    `alter type mood add value 'great'`,
    'create table mooded (id int primary key, m mood)',
    `alter table parent add column born date not null default '2026-01-01'`,
    'alter table child add constraint child_v check (length(v) > 0)',
    'alter table child alter v set not null',
    `create table parts_3 partition of parts for values from ('2026-03-01') to ('2026-04-01'); insert into parts values (9001, '2026-03-05', 'x')`,
    'alter table parts detach partition parts_2',
    'create schema other; alter table uniques set schema other',
    'create or replace view seen as select w.id, s.note, w.n from wide w join small s on s.id = w.id',
    'refresh materialized view counted',
    `create function thrice(i int) returns int language sql immutable as 'select 3 * i'; create table uses (a int primary key, b int default thrice(2)); insert into uses values (1)`,
    'create or replace function twice(i int) returns int language sql immutable as $$select i + i$$',
    'alter table generated add column triple int generated always as (base * 3) stored',
    'alter sequence counter increment 3',
    `comment on table wide is 'commented'`,
    'alter table wide add column flag boolean default false',
    'vacuum full grows',
    'alter table ids add column w int',
    `begin; alter table "Odd ""schema"".x"."Täble.1" add column "n.n" int default 3; savepoint s; alter table "Odd ""schema"".x"."Täble.1" drop column "v""v"; rollback to s; insert into "Odd ""schema"".x"."Täble.1" ("Kéy.1") values (-1); commit`,
    `do $$ begin execute 'create table dynamic (id int primary key)'; insert into dynamic select generate_series(1, 50); end $$`,
    'create domain even as int check (value % 2 = 0); create table evens (id even primary key); insert into evens values (2), (4)',
    'alter table keyless add column c int',
    'alter table keyless set logged',
    'grant select on wide to public',
    `create table gone_again (id int primary key); insert into gone_again values (1); drop table gone_again`,
    'drop index child_parent',
    'alter table uuids alter note set default $$d$$',
    `create rule note as on delete to composite do also insert into keyless (word, n) values ('rule', 1)`,
    'alter table wide replica identity full',
  ];
}
