/** What the shop begins with: sent as one script, and replicated like everything after it. */
export const SHOP_SCHEMA = `
create table regions (
  id smallint primary key,
  name text not null unique
);
create table customers (
  id bigint generated always as identity primary key,
  region_id smallint not null references regions (id),
  email text not null unique,
  name text not null,
  notes text,
  created_at timestamptz not null default now()
);
create table products (
  id integer generated always as identity primary key,
  sku text not null unique,
  name text not null,
  price numeric(10,2) not null,
  stock integer not null,
  description text not null default ''
);
create table orders (
  id bigint generated always as identity primary key,
  customer_id bigint not null references customers (id),
  status text not null default 'open',
  placed_at timestamptz not null default now(),
  legacy_ref text
);
create table order_items (
  order_id bigint not null references orders (id) on delete cascade,
  line smallint not null,
  product_id integer not null references products (id),
  quantity integer not null,
  price numeric(10,2) not null,
  primary key (order_id, line)
);
-- no key at all: its rows are told apart by their whole content
create table audit (
  at timestamptz not null default clock_timestamp(),
  action text not null,
  detail jsonb
);
create table heartbeat (
  id bigint primary key,
  written_at timestamptz not null default clock_timestamp()
);
`;

export const CUSTOMERS = 200;
export const PRODUCTS = 100;

export const SHOP_ROWS = `
insert into regions values (1, 'North'), (2, 'South'), (3, 'East'), (4, 'West'), (5, 'Überall');
insert into customers (region_id, email, name)
  select 1 + i % 5, 'customer' || i || '@example.org', 'Customer № ' || i from generate_series(1, ${CUSTOMERS}) i;
insert into products (sku, name, price, stock, description)
  select 'SKU-' || i, 'Product ' || i, round((i * 7919 % 10000) / 100.0, 2), 100000, repeat('words about it ', 10)
  from generate_series(1, ${PRODUCTS}) i;
`;
