import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from } from 'pg-copy-streams';
import type pg from 'pg';
import { splitStatements } from '../../../../src/sql/split-statements.ts';
import type { Migrations, Tool, ToolHistory } from './tool-history.ts';

const DATA = /^\s*COPY [^;]* FROM STDIN/i;

/** Statement by statement in whatever transaction the script itself opens; the lines behind COPY … FROM STDIN; up to `\.` are its data. */
const psql: Tool = {
  async begin({ client }) {
    await client.query('select 1');
  },
  async play({ client }, { up }) {
    let rest = up;
    for (let at = rest.search(/^COPY .* FROM STDIN.*;$/im); at >= 0; at = rest.search(/^COPY .* FROM STDIN.*;$/im)) {
      const head = rest.indexOf('\n', at);
      const end = rest.indexOf('\n\\.', head - 1);
      await each(client, rest.slice(0, at));
      const copy = client.query(from(rest.slice(at, head)));
      await pipeline(Readable.from([rest.slice(head + 1, end + 1)]), copy);
      rest = rest.slice(end + 3);
    }
    await each(client, rest);
    // each file has a session of its own
    await client.query('reset all; reset role; discard temp');
  },
};

async function each(client: pg.Client, sql: string): Promise<void> {
  for (const statement of splitStatements(sql)) {
    if (DATA.test(statement)) throw new Error('data of COPY must stand on lines of their own');
    await client.query(statement);
  }
}

const migrations: Migrations = {
  '001 schema with elements': `create schema shop authorization app
  create table product (id int primary key, name text not null, price numeric(8,2))
  create table stock (product int references product, n int not null default 0)
  create view cheap as select * from product where price < 10
  create sequence numbers
  grant select on product to alice;`,
  '002 search path': `set search_path to shop, public;
create table supplier (id serial primary key, name text);
alter table product add column supplier int references supplier (id);
create index on product (supplier);`,
  '003 copy': `set search_path to shop;
COPY supplier (name) FROM STDIN;
Müller & Söhne
tab\\there
\\N
\\.
COPY product (id, name, price, supplier) FROM STDIN WITH (FORMAT csv, HEADER);
id,name,price,supplier
1,"comma, quoted ""x""",9.99,1
2,plain,12.5,2
3,"",0,
\\.
insert into stock select id, id * 10 from product;`,
  '004 transaction': `begin; set local search_path = shop; alter table stock add primary key (product); update stock set n = n + 1; commit;`,
  '005 rolled back': `begin; create table shop.never (i int); insert into shop.never values (1); rollback; begin; create table shop.ever (i int primary key); commit;`,
  '006 savepoints': `begin; savepoint one; create table shop.a (i int primary key); savepoint two; alter table shop.a add column gone int; rollback to two; alter table shop.a add column kept int; release one; insert into shop.a values (1, 2); commit;`,
  '007 temp tables': `create temp table staging (like shop.product including defaults); insert into staging select g + 100, 'staged ' || g, g from generate_series(1, 50) g; create index on staging (id); alter table staging add column extra int; insert into shop.product (id, name, price) select id, name, price from staging; drop table staging;`,
  '008 temp that hides': `create temp table a (x int); alter table a add column y int; insert into a values (1, 2); create table shop.from_temp as select * from a; alter table shop.from_temp add primary key (x); drop table a;`,
  '009 ctas': `create table shop.copy_of_product as table shop.product; create table shop.empty_copy as select * from shop.product with no data; create unlogged table shop.scratch as select 1 as one; drop table shop.scratch;`,
  '010 select into': `select id, upper(name) as name into shop.upper_product from shop.product where id < 110; alter table shop.upper_product add primary key (id);`,
  '011 do block': `do $$ declare t text; begin foreach t in array array['alpha', 'beta', 'gamma'] loop execute format('create table shop.%I (id int primary key, v text default %L)', t, t); execute format('insert into shop.%I select g from generate_series(1, 5) g', t); end loop; end $$;`,
  '012 do with exception': `do $$ begin create table shop.alpha (i int); exception when duplicate_table then alter table shop.alpha add column again boolean default true; end $$;`,
  '013 set role': `grant all on schema shop to alice; set role alice; create table shop.of_alice (id int primary key); insert into shop.of_alice values (1); grant all on shop.of_alice to app; reset role; insert into shop.of_alice values (2);`,
  '014 set session authorization like': `set role bob; create schema bobs; create table bobs.t (i int primary key); create function bobs.f() returns int language sql as 'select 1'; reset role; alter table bobs.t owner to app;`,
  '015 functions that make tables': `create function shop.make(name text) returns void language plpgsql as $$ begin execute format('create table shop.%I (id bigserial primary key, at timestamptz default now())', name); end $$; select shop.make('made one'), shop.make('made "two"'); insert into shop."made one" default values;`,
  '016 procedure with commits': `create procedure shop.batches() language plpgsql as $$ begin for i in 1..3 loop execute format('create table shop.batch_%s (id int primary key)', i); execute format('insert into shop.batch_%s values (%s)', i, i); commit; end loop; end $$; call shop.batches();`,
  '017 dump head': `SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE SCHEMA crm;
ALTER SCHEMA crm OWNER TO app;
CREATE TYPE crm.stage AS ENUM (
    'lead',
    'won'
);
CREATE FUNCTION crm.count_leads() RETURNS bigint
    LANGUAGE sql
    AS $$ select count(*) from crm.lead where stage = 'lead' $$;
CREATE TABLE crm.lead (
    id integer NOT NULL,
    stage crm.stage DEFAULT 'lead'::crm.stage NOT NULL,
    note text,
    meta jsonb DEFAULT '{}'::jsonb
);
CREATE SEQUENCE crm.lead_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE crm.lead_id_seq OWNED BY crm.lead.id;
CREATE TABLE crm.visit (
    at timestamp with time zone NOT NULL,
    lead integer
)
PARTITION BY RANGE (at);
CREATE TABLE crm.visit_2024 (
    at timestamp with time zone NOT NULL,
    lead integer
);
ALTER TABLE ONLY crm.visit ATTACH PARTITION crm.visit_2024 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');
ALTER TABLE ONLY crm.lead ALTER COLUMN id SET DEFAULT nextval('crm.lead_id_seq'::regclass);
COPY crm.lead (id, stage, note, meta) FROM STDIN;
1	lead	first\\nline	{"a": 1}
2	won	\\N	{}
\\.
COPY crm.visit_2024 (at, lead) FROM STDIN;
2024-02-03 04:05:06.789+00	1
2024-12-31 23:59:59+00	2
\\.
SELECT pg_catalog.setval('crm.lead_id_seq', 2, true);
ALTER TABLE ONLY crm.lead
    ADD CONSTRAINT lead_pkey PRIMARY KEY (id);
CREATE INDEX visit_at ON ONLY crm.visit USING btree (at);
CREATE INDEX visit_2024_at ON crm.visit_2024 USING btree (at);
ALTER INDEX crm.visit_at ATTACH PARTITION crm.visit_2024_at;
CREATE VIEW crm.won AS
 SELECT lead.id
   FROM crm.lead
  WHERE (lead.stage = 'won'::crm.stage);
ALTER TABLE crm.visit
    ADD CONSTRAINT visit_lead_fkey FOREIGN KEY (lead) REFERENCES crm.lead(id);
GRANT USAGE ON SCHEMA crm TO alice;
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA crm GRANT SELECT ON TABLES TO alice;`,
  '018 after the dump': `insert into crm.lead (note) values ('by sequence'); insert into crm.visit values ('2024-06-01', 3); update crm.lead set stage = 'won' where id = 1;`,
  '019 quoted everything': `create schema "Odd ""Schema"""; create table "Odd ""Schema"""."select" ("from" int primary key, "wh ere" text, "ü.x" int); insert into "Odd ""Schema"""."select" values (1, 'x', 2); create index "i;dx" on "Odd ""Schema"""."select" ("wh ere"); alter table "Odd ""Schema"""."select" rename column "ü.x" to "1 2 3";`,
  '020 comments between': `-- a comment; with a semicolon
/* another ; /* nested ; */ */
create /* in */ table -- the
  shop.commented (id int primary key /* ; */, v text default 'it''s; -- no comment');
insert into shop.commented (id) values (1);`,
  '021 dollar quotes': `create function shop.dollars() returns text language plpgsql as $outer$ begin execute $inner$ create table if not exists shop.by_dollars (id int primary key, t text default $x$ ; $x$) $inner$; return $q$;$q$; end $outer$; select shop.dollars(); select shop.dollars(); insert into shop.by_dollars values (1);`,
  '022 escape strings': `create table shop.escapes (id int primary key, t text default E'a\\'b\\n;', u text default U&'d\\0061t\\+000061', b bytea default '\\xdeadbeef'); insert into shop.escapes values (1);`,
  '023 date style': `set datestyle = 'German, DMY'; set intervalstyle = 'sql_standard'; set timezone = 'America/New_York'; create table shop.dated (id int primary key, d date default '31.12.2024', i interval default '1 2:03:04', t timestamptz default '01.02.2024 12:00'); insert into shop.dated values (1); alter table shop.dated add column late timestamptz default '03.04.2025 10:00';`,
  '024 concurrently': `create index concurrently product_name on shop.product (name); drop index concurrently shop.product_name; create unique index concurrently on shop.product (name, id);`,
  '025 several in one do': `do $$ begin create table shop.d1 (i int primary key); create table shop.d2 (i int references shop.d1); alter table shop.d1 add column j int default 5; insert into shop.d1 values (1), (2); drop table shop.d2; end $$;`,
  '026 conditional': `do $$ begin if not exists (select from information_schema.columns where table_schema = 'shop' and table_name = 'product' and column_name = 'ean') then alter table shop.product add column ean text; end if; end $$; update shop.product set ean = lpad(id::text, 13, '0');`,
  '027 rename swap': `begin; create table shop.product_new (like shop.product including all); insert into shop.product_new select * from shop.product; alter table shop.stock drop constraint stock_product_fkey; drop view shop.cheap; alter table shop.product rename to product_old; alter table shop.product_new rename to product; commit;`,
  '028 after the swap': `insert into shop.product (id, name) values (-1, 'new table'); drop table shop.product_old; delete from shop.stock where product not in (select id from shop.product); alter table shop.stock add foreign key (product) references shop.product;`,
  '029 drop cascade': `create view shop.v1 as select id from shop.product; create view shop.v2 as select * from shop.v1; create materialized view shop.v3 as select * from shop.v2; drop view shop.v1 cascade;`,
  '030 inheritance': `create table shop.base (id int primary key, n text); create table shop.heir (extra int) inherits (shop.base); insert into shop.heir values (1, 'h', 2); alter table shop.base add column late int default 3; update shop.base set n = 'changed';`,
  '031 generated and identity': `create table shop.gen (id int generated always as identity, w numeric, h numeric, area numeric generated always as (w * h) stored, primary key (id)); insert into shop.gen (w, h) values (2, 3), (4, 5); update shop.gen set w = 10 where id = 1; alter table shop.gen alter id restart with 100;`,
  '032 deferred': `begin; create table shop.p (id int primary key); create table shop.c (id int primary key, p int references shop.p deferrable initially deferred); insert into shop.c values (1, 1); insert into shop.p values (1); commit;`,
  '033 trigger on ddl order': `begin; create table shop.log (id serial primary key, what text); create function shop.note() returns trigger language plpgsql as $$ begin insert into shop.log (what) values (tg_op || ' ' || coalesce(new.id, old.id)); return new; end $$; create trigger note after insert or update on shop.p for each row execute function shop.note(); insert into shop.p values (2); drop trigger note on shop.p; insert into shop.p values (3); commit;`,
  '034 alter in use': `begin; insert into shop.p values (4); alter table shop.p add column v int; insert into shop.p values (5, 5); alter table shop.p alter v type text using 'v' || v; insert into shop.p values (6, 'six'); alter table shop.p drop column v; insert into shop.p values (7); commit;`,
  '035 rows then rename': `begin; update shop.p set id = id + 100; alter table shop.p rename to pp; update shop.pp set id = id - 100; alter table shop.pp rename to p; commit;`,
  '036 truncate': `begin; truncate shop.log restart identity; insert into shop.log (what) values ('after'); commit; truncate shop.alpha, shop.beta;`,
  '037 volatile rewrite': `alter table shop.product add column token text not null default md5(random()::text), add column made timestamptz not null default clock_timestamp();`,
  '038 using': `alter table shop.product alter column price type bigint using (price * 100)::bigint, alter column ean type varchar(20);`,
  '039 unlogged': `create unlogged table shop.fast (id int primary key); alter table shop.fast set logged; insert into shop.fast values (1);`,
  '040 types': `create type shop.pair as (a int, b text); create domain shop.positive as int check (value > 0); create type shop.span as range (subtype = int4); create table shop.typed (id shop.positive primary key, p shop.pair, s shop.span, ps shop.pair[]); insert into shop.typed values (1, (1, 'x'), '[1,5)', array[(2, 'y')::shop.pair]);`,
  '041 alter types': `alter type shop.pair add attribute c date; alter domain shop.positive set not null; update shop.typed set p.c = '2024-02-29'; alter type shop.pair rename attribute a to first;`,
  '042 drop if exists': `drop table if exists d1; drop table if exists shop.d1; drop type if exists pair; drop function if exists note(); drop function if exists shop.note(); drop view if exists nowhere.v; drop trigger if exists note on shop.p;`,
  '043 policies': `alter table shop.product enable row level security; create policy all_rows on shop.product using (true); create policy for_alice on shop.product for select to alice using (id > 0); alter policy for_alice on shop.product using (id > 10);`,
  '044 rules': `create rule up as on update to shop.copy_of_product do also insert into shop.log (what) values ('rule'); update shop.copy_of_product set name = 'x' where id = 1; drop rule up on shop.copy_of_product;`,
  '045 partitions': `create table shop.ev (k text, n int, primary key (k, n)) partition by list (k); create table shop.ev_a partition of shop.ev for values in ('a') partition by hash (n); create table shop.ev_a0 partition of shop.ev_a for values with (modulus 2, remainder 0); create table shop.ev_a1 partition of shop.ev_a for values with (modulus 2, remainder 1); create table shop.ev_rest partition of shop.ev default; insert into shop.ev select case when g % 3 = 0 then 'a' else 'b' end, g from generate_series(1, 30) g; update shop.ev set k = 'a' where n < 5;`,
  '046 owners': `alter table shop.gamma owner to alice; alter function shop.dollars() owner to alice; alter schema bobs owner to app;`,
  '047 grants': `grant select, insert (name) on shop.product to bob with grant option; revoke grant option for select on shop.product from bob; grant execute on function shop.make(text) to public; revoke all on function shop.make(text) from public;`,
  '048 comments': `comment on schema shop is 'all; that is sold'; comment on table shop.product is E'two\\nlines'; comment on column shop.product.name is ''; comment on policy all_rows on shop.product is 'everything'; comment on type shop.pair is 'p';`,
  '049 statistics': `create statistics shop.st (dependencies) on id, name from shop.product; alter statistics shop.st set statistics 10; analyze shop.product; vacuum shop.product;`,
  '050 cursors and prepared': `begin; declare c cursor for select id from shop.product; fetch 2 from c; create table shop.beside (i int primary key); close c; commit; prepare q as insert into shop.beside values ($1); execute q(1); deallocate q;`,
  '051 prepared ddl by execute': `prepare s as select shop.make($1); execute s('made three'); deallocate s; explain (costs off) select * from shop.product;`,
  '052 lock and copy out': `begin; lock table shop.product in share row exclusive mode; alter table shop.product add column locked boolean not null default false; update shop.product set locked = true where id = 1; commit;`,
  '053 set constraints': `begin; set constraints all immediate; insert into shop.c values (2, 1); set constraints all deferred; insert into shop.c values (3, 9); insert into shop.p values (9); commit;`,
  '054 upsert and merge': `insert into shop.product (id, name) values (1, 'one'), (999, 'new') on conflict (id) do update set name = excluded.name returning id; with d as (delete from shop.product where id = 999 returning *) insert into shop.log (what) select name from d;`,
  '055 sequence work': `create sequence shop.own start 5 increment 5 cycle maxvalue 20; alter table shop.beside add column n int default nextval('shop.own'); alter sequence shop.own owned by shop.beside.n; insert into shop.beside (i) select g from generate_series(10, 14) g; select setval('shop.own', 10);`,
  '056 like temp': `create temp table shape (id int, v text default 'shape'); create table shop.shaped (like shape including all, more int primary key); insert into shop.shaped values (1, 'x', 2); drop table shape;`,
  '057 large text': `create table shop.big (id int primary key, t text); insert into shop.big select g, repeat(md5(g::text), 4000) from generate_series(1, 5) g; update shop.big set id = id + 10; alter table shop.big add column n int default 1;`,
  '058 no key': `create table shop.heap (a int, b text); insert into shop.heap values (1, 'x'), (1, 'x'), (2, null); update shop.heap set b = 'y' where a = 2; delete from shop.heap where ctid = (select min(ctid) from shop.heap where a = 1);`,
  '059 extension': `create extension if not exists pg_trgm schema shop; create index product_trgm on shop.product using gin (name shop.gin_trgm_ops); create extension if not exists hstore; alter table shop.product add column h hstore default 'a=>1'; drop extension pg_trgm cascade;`,
  '060 moments': `create table shop.moments (id int primary key, at timestamp default 'now', d date default 'today'::date); insert into shop.moments values (1); create view shop.recent as select * from shop.moments where at > 'yesterday'::timestamp;`,
  '061 drop schemas': `drop schema crm cascade; drop schema "Odd ""Schema""" cascade; drop schema bobs cascade;`,
};

export const PSQL: ToolHistory = {
  name: 'psql',
  tool: psql,
  migrations,
  writes: (n) => [
    `insert into shop.product (id, name) values (${n + 1000}, 'w${n}')`,
    `update shop.product set name = name || '.' where id % 11 = ${n % 11}`,
    `insert into shop.supplier (name) values ('w${n}')`,
    `delete from shop.copy_of_product where id = ${n + 100}`,
    'select 1',
  ],
};
