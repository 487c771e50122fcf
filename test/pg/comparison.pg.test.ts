import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDatabases, expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

const COMMON = `
  create schema shop;
  create type shop.mood as enum ('sad', 'ok');
  create table shop.item (id bigint generated always as identity primary key, price numeric, weight float8, mood shop.mood, at timestamptz);
  insert into shop.item (price, weight, mood, at) values (1.10, 0.1, 'ok', '2024-01-02 03:04:05.678901+00'), ('NaN', '-0', null, 'infinity');
  create table shop.log (day date not null, line text) partition by range (day);
  create table shop.log_1 partition of shop.log for values from ('2024-01-01') to ('2024-02-01');
  create table shop.log_2 partition of shop.log for values from ('2024-02-01') to ('2024-03-01');
  insert into shop.log values ('2024-01-05', 'a'), ('2024-02-05', 'b');
  create table shop.animal (name text);
  create table shop.cat (lives int) inherits (shop.animal);
  insert into shop.cat values ('tom', 9);
  create table shop."odd ""name" ();
  insert into shop."odd ""name" default values;
  create materialized view shop.total as select count(*) as n from shop.item;
  create materialized view shop.unfilled as select 1 as one with no data;
  create function shop.f(a int) returns int language sql as $$ select a -- as it is
  $$;
  grant select on shop.item to alice;
  comment on table shop.item is 'things';`;

interface Case {
  readonly what: string;
  /** Run on the target alone. */
  readonly sql: string;
  /** What the report has to say. */
  readonly schema?: RegExp;
  readonly rows?: RegExp;
}

const CASES: readonly Case[] = [
  { what: 'a changed row', sql: `update shop.item set price = 1.1 where id = 1`, rows: /shop\.item: 2 rows \| 2 rows/ },
  { what: 'a missing row', sql: `delete from shop.item where id = 1`, rows: /shop\.item: 2 rows \| 1 rows/ },
  { what: 'a row that is there twice', sql: `insert into shop.cat values ('tom', 9)`, rows: /shop\.cat: 1 rows \| 2/ },
  { what: 'a zero without its sign', sql: `update shop.item set weight = 0 where id = 2`, rows: /\(2,NaN,0,/ },
  { what: 'NaN become null', sql: `update shop.item set price = null where id = 2`, rows: /\(2,,-0,/ },
  {
    what: 'the last digit of a float',
    sql: `update shop.item set weight = 0.10000000000000002 where id = 1`,
    rows: /0\.10000000000000002/,
  },
  { what: 'a microsecond', sql: `update shop.item set at = at - interval '1 us' where id = 1`, rows: /05\.6789\+00/ },
  { what: 'an empty text in the place of null', sql: `insert into shop.animal values ('')`, rows: /shop\.animal/ },
  {
    what: 'rows in another partition',
    sql: `alter table shop.log detach partition shop.log_2; insert into shop.log_2 values ('2024-02-06', 'c');
      alter table shop.log attach partition shop.log_2 for values from ('2024-02-01') to ('2024-03-01')`,
    rows: /shop\.log_2: 1 rows \| 2 rows/,
  },
  {
    what: 'rows of the child moved to the parent',
    sql: `delete from shop.cat; insert into shop.animal values ('tom')`,
    rows: /shop\.animal: 0 rows \| 1 rows/,
  },
  {
    what: 'rows of a table without columns',
    sql: `insert into shop."odd ""name" default values`,
    rows: /odd ""name": 1 rows \| 2/,
  },
  {
    what: 'a view that is filled',
    sql: `refresh materialized view shop.unfilled`,
    rows: /shop\.unfilled: not populated/,
  },
  {
    what: 'a table that is missing',
    sql: `drop table shop.cat`,
    rows: /shop\.cat: 1 rows \| no such table/,
    schema: /TABLE shop\.cat/,
  },
  { what: 'a column default', sql: `alter table shop.animal alter name set default 'x'`, schema: /\+ .*DEFAULT 'x'/ },
  { what: 'a type', sql: `alter table shop.animal alter name type varchar(9)`, schema: /- .*name text/ },
  { what: 'a value of an enum', sql: `alter type shop.mood add value 'glad'`, schema: /\+ .*'glad'/ },
  { what: 'a grant', sql: `grant insert on shop.item to bob`, schema: /\+ GRANT .*INSERT.* TO bob/ },
  { what: 'a comment', sql: `comment on column shop.item.price is 'in euro'`, schema: /in euro/ },
  { what: 'an owner', sql: `alter table shop.item owner to alice`, schema: /\+ ALTER TABLE shop\.item OWNER TO alice/ },
  { what: 'a replica identity', sql: `alter table shop.item replica identity full`, schema: /REPLICA IDENTITY FULL/ },
  { what: 'an index', sql: `create index on shop.item (price)`, schema: /INDEX shop\.item_price_idx/ },
  {
    what: 'a comment inside a function',
    sql: `create or replace function shop.f(a int) returns int language sql as $$ select a -- as it was
  $$`,
    schema: /as it was/,
  },
  { what: 'a sequence option', sql: `alter table shop.item alter id set increment by 2`, schema: /INCREMENT BY 2/ },
  {
    what: 'a cast to text that hides a difference',
    sql: `create function shop.hide(shop.animal) returns text language sql as $$ select 'same' $$;
      create cast (shop.animal as text) with function shop.hide(shop.animal); insert into shop.animal values ('x')`,
    rows: /\+ \(x\)/,
    schema: /CAST/,
  },
];

describe.each(testMajors())('the comparison on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  beforeAll(async () => {
    pair = await testDatabases({ major });
    await pair.source.query(COMMON);
    // Other oids, another order of creation, another place of the rows in the heap: of no matter.
    await pair.target.query(
      `create table zzz (); create schema walcast; create table walcast.state (n int); drop table zzz`,
    );
    await pair.target.query(COMMON);
    await pair.target.query(`update shop.item set price = price where id = 1; create publication p for table shop.item;
      alter table shop.log detach partition shop.log_1;
      alter table shop.log attach partition shop.log_1 for values from ('2024-01-01') to ('2024-02-01')`);
  });
  afterAll(() => pair.dispose());

  it('finds equal databases equal, also by URL, and again', async () => {
    expect(await compareDatabases(pair.source, pair.target)).toEqual({ equal: true, schema: [], rows: [] });
    await expectEqual(pair.source.url(), pair.target.url());
    await expectEqual(pair.source, pair.target);
  });

  it('overlooks the event triggers of walcast, and no others', async () => {
    const create = (name: string, schema: string): string =>
      `create function ${schema}.does() returns event_trigger language plpgsql as 'begin end';
       create event trigger "${name}" on sql_drop execute function ${schema}.does();
       comment on event trigger "${name}" is 'x'`;
    await pair.target.query(create('!walcast_a', 'walcast'));
    await expectEqual(pair.source, pair.target);
    await pair.target.query(create('other', 'public'));
    const { schema } = await compareDatabases(pair.source, pair.target);
    expect(schema.filter((line) => line.startsWith('EVENT TRIGGER'))).toEqual([
      'EVENT TRIGGER other (only on the target)',
    ]);
    await pair.target.query('drop event trigger other; drop function public.does()');
    await expectEqual(pair.source, pair.target);
  });

  it('ignores what it is told to ignore', async () => {
    await pair.target.query(`insert into shop.animal values ('extra'); comment on table shop.cat is 'meow'`);
    const ignore = { rowsOf: ['shop.animal'], objects: [/^COMMENT shop\.TABLE cat$/] };
    await expectEqual(pair.source, pair.target, { ignore });
    await expect(expectEqual(pair.source, pair.target)).rejects.toThrow(/\+ \(extra\)/);
    await pair.target.query(`delete from only shop.animal; comment on table shop.cat is null`);
  });

  it('is not misled by settings of the databases and their sessions', async () => {
    await pair.target.query(
      `do $$ begin execute format('alter database %I set DateStyle = ''SQL, DMY''', current_database());
        execute format('alter database %I set TimeZone = ''Asia/Tokyo''', current_database());
        execute format('alter database %I set extra_float_digits = -5', current_database()); end $$`,
    );
    await expectEqual(pair.source.url(), pair.target.url());
  });

  // The schema is made anew each time: cheaper than a database a case.
  it.each(CASES)('reports $what', async ({ sql, schema, rows }) => {
    const { target } = pair;
    await target.query(`drop publication if exists p; drop schema shop cascade; ${COMMON}`);
    await expectEqual(pair.source, target);
    await target.query(sql);
    const found = await compareDatabases(pair.source, target);
    expect(found.equal).toBe(false);
    if (schema === undefined) expect(found.schema).toEqual([]);
    else expect(found.schema.join('\n')).toMatch(schema);
    if (rows === undefined) expect(found.rows).toEqual([]);
    else expect(found.rows.join('\n')).toMatch(rows);
  });

  it('reads each side in one snapshot, while it is written to', async () => {
    const writer = await pair.source.client();
    await writer.query('create table public.a (n int); create table public.b (n int)');
    await pair.target.query('create table public.a (n int); create table public.b (n int)');
    const stop = new AbortController();
    const writing = (async () => {
      while (!stop.signal.aborted)
        await writer.query('begin; insert into a values (1); insert into b values (1); commit');
    })();
    try {
      for (let round = 0; round < 5; round++) {
        const { rows } = await compareDatabases(pair.source, pair.target);
        const counts = ['public.a', 'public.b'].map(
          (name) => rows.find((line) => line.startsWith(name))?.split(':')[1],
        );
        expect(counts[0]).toBe(counts[1]);
      }
    } finally {
      stop.abort();
      await writing;
    }
  });
});
