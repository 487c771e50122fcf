import { createHash } from 'node:crypto';
import { oneByOne, transaction } from './statement-tools.ts';
import type { Migrations, Tool, ToolHistory } from './tool-history.ts';

/** Statement by statement in a transaction, under an advisory lock; `R__` is repeatable; ${placeholders} are filled in. Books by another connection. */
const flyway: Tool = {
  async begin({ books }) {
    await oneByOne(
      books,
      `CREATE TABLE "public"."flyway_schema_history" ("installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER, "installed_by" VARCHAR(100) NOT NULL, "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL, "success" BOOLEAN NOT NULL);
      ALTER TABLE "public"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
      CREATE INDEX "flyway_schema_history_s_idx" ON "public"."flyway_schema_history" ("success")`,
    );
  },
  async play({ client, books }, { name, up, alone }) {
    await client.query('SELECT pg_try_advisory_lock(77431708279161)');
    await client.query('set role app');
    const sql = up.replaceAll('${owner}', 'app').replaceAll('${schema}', 'public').replaceAll('${suffix}', '2024');
    await transaction(client, { alone: alone ?? false }, () => oneByOne(client, sql));
    const [version = '', description = ''] = name.split('__');
    await books.query(
      `INSERT INTO "public"."flyway_schema_history" ("installed_rank", "version", "description", "type", "script", "checksum", "installed_by", "execution_time", "success") SELECT coalesce(max("installed_rank"), 0) + 1, $1, $2, 'SQL', $3, $4, current_user, 7, true FROM "public"."flyway_schema_history"`,
      [
        version === 'R' ? null : version.slice(1),
        description.replaceAll('_', ' '),
        `${name}.sql`,
        String(createHash('md5').update(sql).digest().readInt32BE()),
      ],
    );
    await client.query('RESET ROLE');
    await client.query('SELECT pg_advisory_unlock(77431708279161)');
  },
};

const migrations: Migrations = {
  V1__customers: `create table \${schema}.customer (id bigserial primary key, name varchar(100) not null, country char(2), balance numeric(15,2) default 0); create table country (code char(2) primary key, name text not null unique)`,
  V2__countries: `insert into country (code, name) values ('DE', 'Germany'), ('FR', 'France'), ('CI', 'Côte d''Ivoire; yes'), ('XX', E'tab\\there'); alter table customer add constraint fk_country foreign key (country) references country (code)`,
  V3__seed: `insert into customer (name, country, balance) select 'Customer ' || g, (array['DE', 'FR', null])[1 + g % 3], g * 3.33 from generate_series(1, 100) g`,
  V4__transfer_function: `create or replace function transfer(a bigint, b bigint, amount numeric) returns void language plpgsql as $body$
begin
  update customer set balance = balance - amount where id = a;
  update customer set balance = balance + amount where id = b;
  if not found then raise exception 'no %', b using hint = 'look; again'; end if;
end
$body$`,
  V5__use_it: `do $$ declare a bigint; b bigint; begin select min(id), max(id) into a, b from customer; perform transfer(a, b, 12.34); end $$`,
  R__customer_view: `create or replace view v_customer as select c.id, c.name, k.name as country from customer c left join country k on k.code = c.country`,
  V6__audit: `create table audit_log (id bigint generated always as identity primary key, table_name text not null, row_id text, op char(1), old jsonb, new jsonb, at timestamptz not null default clock_timestamp(), by name not null default current_user)`,
  V7__audit_trigger: `create function audit() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into audit_log (table_name, row_id, op, old, new) values (tg_table_name, coalesce(new.id, old.id)::text, left(tg_op, 1), to_jsonb(old), to_jsonb(new));
  return null;
end $$; create trigger customer_audit after insert or update or delete on customer for each row execute function audit()`,
  V8__audited_change: `update customer set balance = balance * 1.01 where id % 10 = 0; delete from customer where id % 25 = 0`,
  V9__procedures: `create procedure archive(before bigint) language plpgsql as $$ begin create table if not exists customer_archive (like customer including all); with gone as (delete from customer where id < before returning *) insert into customer_archive select * from gone; end $$`,
  V10__call: `call archive(10)`,
  V11__call_again: `call archive(15)`,
  R__functions: `create or replace function full_name(c customer) returns text language sql immutable as $$ select upper(c.name) $$; create or replace function total() returns numeric stable language sql begin atomic select sum(balance) from customer; end`,
  V12__index_on_function: `create function norm(t text) returns text immutable strict language sql as $$ select lower(trim(t)) $$; create index customer_norm on customer (norm(name)); create unique index customer_one on customer (id, norm(name)) where balance > 0`,
  V13__rows_through_function_index: `insert into customer (name, country) values ('  Padded ', 'DE'), ('ÜMLAUT', 'FR')`,
  V14__types: `create type money_amount as (value numeric(12,2), currency char(3)); create domain email as text check (value ~ '^[^@]+@[^@]+$'); create type mood as enum ('sad', 'ok'); create table mail (id uuid primary key default gen_random_uuid(), address email not null, price money_amount, mood mood default 'ok')`,
  V15__typed_rows: `insert into mail (address, price, mood) select 'm' || g || '@example.org', row((g * 1.1)::numeric, 'EUR'::char(3))::money_amount, 'sad' from generate_series(1, 20) g`,
  V16__type_changes: `alter type money_amount add attribute at date; alter type mood rename value 'sad' to 'blue'; alter domain email add constraint short check (length(value) < 200)`,
  V17__new_label: { up: `alter type mood add value 'great'`, alone: true },
  V18__label_used: `update mail set mood = 'great', price.value = 99 where id in (select id from mail order by address limit 5)`,
  V19__partitioned_orders: `create table orders (id bigint generated by default as identity, placed date not null, customer_id bigint, total numeric, primary key (id, placed)) partition by range (placed); create table orders_\${suffix} partition of orders for values from ('2024-01-01') to ('2025-01-01'); create table orders_rest partition of orders default`,
  V20__orders: `insert into orders (placed, customer_id, total) select date '2023-11-01' + g, g, g from generate_series(1, 120) g`,
  V21__partition_by_block: `do $do$ declare y int; begin for y in 2025..2027 loop execute format('create table orders_%s partition of orders for values from (%L) to (%L)', y, y || '-01-01', (y + 1) || '-01-01'); execute format('comment on table orders_%s is %L', y, 'year ' || y); end loop; end $do$`,
  V22__order_index: `create index orders_customer on orders (customer_id, placed desc) include (total)`,
  V23__move_rows: `update orders set placed = placed + interval '2 years' where id % 4 = 0`,
  R__reports: `create or replace view monthly as select date_trunc('month', placed) as month, sum(total) as total, count(*) filter (where total > 50) as big from orders group by 1; comment on view monthly is 'a report; monthly'`,
  V24__materialized: `create materialized view totals as select customer_id, sum(total) as total from orders group by customer_id; create unique index totals_key on totals (customer_id)`,
  V25__refresh: `refresh materialized view concurrently totals`,
  V26__security: `alter table mail enable row level security; create policy mine on mail for all to \${owner} using (true) with check (address <> 'x@y'); create policy theirs on mail for select to alice, bob using (mood = 'ok'); grant select, insert (address) on mail to alice; grant usage on all sequences in schema \${schema} to bob`,
  V27__rules: `create rule no_archive_delete as on delete to customer_archive do instead nothing; delete from customer_archive`,
  V28__merge_like: `with up as (update country set name = upper(name) where code in ('DE', 'ZZ') returning code) insert into country (code, name) select 'ZZ', 'Nowhere' where not exists (select from up where code = 'ZZ')`,
  V29__set_operations: `create table numbers as select g as n, g * g as square, md5(g::text) as h from generate_series(1, 50) g; alter table numbers add primary key (n)`,
  V30__select_into: `select n, square into squares from numbers where n < 20; create unique index squares_n on squares (n); alter table squares alter n set not null`,
  V31__replica_identity: `alter table squares replica identity using index squares_n; update squares set square = -square where n % 2 = 0`,
  V32__not_null_and_default: `alter table numbers add column label text not null default 'n' || 1, add column at timestamptz default now(), add column r double precision default random()`,
  V33__checks: `alter table numbers add constraint small check (n < 1000) not valid; alter table numbers validate constraint small; alter table numbers drop constraint small`,
  V34__rename_everything: `alter table numbers rename to figures; alter table figures rename column square to sq; alter index numbers_pkey rename to figures_pk; alter function total() rename to total_balance; alter type mood rename to feeling; alter domain email rename to mail_address; alter sequence customer_id_seq rename to customer_seq; alter trigger customer_audit on customer rename to audit_it`,
  V35__after_renames: `insert into customer (name) values ('later'); update mail set mood = 'ok' where mood = 'blue'`,
  V36__schemas: `create schema billing authorization \${owner} create table invoice (id serial primary key, total numeric) create view big as select * from invoice where total > 10 create index invoice_total on invoice (total); set local search_path = billing, public; insert into invoice (total) select g from generate_series(1, 30) g; create function billing.sum_up() returns numeric language sql as 'select sum(total) from billing.invoice'`,
  V37__move: `alter table squares set schema billing; alter function norm(text) set schema billing; alter type money_amount set schema billing`,
  V38__after_move: `insert into customer (name) values ('norm moved'); insert into mail (address, price) values ('a@b', row(1, 'USD', '2024-01-01'))`,
  V39__statistics: `create statistics customer_stats (ndistinct, mcv) on country, balance from customer; alter table customer alter column name set statistics 200, alter column name set storage main`,
  V40__storage: `alter table audit_log set (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90); alter table audit_log alter column old set compression pglz`,
  V41__identity: `alter table audit_log alter column id set generated by default set increment by 10; insert into audit_log (id, table_name) values (-5, 'by hand')`,
  V42__generated: `alter table customer add column tax numeric generated always as (balance * 0.19) stored; alter table customer add column key text generated always as (billing.norm(name)) stored`,
  V43__write_generated: `update customer set name = name || ' GmbH' where country = 'DE'`,
  V44__comment_functions: `comment on function full_name(customer) is 'it''s; quoted'; comment on column customer.tax is 'nineteen %'; comment on constraint fk_country on customer is 'c'; comment on trigger audit_it on customer is 't'`,
  V45__drop_defaults: `alter table customer alter column balance drop default; alter table audit_log alter column op type varchar(1), alter column by type text`,
  V46__after_type: `insert into customer (name, country, balance) values ('typed', 'CI', 5)`,
  V47__text_search: `create text search configuration simple_de (copy = simple); alter text search configuration simple_de alter mapping for word with simple; alter table mail add column doc tsvector; update mail set doc = to_tsvector('simple_de', address)`,
  V48__aggregates: `create function mul(a numeric, b numeric) returns numeric immutable language sql as 'select a * b'; create aggregate product (numeric) (sfunc = mul, stype = numeric, initcond = 1); create operator |*| (leftarg = numeric, rightarg = numeric, function = mul); create view products as select product(sq) as p, 2::numeric |*| 3 as six from figures where n < 4`,
  V49__cast: `create function text_of(feeling) returns text language sql immutable as $$ select case $1 when 'ok' then 'fine' else 'else' end $$; create table moods as select mood, count(*) as n from mail group by mood`,
  V50__defer: `alter table orders add constraint positive check (total >= 0); create table tree (id int primary key, parent int references tree deferrable initially deferred); insert into tree values (2, 1), (1, null), (3, 2)`,
  V51__cycle: `set constraints all deferred; update tree set parent = 3 where id = 1; update tree set parent = null where id = 1`,
  V52__exclusion: `create extension if not exists btree_gist; create table room (no int, during tsrange, exclude using gist (no with =, during with &&)); insert into room values (1, '[2024-01-01, 2024-01-02)'), (2, '[2024-01-01, 2024-01-02)'); update room set no = 3 where no = 2`,
  R__customer_view_2: `create or replace view v_customer as select c.id, c.name, k.name as country, c.tax from customer c left join country k on k.code = c.country`,
  V53__temp_work: `create temporary table work on commit drop as select id, row_number() over (order by name) as rn from customer; alter table customer add column rank bigint; update customer c set rank = w.rn from work w where w.id = c.id`,
  V54__savepoints: `savepoint a; create table tried (i int); rollback to a; create table tried (t text primary key); insert into tried values ('kept'); savepoint b; insert into tried values ('gone'); rollback to savepoint b; release a`,
  V55__exceptions: `do $$ begin begin create table half (i int); raise division_by_zero; exception when division_by_zero then create table whole (i int primary key); end; insert into whole values (1); end $$`,
  V56__undo_audit: `drop trigger if exists customer_audit on customer; drop trigger if exists audit_it on customer; drop function if exists audit() cascade`,
  V57__drop_some: `drop view products; drop aggregate product (numeric); drop operator |*| (numeric, numeric); drop function mul(numeric, numeric); drop table if exists tried, whole, nowhere`,
  V58__detach: `alter table orders detach partition orders_2026; insert into orders_2026 (id, placed) values (-1, '2026-01-01'); alter table orders attach partition orders_2026 for values from ('2026-01-01') to ('2027-01-01'); drop table orders_2027`,
  V59__truncate: `truncate billing.invoice restart identity; insert into billing.invoice (total) values (77)`,
  V60__cleanup: `drop schema billing cascade; drop procedure archive(bigint); drop table tree, room`,
};

export const FLYWAY: ToolHistory = {
  name: 'Flyway',
  tool: flyway,
  migrations,
  writes: (n) => [
    `insert into customer (name, country, balance) values ('w${n}', 'DE', ${n})`,
    `update customer set balance = balance + 1 where id % 9 = ${n % 9}`,
    `insert into orders (placed, customer_id, total) values (date '2024-01-01' + ${n}, ${n}, 1)`,
    `delete from figures where n = ${n}`,
    'select 1',
  ],
};
