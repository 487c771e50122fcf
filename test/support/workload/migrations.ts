export interface Migration {
  readonly name: string;
  /** One transaction: a single text is sent as one simple query, several are sent one by one between BEGIN and COMMIT. */
  readonly sql: string | readonly string[];
  /** Of statements that no transaction may hold. They leave nothing in the schema's fingerprint. */
  readonly alone?: boolean;
}

/** What teams do to a live schema. Every round makes and removes things of its own; the workload's tables keep their own columns. */
export function migrations(round: number): readonly Migration[] {
  const r = `r${round}`;
  return [
    {
      name: 'new tables with a foreign key',
      sql: `create table customers_${r} (id bigint generated always as identity primary key, name text not null, email text unique);
        create table orders_${r} (id serial primary key, customer bigint not null references customers_${r} (id), total numeric(12,2) default 0);
        insert into customers_${r} (name, email) select 'c' || g, g || '@example.org' from generate_series(1, 50) g;
        insert into orders_${r} (customer, total) select 1 + g % 50, g * 1.25 from generate_series(1, 200) g`,
    },
    { name: 'add a column to a busy table', sql: `alter table accounts add column note_${r} text` },
    { name: 'add a column with a default', sql: `alter table accounts add column level_${r} int not null default 3` },
    { name: 'fill the column', sql: `update accounts set note_${r} = 'n' || aid where aid % 10 = 0` },
    { name: 'rename the column', sql: `alter table accounts rename column note_${r} to remark_${r}` },
    { name: 'index a busy table', sql: `create index history_aid_${r} on history (aid)` },
    {
      name: 'index concurrently',
      sql: `create index accounts_bid_${r}_concurrently on accounts (bid)`.replace(
        'create index',
        'create index concurrently',
      ),
      alone: true,
    },
    { name: 'partial and expression index', sql: `create index on customers_${r} (lower(email)) where id > 10` },
    {
      name: 'widen a key column with a rewrite',
      sql: `alter table orders_${r} alter column id type bigint, alter column total type numeric(14,4)`,
    },
    {
      name: 'rewrite a busy table',
      sql: `alter table history alter column filler type ${round % 2 === 0 ? 'text' : 'char(22)'}`,
    },
    {
      name: 'an enum type, used at once',
      sql: `create type state_${r} as enum ('new', 'paid'); alter table orders_${r} add column state state_${r} not null default 'new'`,
    },
    { name: 'another enum value', sql: `alter type state_${r} add value 'shipped' before 'paid'` },
    { name: 'use the new value', sql: `update orders_${r} set state = 'shipped' where id % 3 = 0` },
    {
      name: 'a check constraint',
      sql: `alter table orders_${r} add constraint positive_${r} check (total >= 0) not valid; alter table orders_${r} validate constraint positive_${r}`,
    },
    {
      name: 'a view and a materialized view',
      sql: `create view totals_${r} as select customer, sum(total) as total from orders_${r} group by customer;
        create materialized view frozen_${r} as select * from totals_${r}`,
    },
    {
      name: 'a function and a trigger',
      sql: `create function touch_${r}() returns trigger language plpgsql as $$ begin new.name := upper(new.name); return new; end $$;
        create trigger touch_${r} before insert or update on customers_${r} for each row execute function touch_${r}();
        insert into customers_${r} (name, email) values ('by trigger', 'trigger@example.org')`,
    },
    {
      name: 'a partitioned table',
      sql: `create table events_${r} (id bigint, day date not null, payload jsonb, primary key (id, day)) partition by range (day);
        create table events_${r}_a partition of events_${r} for values from ('2026-01-01') to ('2026-02-01');
        create table events_${r}_b partition of events_${r} for values from ('2026-02-01') to ('2026-03-01');
        insert into events_${r} select g, date '2026-01-01' + g % 59, jsonb_build_object('g', g) from generate_series(1, 300) g`,
    },
    { name: 'detach a partition', sql: `alter table events_${r} detach partition events_${r}_a` },
    {
      name: 'attach it again',
      sql: `alter table events_${r} attach partition events_${r}_a for values from ('2026-01-01') to ('2026-02-01')`,
    },
    {
      name: 'create table as',
      sql: `create table report_${r} as select bid, count(*) as amount, sum(delta) as delta from history group by bid`,
    },
    { name: 'select into', sql: `select id, total into copied_${r} from orders_${r} where id < 100` },
    {
      name: 'a DO block',
      sql: `do $$ begin for i in 1..3 loop execute format('create table do_%s_${r} (id int primary key, v int default %s)', i, i); end loop;
        insert into do_1_${r} (id) values (1), (2); end $$`,
    },
    {
      name: 'a transaction of several queries with a savepoint',
      sql: [
        `alter table do_1_${r} add column kept text default 'k'`,
        'savepoint s',
        `create table never_${r} (id int)`,
        `insert into never_${r} values (1)`,
        'rollback to s',
        `insert into do_1_${r} (id) values (3)`,
        `alter table do_1_${r} drop column v`,
        `insert into do_1_${r} values (4, 'last')`,
      ],
    },
    {
      name: 'split a column',
      sql: `alter table customers_${r} add column user_part text generated always as (split_part(email, '@', 1)) stored`,
    },
    { name: 'drop a column', sql: `alter table accounts drop column level_${r}` },
    {
      name: 'a volatile default',
      sql: `alter table orders_${r} add column token uuid not null default gen_random_uuid()`,
    },
    {
      name: 'comments and settings',
      sql: `comment on table orders_${r} is 'ours; not yours'; alter table orders_${r} set (fillfactor = 80)`,
    },
    {
      name: 'a schema of its own, a table moved there',
      sql: `create schema archive_${r}; alter table copied_${r} set schema archive_${r}; alter table archive_${r}.copied_${r} rename to orders`,
    },
    {
      name: 'a sequence and a default from it',
      sql: `create sequence numbers_${r} start 100; alter table do_2_${r} alter column v set default nextval('numbers_${r}'); insert into do_2_${r} (id) values (1), (2)`,
    },
    {
      name: 'another primary key',
      sql: `alter table do_2_${r} drop constraint do_2_${r}_pkey; update do_2_${r} set v = v + 1; alter table do_2_${r} add primary key (id, v)`,
    },
    {
      name: 'truncate and refill',
      sql: `truncate report_${r}; insert into report_${r} select bid, 1, 1 from branches`,
    },
    {
      name: 'drop a view and a trigger',
      sql: `drop materialized view frozen_${r}; drop view totals_${r}; drop trigger touch_${r} on customers_${r}; drop function touch_${r}()`,
    },
    {
      name: 'drop tables',
      sql: `drop table do_3_${r}; drop table events_${r} cascade; drop index history_aid_${r}; alter table accounts drop column remark_${r}`,
    },
  ];
}
