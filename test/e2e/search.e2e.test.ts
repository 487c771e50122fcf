import type pg from 'pg';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { prepareSearchSource, SearchPipeline, type SearchPipelineOptions } from '../support/search-pipeline.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOT = 'walcast_search';
const SHARED = `${uniquePrefix()}.all`;

describe('a search target', () => {
  let node: SharedNode;
  let pair: DatabasePair;
  let prefix: string;
  let search: SearchPipeline;
  let client: pg.Client;

  beforeAll(async () => {
    node = await sharedOpenSearch('2');
  });
  afterEach(async () => {
    await search.stop();
    await dropIndexes(node, prefix);
    await pair.dispose();
  });

  /** Statements before and after `init`, all by a plain user. */
  async function start(before: string, more: Partial<SearchPipelineOptions> = {}): Promise<void> {
    prefix = uniquePrefix();
    pair = await testDatabases();
    client = await pair.source.client('app');
    await client.query(before);
    await prepareSearchSource(pair.source, `${SLOT}_${prefix.replaceAll(/\W/g, '_')}`);
    follow(more);
    await search.caughtUp();
  }

  function follow(more: Partial<SearchPipelineOptions> = {}): void {
    const slot = `${SLOT}_${prefix.replaceAll(/\W/g, '_')}`;
    search = new SearchPipeline({ source: pair.source, slot, url: node.url, prefix, ...more });
  }

  async function run(sql: string): Promise<void> {
    await client.query(sql);
    await search.caughtUp();
  }

  it('has what was there, and follows inserts, updates, deletes and changes of keys', async () => {
    await start(`create table t (id int primary key, name text, price numeric, done boolean);
      insert into t select g, 'name ' || g, g + 0.5, g % 2 = 0 from generate_series(1, 2500) g;
      create table pairs (a int, b text, v int, primary key (a, b)); insert into pairs values (1, 'x|y', 1), (1, 'z', 2)`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(2500);
    expect(await search.find('public.t', 'id', 77)).toEqual(['77']);
    await run(`insert into t values (3000, 'new', 1, true); update t set price = price * 2 where id <= 10;
      delete from t where id between 20 and 40; update t set id = id + 10000 where id > 2490;
      update pairs set b = 'w' where b = 'z'`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(2480);
    expect(await search.find('public.pairs', 'b', 'w')).toEqual(['1|w']);
    expect(await search.find('public.pairs', 'b', 'z')).toEqual([]);
  });

  it('finds by column name after each change of the schema, and the values that each leaves', async () => {
    await start(`create table t (id int primary key, name text, n int);
      insert into t select g, 'name ' || g, g from generate_series(1, 300) g`);
    await run(`alter table t add added text; update t set added = 'one' where id = 1`);
    expect(await search.find('public.t', 'added', 'one')).toEqual(['1']);

    await run('alter table t rename name to title');
    expect(await search.find('public.t', 'title', 'name')).toHaveLength(300);
    expect(await search.find('public.t', 'name', 'name')).toEqual([]);

    await run(`alter table t rename to u; insert into u values (301, 'last', 1)`);
    expect(await search.expectTable('public', 'u', ['id'])).toBe(301);

    await run(`create schema moved; alter table u set schema moved; insert into moved.u values (302, 'more', 1)`);
    expect(await search.expectTable('moved', 'u', ['id'])).toBe(302);
    await run('alter schema moved rename to other');
    expect(await search.expectTable('other', 'u', ['id'])).toBe(302);

    await run(`alter table other.u drop added; insert into other.u values (303, 'x', 5)`);
    expect(await search.find('other.u', 'added', 'one')).toEqual([]);
    await run(`alter table other.u add added int; update other.u set added = 7 where id = 2`);
    expect(await search.find('other.u', 'added', 7)).toEqual(['2']);
    expect(await search.expectTable('other', 'u', ['id'])).toBe(303);

    await run(
      `alter table other.u alter n type text using 'n' || n, add flag boolean default true, add at timestamptz`,
    );
    expect(await search.find('other.u', 'n', 'n17')).toEqual(['17']);
    expect(await search.find('other.u', 'flag', true)).toHaveLength(303);
    expect(await search.expectTable('other', 'u', ['id'])).toBe(303);

    await run(
      `do $$ begin alter table other.u rename n to m; alter table other.u add z int; update other.u set z = id; end $$`,
    );
    expect(await search.find('other.u', 'z', 9)).toEqual(['9']);
    expect(await search.expectTable('other', 'u', ['id'])).toBe(303);

    await run(`create function change() returns void language plpgsql as $$ begin
        execute 'alter table other.u drop z, rename m to k'; exception when syntax_error then
        alter table other.u drop z; alter table other.u rename m to k; alter table other.u rename to t; end $$;
      select change(); insert into other.t (id, k) values (999, 'k')`);
    expect(await search.find('other.t', 'k', 'k')).toEqual(['999']);
    expect(await search.expectTable('other', 't', ['id'])).toBe(304);
  });

  it('follows TRUNCATE, DROP and a table of the same name, CREATE TABLE AS, and a change of the key', async () => {
    await start(
      `create table t (id int primary key, v text); insert into t select g, 'old' from generate_series(1, 50) g`,
    );
    await run(`truncate t`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(0);
    await run(`begin; insert into t values (1, 'a'), (2, 'b'); truncate t; insert into t values (2, 'c'); commit`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(1);
    await run(`drop table t; create table t (id int primary key, w int); insert into t values (5, 6)`);
    expect(await search.find('public.t', 'w', 6)).toEqual(['5']);
    expect(await search.expectTable('public', 't', ['id'])).toBe(1);
    await run(
      `create table made as select g as id, 'made' as v from generate_series(1, 20) g; alter table made add primary key (id)`,
    );
    await run(`insert into made values (21, 'made')`);
    expect(await search.expectTable('public', 'made', ['id'])).toBe(21);
    await run(`alter table made drop constraint made_pkey, alter v set not null; update made set v = v || id;
      alter table made add primary key (v)`);
    await run(`update made set v = 'other' where id = 3; delete from made where id = 4`);
    expect(await search.expectTable('public', 'made', ['v'])).toBe(20);
    await run('drop table t, made');
    await expect(search.documents('public.t', ['id'])).rejects.toThrow('index_not_found');
  });

  it('keeps partitions in the index of their table', async () => {
    await start(`create table p (id int, day int, v text, primary key (id, day)) partition by range (day);
      create table p1 partition of p for values from (1) to (2); create table p2 partition of p for values from (2) to (3);
      insert into p select g, 1 + g % 2, 'v' from generate_series(1, 100) g;
      create table alone (id int not null, day int not null, v text, primary key (id, day)); insert into alone values (1000, 3, 'alone')`);
    const key = ['id', 'day'];
    expect(await search.expectTable('public', 'p', key)).toBe(100);
    await run(`update p set day = 2 where id = 2; update p set v = 'w' where id < 5; delete from p where id = 7`);
    expect(await search.expectTable('public', 'p', key)).toBe(99);
    await run(`alter table p attach partition alone for values from (3) to (4); insert into p values (1001, 3, 'x')`);
    expect(await search.expectTable('public', 'p', key)).toBe(101);
    await expect(search.documents('public.alone', ['id'])).rejects.toThrow('index_not_found');
    await run(`create table p4 partition of p for values from (4) to (5); insert into p values (1, 4, 'four')`);
    expect(await search.expectTable('public', 'p', key)).toBe(102);
    await run(`alter table p detach partition p1; insert into p1 values (5000, 1, 'late'); update p1 set v = 'mine'`);
    await search.expectTable('public', 'p', key);
    await search.expectTable('public', 'p1', key);
    await run(`truncate p2; insert into p values (3, 2, 'again')`);
    await search.expectTable('public', 'p', key);
    await run(`drop table alone; alter table p add more int; update p set more = 4`);
    expect(await search.find('public.p', 'more', 4)).toHaveLength(2);
    expect(await search.expectTable('public', 'p', key)).toBe(2);
    await run(`alter table p alter more type text`);
    expect(await search.expectTable('public', 'p', key)).toBe(2);
  });

  it('ends right where an insert waits behind a delete that lies behind it in the WAL', async () => {
    await start('create table t (id int primary key, v text)', { options: { settings: { 'index.gc_deletes': '1s' } } });
    const other = await pair.source.client('app');
    for (let id = 1; id <= 20; id++) {
      await client.query(`begin; insert into t values (${id}, 'first')`);
      const waiting = other.query(`insert into t values (${id}, 'second')`);
      await pair.source.query('select pg_sleep(0.01)');
      await client.query(`delete from t where id = ${id}; commit`);
      await waiting;
    }
    await search.caughtUp();
    expect(await search.expectTable('public', 't', ['id'])).toBe(20);
  });

  it('takes values that the stream leaves out from the document, or from the source', async () => {
    await start(`create table t (id int primary key, small int, large text, other text);
      alter table t alter large set storage external, alter other set storage external;
      insert into t select g, 0, repeat(g || 'x', 3000), repeat('y', 9000) from generate_series(1, 40) g`);
    await run('update t set small = small + 1; update t set small = small + 1 where id < 20');
    expect(await search.expectTable('public', 't', ['id'])).toBe(40);
    await run(`begin; update t set other = repeat('z', 9000) where id = 1; update t set small = 9 where id = 1;
      update t set id = 100 where id = 1; update t set small = 10 where id = 100; delete from t where id = 2;
      update t set id = 2 where id = 3; update t set id = 3 where id = 4; commit`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(39);
    // a document that somebody has taken away is made of the source's row
    await search.request('POST', `/${search.alias('public.t')}/_delete_by_query?refresh=true`, {
      query: { terms: { id: [10, 11] } },
    });
    await run('update t set small = 5 where id in (10, 11)');
    expect(await search.expectTable('public', 't', ['id'])).toBe(39);
    await run(`alter table t replica identity full; update t set small = 77, id = id + 1000`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(39);
  });

  it('loses and revives nothing when a long stretch comes again, beyond what the cluster remembers of deletes', async () => {
    await start(
      `create table t (id int primary key, v text); insert into t select g, 'a' from generate_series(1, 100) g`,
      {
        options: { settings: { 'index.gc_deletes': '1s' } },
      },
    );
    const states = Object.keys(
      (await search.request('GET', `/${prefix}-*-state/_settings?expand_wildcards=all`)) as object,
    );
    const block = (on: boolean): Promise<unknown> =>
      search.request('PUT', `/${states[0] ?? ''}/_settings`, { 'index.blocks.write': on });
    await block(true);
    const seen = async (id: number, v: string | null): Promise<void> => {
      await waitFor(
        async () => (await search.documents('public.t', ['v'])).get(String(id))?.['v'] === (v ?? undefined),
        { what: `document ${id} to be ${v}`, everyMs: 100 },
      );
    };
    await client.query(`insert into t values (200, 'b'); update t set v = 'c' where id < 50`);
    await seen(200, 'b');
    await client.query('delete from t where id = 200; delete from t where id < 20');
    await seen(200, null);
    await client.query(`insert into t values (201, 'd'); update t set id = 300 where id = 30`);
    await seen(300, 'c');
    await pair.source.query('select pg_sleep(1.5)');
    await block(false);
    await search.caughtUp();
    expect(await search.expectTable('public', 't', ['id'])).toBe(82);
  });

  it('follows a table from the moment it has a key, and says which have none', async () => {
    await start('create table t (v int, w text); insert into t select g from generate_series(1, 5) g');
    expect(search.warnings.join()).toContain('"public.t"');
    await run('insert into t values (6); update t set v = 60 where v = 6');
    await run('alter table t add primary key (v); insert into t values (7)');
    expect(await search.expectTable('public', 't', ['v'])).toBe(7);
  });

  it('leaves out what it is told to, and shares a name where it is told to', async () => {
    await start(
      `create table a (id int primary key, v text); create table b (id int primary key, w text);
       create table left_out (id int primary key); insert into left_out values (1); insert into a values (1, 'x')`,
      {
        options: {
          index: SHARED,
          tables: { 'public.left_out': { skip: true, settings: {}, fields: {} } },
        },
      },
    );
    await run(
      `insert into b values (1, 'y'); insert into left_out values (2); alter table a rename to a2; insert into a2 values (2, 'z')`,
    );
    const found = (await search.request('POST', `/${SHARED}/_search`, {
      query: { match_all: {} },
      fields: ['_table'],
      sort: ['_table', '_id'],
    })) as {
      hits: { hits: { _id: string; fields: { _table: string[] } }[] };
    };
    expect(found.hits.hits.map(({ _id, fields }) => [fields._table[0], _id])).toEqual([
      ['public.a2', '1'],
      ['public.a2', '2'],
      ['public.b', '1'],
    ]);
  });

  it('keeps real names where asked to, making the index anew for a rename', async () => {
    await start(`create table t (id int primary key, "The Name" text); insert into t values (1, 'x')`, {
      options: { fields: 'names' },
    });
    await run(`alter table t rename "The Name" to other; insert into t values (2, 'y')`);
    const found = (await search.request('POST', `/${search.alias('public.t')}/_search`, { sort: ['id'] })) as {
      hits: { hits: { _source: unknown }[] };
    };
    expect(found.hits.hits.map(({ _source }) => _source)).toEqual([
      { id: 1, other: 'x' },
      { id: 2, other: 'y' },
    ]);
    await run(`alter table t drop other; alter table t add other text; insert into t values (3, 'z')`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(3);
  });

  it('follows changes of types: labels, attributes, and drops that take columns along', async () => {
    await start(`create type mood as enum ('sad', 'ok'); create table t (id int primary key, m mood, v text);
      insert into t values (1, 'sad'), (2, 'ok')`);
    await run(`alter type mood add value 'happy'`);
    await run(`insert into t values (3, 'happy')`);
    expect(await search.find('public.t', 'm', 'happy')).toEqual(['3']);
    await run(`alter type mood rename value 'sad' to 'blue'`);
    expect(await search.find('public.t', 'm', 'blue')).toEqual(['1']);
    expect(await search.expectTable('public', 't', ['id'])).toBe(3);
    await run(`drop type mood cascade; insert into t values (4, 'rest')`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(4);
  });
});
