import type { CaseGroup } from './case-group.ts';

/** Rows that WAL does not carry, or carries with values that a second computation would not give. */
export const REWRITE_GROUPS: readonly CaseGroup[] = [
  {
    name: 'volatile defaults and changed types',
    steps: [
      'create table rewritten (id int primary key); insert into rewritten select generate_series(1, 3)',
      'alter table rewritten add column u uuid default gen_random_uuid()',
      'alter table rewritten add column s serial',
      'alter table rewritten add column i int generated always as identity',
      'alter table rewritten add column c int default 9',
      'alter table rewritten add column ts timestamptz default now()',
      'alter table rewritten alter column id type bigint using id * 10',
      'update rewritten set c = 1 where id = 10',
      'alter table rewritten alter column c type text',
      "alter table rewritten alter ts type timestamp using ts at time zone 'UTC'",
    ],
  },
  {
    name: 'an unlogged table becomes logged',
    steps: [
      'create unlogged table soon_logged (id int primary key); insert into soon_logged select generate_series(1, 3)',
      'alter table soon_logged set logged',
    ],
  },
  {
    name: 'defaults frozen at the moment of the ALTER TABLE',
    steps: [
      'create table frozen (id int primary key); insert into frozen select generate_series(1, 5)',
      'alter table frozen add column at timestamptz not null default now()',
      "alter table frozen add column who text default 'x' || current_user, add column today date default 'today'",
      'alter table frozen add column at2 timestamptz default clock_timestamp()',
      'alter table frozen add column sid bigserial',
      'alter table frozen add column gi int generated always as identity',
      'alter table frozen alter column id type text using md5(id::text || random())',
      'delete from frozen where sid = 2',
      'do $$ begin execute $q$alter table frozen add if not exists at3 timestamptz default now(), add if not exists at date default now()$q$; end $$',
    ],
  },
  {
    name: 'a domain with a default, an odd text, a table without key',
    steps: [
      "create domain stamped as timestamptz default now(); create table keyless (a int, b text); insert into keyless values (1, E'\\\\N \"\\t\\n,{}'), (1, null), (null, '')",
      'alter table keyless add column d stamped',
      "alter table keyless add column j jsonb default jsonb_build_object('k', random())",
      'alter table keyless add column n text[] default array[null, random()::text]',
      'delete from keyless where b is null',
    ],
  },
  {
    name: 'rewritten rows that constraints NOT VALID would refuse',
    steps: [
      'create table unproved (id int primary key, n int, m int); create table unproved_heir () inherits (unproved)',
      'insert into unproved values (1, -1), (2, null); insert into unproved_heir values (3, -3)',
      'alter table unproved add constraint "not; below" check (n > 0) not valid',
      'alter table unproved_heir add constraint own check (id > 100) not valid',
      `comment on constraint "not; below" on unproved is 'not yet'; comment on constraint "not; below" on unproved_heir is 'of the heir'`,
      'alter table unproved add column r double precision default random()',
      'create table unproved_parts (id int, n int) partition by range (id); create table unproved_part partition of unproved_parts for values from (0) to (9)',
      'insert into unproved_parts values (1, -1)',
      'alter table unproved_part add constraint positive check (n > 0) not valid',
      'alter table unproved_parts add constraint positive check (n > 0) not valid',
      'alter table unproved_parts add column r uuid default gen_random_uuid()',
      'delete from unproved where n is null',
      // refused before version 18
      'alter table unproved_parts add constraint filled not null r not valid; alter table unproved add constraint filled not null m not valid',
      'alter table unproved add column s double precision default random()',
    ],
  },
];
