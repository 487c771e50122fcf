import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMajors } from '../support/majors.ts';
import { ReplayedPair } from './cases/replayed-pair.ts';

const COLUMNS = '(id int, v text)';
const CODE = 'create function %s(n int) returns int language sql immutable as $$ select n $$';
const TRIGGER = `create function fire() returns trigger language plpgsql as $$ begin return new; end $$;
  create trigger fires before insert on parent for each row execute function fire(); alter table parent enable always trigger fires`;
const PARTITION = 'create table part partition of parent for values from (0) to (10)';
const PLAIN = `create table part (id int primary key, v text not null default 'none' unique, at timestamptz default now())`;
const COMPARE = `create function compare(a int, b int) returns int language sql immutable as $$ select a - b $$;
      create operator class own_order for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 compare(int, int)`;
const HEIR = `create table part ${COLUMNS} inherits (parent)`;

const code = (name: string): string => CODE.replace('%s', name);

/** What makes `part` on the target, and the function that writing its rows reaches. */
const CASES: readonly { readonly name: string; readonly sql: string; readonly reached: string | null }[] = [
  { name: 'a table of built-in types, keys and defaults reaches nothing', sql: PLAIN, reached: null },
  {
    name: 'a check is reached',
    sql: `${code('pure')}; create table part (id int check (pure(id) > 0))`,
    reached: 'pure(integer)',
  },
  {
    name: 'an exclusion constraint is reached',
    sql: `${code('pure')}; create table part (id int, exclude using btree (pure(id) with =))`,
    reached: 'pure(integer)',
  },
  {
    name: 'an expression of an index is reached',
    sql: `${code('pure')}; create table part ${COLUMNS}; create index on part (id) where pure(id) > 0`,
    reached: 'pure(integer)',
  },
  {
    name: 'an operator class of an index is reached',
    sql: `${COMPARE}; create table part ${COLUMNS}; create index on part (id own_order)`,
    reached: 'compare(integer,integer)',
  },
  {
    name: 'a generated column is reached, a default is not',
    sql: `${code('pure')}; ${code('other')}; create table part (id int default other(1), twice int generated always as (pure(id)) stored)`,
    reached: 'pure(integer)',
  },
  {
    name: 'a domain within a composite type within an array is reached',
    sql: `${code('pure')}; create domain checked as int check (pure(value) > 0); create type pair as (a checked); create table part (pairs pair[])`,
    reached: 'pure(integer)',
  },
  {
    name: 'a trigger that fires for replicated rows is reached, others are not',
    sql: `create table parent ${COLUMNS}; create table part ${COLUMNS}; ${TRIGGER.replaceAll('parent', 'part')};
      create function quiet() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger quiet before insert on part for each row execute function quiet()`,
    reached: 'fire()',
  },
  {
    name: 'an index, a check and a trigger of the table that a plain heir inherits from are not reached',
    sql: `${code('pure')}; create table parent ${COLUMNS}; create index on parent (pure(id));
      alter table parent add constraint positive check (pure(id) > 0) no inherit; ${TRIGGER}; ${HEIR}`,
    reached: null,
  },
  {
    name: 'a check that a plain heir inherits is reached',
    sql: `${code('pure')}; create table parent ${COLUMNS}; alter table parent add check (pure(id) > 0); ${HEIR}`,
    reached: 'pure(integer)',
  },
  {
    name: 'a partition key is reached by the partitions',
    sql: `${code('pure')}; create table parent ${COLUMNS} partition by range (pure(id)); ${PARTITION}`,
    reached: 'pure(integer)',
  },
  {
    name: 'a partition key is reached by the partitions of partitions',
    sql: `${code('pure')}; create table parent ${COLUMNS} partition by range (pure(id));
      create table middle partition of parent for values from (0) to (100) partition by range (id);
      create table part partition of middle for values from (0) to (10)`,
    reached: 'pure(integer)',
  },
  {
    name: 'an operator class of a partition key is reached by the partitions',
    sql: `${COMPARE};
      create table parent ${COLUMNS} partition by range (id own_order); ${PARTITION}`,
    reached: 'compare(integer,integer)',
  },
  {
    name: 'an index of the partitioned table is reached by its partitions',
    sql: `${code('pure')}; create table parent ${COLUMNS} partition by range (id); create index on parent (pure(id)); ${PARTITION}`,
    reached: 'pure(integer)',
  },
  {
    name: 'a trigger of the partitioned table that fires for replicated rows is reached by its partitions',
    sql: `create table parent ${COLUMNS} partition by range (id); ${PARTITION}; ${TRIGGER}`,
    reached: 'fire()',
  },
];

describe.each(testMajors())('code that writing a row reaches, on PostgreSQL %i', (major) => {
  let pair: ReplayedPair;

  beforeAll(async () => {
    pair = await ReplayedPair.create(major);
  });
  afterAll(() => pair.dispose());

  test.each(CASES)('$name', async ({ sql, reached }) => {
    const { target } = pair.databases;
    const client = await target.client();
    try {
      await client.query(`create schema reach; set search_path = reach; ${sql}`);
      const { rows } = await client.query<{ name: string | null }>(
        "select walcast.row_code('part')->>'function' as name",
      );
      expect(rows[0]?.name?.replace('reach.', '') ?? null).toBe(reached);
    } finally {
      await client.query('drop schema reach cascade');
      await client.end();
    }
  });
});
