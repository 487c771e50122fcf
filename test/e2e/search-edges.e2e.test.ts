import type pg from 'pg';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sharedOpenSearch } from '../support/broker.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { prepareSearchSource, SearchPipeline, type SearchPipelineOptions } from '../support/search-pipeline.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

describe('a search target at its edges', () => {
  let node: SharedNode;
  let pair: DatabasePair;
  let prefix: string;
  let slot: string;
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

  async function prepare(before: string): Promise<void> {
    prefix = uniquePrefix();
    slot = `edges_${prefix.replaceAll(/\W/g, '_')}`;
    pair = await testDatabases();
    client = await pair.source.client('app');
    await client.query(before);
    await prepareSearchSource(pair.source, slot);
  }

  function follow(more: Partial<SearchPipelineOptions> = {}): void {
    search = new SearchPipeline({ source: pair.source, slot, url: node.url, prefix, ...more });
  }

  async function run(sql: string): Promise<void> {
    await client.query(sql);
    await search.caughtUp();
  }

  it('copies ranges of a table while it is written to', async () => {
    await prepare(`create table t (id int primary key, v text);
      insert into t select g, repeat('v', 100) || g from generate_series(1, 6000) g`);
    follow({ rangeBytes: 32 * 1024 });
    for (let i = 0; i < 60; i++) {
      await client.query(`update t set v = 'u${i}' where id % 60 = ${i}; update t set id = id + 10000 where id = ${i * 100 + 1};
        delete from t where id = ${i * 90 + 2}; insert into t values (${7000 + i}, 'i')`);
    }
    await search.caughtUp();
    expect(await search.expectTable('public', 't', ['id'])).toBeGreaterThan(5900);
  });

  it('copies anew what nobody announced', async () => {
    await prepare('create table t (id int primary key, v text); insert into t values (1, $$a$$)');
    follow();
    await search.caughtUp();
    await run(`explain analyze create table untold as select g as id from generate_series(1, 9) g;
      alter table untold add primary key (id); insert into untold values (10)`);
    expect(await search.expectTable('public', 'untold', ['id'])).toBe(10);
    await pair.source.query(`begin; set local session_replication_role = replica; alter table t disable trigger user;
      alter event trigger "!walcast_2_end" disable; alter table t add silent int; alter event trigger "!walcast_2_end" enable always; commit`);
    await run('update t set silent = 5');
    expect(await search.find('public.t', 'silent', 5)).toEqual(['1']);
    await client.query(
      'begin isolation level repeatable read; alter table t add iso text; create table iso_made (id int primary key)',
    );
    await run(`insert into iso_made values (1); update t set iso = 'x'; commit`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(1);
    expect(await search.expectTable('public', 'iso_made', ['id'])).toBe(1);
  });

  it('routes documents by a column, and moves them when it changes', async () => {
    await prepare(
      `create table t (id int, tenant text not null, v text, primary key (id, tenant)); insert into t values (1, 'a', 'x'), (2, 'b', 'y')`,
    );
    follow({
      options: {
        settings: { 'index.number_of_shards': 3 },
        tables: { 'public.t': { skip: false, routing: 'tenant', settings: {}, fields: {} } },
      },
    });
    await search.caughtUp();
    await run(
      `update t set v = 'z' where id = 1; update t set tenant = 'c' where id = 2; insert into t values (3, 'a', 'w')`,
    );
    expect(await search.expectTable('public', 't', ['id', 'tenant'])).toBe(3);
    await run(`delete from t where tenant = 'a'`);
    expect(await search.expectTable('public', 't', ['id', 'tenant'])).toBe(1);
  });

  it('finds names that an index cannot have, and says when two tables would have one', async () => {
    await prepare(`create schema "Mixed.Case"; create table "Mixed.Case"."Order ""Items""" ("Id" int primary key, "Größe.x" text);
      insert into "Mixed.Case"."Order ""Items""" values (1, 'l')`);
    follow();
    await search.caughtUp();
    const found = (await search.request(
      'POST',
      `/${search.alias('=4dixed=2e=43ase.=4frder=20=22=49tems=22')}/_search`,
      {
        query: { match_all: {} },
      },
    )) as { hits: { hits: { _id: string }[] } };
    expect(found.hits.hits.map(({ _id }) => _id)).toEqual(['1']);
    await search.request('PUT', `/${search.alias('public.taken')}`);
    await client.query('create table taken (id int primary key)');
    await expect(search.caughtUp()).rejects.toMatchObject({ code: 'E_SEARCH_NAME' });
  });

  it('begins with empty indexes where no copy is wanted', async () => {
    await prepare('create table t (id int primary key, v text)');
    follow({ options: { snapshot: 'never' } });
    await search.caughtUp();
    await run(`insert into t values (1, 'a')`);
    expect(await search.expectTable('public', 't', ['id'])).toBe(1);
  });
});
