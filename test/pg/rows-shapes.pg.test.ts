import { describe, expect, it } from 'vitest';
import { testMajors } from '../support/majors.ts';
import { sharedPair } from '../support/shared-pair.ts';

describe.each(testMajors())('shapes of tables on PostgreSQL %i', (major) => {
  const current = sharedPair(major);
  const replicate = (...statements: readonly string[]): Promise<void> => current().replicate(...statements);

  it('keeps unchanged TOAST values, of one and of several columns, beside changes of other columns and of the key', async () => {
    const big = (seed: string): string => `(select string_agg(md5('${seed}' || g), '') from generate_series(1, 400) g)`;
    await replicate(
      'create table toasted (id int primary key, a text, n int, b text, c text)',
      `insert into toasted select g, ${big('a')}, g, ${big('b')}, 'c' || g from generate_series(1, 6) g`,
      'update toasted set n = n + 1',
      `update toasted set a = ${big('new')} where id = 2`,
      'update toasted set id = id + 100 where id <= 3',
      'update toasted set b = null where id = 4',
      'update toasted set n = n where id = 5',
      `update toasted set c = ${big('c')}, a = 'short' where id = 6`,
      'create table toasted_whole (a text, n int, b text)',
      'insert into toasted_whole select a, n, b from toasted',
      'insert into toasted_whole select a, n, b from toasted',
      'update toasted_whole set n = n + 1',
      `update toasted_whole set a = a || 'x' where ctid in (select max(ctid) from toasted_whole group by n)`,
      'delete from toasted_whole where ctid in (select min(ctid) from toasted_whole group by n)',
      'create table toasted_key (k text primary key, v int, w text)',
      'alter table toasted_key alter k set storage external, alter w set storage external',
      `insert into toasted_key select repeat('k' || g, 900), g, repeat('w', 5000) from generate_series(1, 5) g`,
      'update toasted_key set v = v + 1',
      `update toasted_key set k = repeat('other', 500) where v = 3`,
      'delete from toasted_key where v > 4',
    );
  });

  it('finds rows whose old values break a check of their domain that was added NOT VALID', async () => {
    await replicate(
      'create domain small as int; create domain smaller as small; create domain words as text[]',
      'create table small_things (a small, b smaller, c words)',
      'create table small_keys (a smaller primary key, note text)',
      `insert into small_things values (55, 56, '{x,y}'), (57, 58, null), (3, null, '{}')`,
      `insert into small_keys select 50 + g, 'n' || g from generate_series(1, 5) g`,
      'alter domain small add constraint below check (value < 11) not valid',
      'alter domain words add constraint few check (cardinality(value) < 2) not valid',
      `update small_things set a = 10, b = 10, c = '{z}' where a = 55`,
      'delete from small_things where b = 58',
      `update small_keys set a = 5 where a = 55`,
      'delete from small_keys where a in (51, 52)',
    );
  });

  it('shifts and swaps keys in one statement under deferrable constraints', async () => {
    await replicate(
      'create table shifted (id int primary key deferrable, v text)',
      `insert into shifted select g, 'v' || g from generate_series(1, 50) g`,
      'update shifted set id = id + 1',
      'update shifted set id = 52 - id',
      'create table swapped (id int primary key, place int not null unique deferrable initially deferred, n int unique)',
      'insert into swapped select g, g, g from generate_series(1, 20) g',
      'update swapped set place = 21 - place',
      'update swapped set id = id - 1, n = n - 1',
      'begin; update swapped set place = 2 where id = 0; update swapped set place = 20 where place = 2 and id <> 0; commit',
    );
  });

  it('swaps keys by a third value in one transaction', async () => {
    await replicate(
      'create table three (id int primary key, v text)',
      `insert into three values (1, 'one'), (2, 'two')`,
      'begin; update three set id = -1 where id = 1; update three set id = 1 where id = 2; update three set id = 2 where id = -1; commit',
      `begin; delete from three where id = 1; insert into three values (1, 'again'); update three set v = v || '!'; commit`,
    );
  });

  it('changes exactly one of several equal rows under REPLICA IDENTITY FULL', async () => {
    await replicate(
      'create table doubles (n numeric, j json, f float8, t text)',
      `insert into doubles select 1.0, '{"a":1}', '-0', null from generate_series(1, 3)`,
      `insert into doubles select 1.00, '{"a": 1}', '0', null from generate_series(1, 3)`,
      `delete from doubles where ctid = (select max(ctid) from doubles where n::text = '1.0')`,
      `update doubles set t = 'x' where ctid = (select min(ctid) from doubles where n::text = '1.00')`,
      `update doubles set n = 1.000 where n::text = '1.0'`,
      `delete from doubles where f::text = '0' and t is null`,
      'create table doubles_with_key (id int primary key, j json)',
      'alter table doubles_with_key replica identity full',
      `insert into doubles_with_key select g, '{}' from generate_series(1, 5) g`,
      `update doubles_with_key set j = '[]' where id > 3`,
      'update doubles_with_key set id = id + 10 where id < 3',
      'delete from doubles_with_key where id = 3',
    );
  });

  it('finds rows by the index named as identity', async () => {
    await replicate(
      'create table indexed (id int primary key, a text not null, b int not null, v text)',
      'create unique index indexed_ab on indexed (b, a) include (v)',
      'alter table indexed replica identity using index indexed_ab',
      `insert into indexed select g, 'a' || g, g % 3, 'v' from generate_series(1, 9) g`,
      `update indexed set v = 'w' where b = 1`,
      `update indexed set a = 'z' || a, id = id + 100 where b = 2`,
      'delete from indexed where b = 0',
    );
  });

  it('lets the target compute generated columns and keeps identity values', async () => {
    const virtual = major >= 18 ? ', virtual int generated always as (a - 1) virtual' : '';
    await replicate(
      `create table computed (id bigint generated always as identity primary key, a int, twice int generated always as (a * 2) stored${virtual},
        other int generated by default as identity (start 100))`,
      'insert into computed (a) select g from generate_series(1, 5) g',
      'insert into computed (id, a, other) overriding system value values (77, 7, 8)',
      'update computed set a = a + 1 where id > 2',
      'update computed set other = default where id = 1',
      'delete from computed where id = 2',
      'create table whole (serial_no int generated always as identity, a int, b int generated always as (a) stored)',
      'insert into whole (a) select 1 from generate_series(1, 3)',
      'update whole set a = 2 where serial_no = 2',
      'delete from whole where serial_no = 1',
      'create table beside (k text primary key, serial_no int generated always as identity, v int)',
      `insert into beside (k, v) values ('a', 1), ('b', 2)`,
      `update beside set v = v + 1, k = k || 'x' where k = 'a'`,
      'update beside set v = v + 1',
    );
  });

  it('writes an identity value that the source drew anew', async () => {
    await replicate(
      'create table redrawn (id int generated always as identity primary key, v text)',
      `insert into redrawn (v) values ('a'), ('b'), (repeat('c', 9000))`,
      `update redrawn set id = default where v <> 'b'`,
      'create table redrawn_beside (k text primary key, n int generated always as identity, v text)',
      `insert into redrawn_beside (k, v) values ('a', 'x'), ('b', 'y'), ('c', 'z')`,
      `update redrawn_beside set n = default, v = v || '!' where k = 'a'`,
      `update redrawn_beside set n = default, k = 'bb' where k = 'b'`,
      'create table redrawn_whole (n int generated always as identity, v text)',
      `insert into redrawn_whole (v) values ('a'), ('a')`,
      `update redrawn_whole set n = default where n = 1`,
    );
  });

  it('follows rows from one partition to another', async () => {
    await replicate(
      'create table parted (id int, region text, v int, primary key (region, id)) partition by list (region)',
      `create table parted_a partition of parted for values in ('a')`,
      `create table parted_b partition of parted for values in ('b', 'c') partition by range (id)`,
      'create table parted_b1 partition of parted_b for values from (0) to (100)',
      'create table parted_rest partition of parted default',
      `insert into parted select g, chr(97 + g % 4), g from generate_series(1, 40) g`,
      `update parted set region = 'a' where region = 'b'`,
      `update parted set v = v + 1`,
      `delete from parted where id % 5 = 0`,
      'truncate parted_b',
      `insert into parted values (1, 'c', 1)`,
      'truncate parted restart identity',
      `insert into parted values (1, 'd', 1)`,
    );
  });

  it('tells a parent from its heirs', async () => {
    await replicate(
      'create table parent (id int primary key, v text)',
      'create table heir (extra int, primary key (id)) inherits (parent)',
      'create table grandchild (primary key (id)) inherits (heir)',
      `insert into parent select g, 'p' from generate_series(1, 3) g`,
      `insert into heir select g, 'h', g from generate_series(1, 3) g`,
      `insert into grandchild select g, 'g', g from generate_series(1, 3) g`,
      `update parent set v = v || '!' where id = 1`,
      `update only parent set v = 'only' where id = 2`,
      'delete from parent where id = 3',
      'truncate only parent',
      `insert into parent values (9, 'new')`,
      'truncate heir',
    );
  });

  it('carries rows without columns and rows of 1,600 columns', async () => {
    const columns = Array.from({ length: 1600 }, (_, i) => `c${i} int`).join(', ');
    await replicate(
      'create table nothing ()',
      'insert into nothing default values',
      'insert into nothing select from generate_series(1, 4)',
      'delete from nothing where ctid = (select max(ctid) from nothing)',
      `create table wide (${columns})`,
      'insert into wide (c0, c1599) values (1, 2), (3, 4)',
      'alter table wide add primary key (c0)',
      'update wide set c1599 = 5, c7 = 7 where c0 = 1',
      'update wide set c0 = 9 where c0 = 3',
    );
  });

  it('updates and deletes a row of 1,500 columns by its whole image', async () => {
    const columns = Array.from({ length: 1500 }, (_, i) => `c${i} int`).join(', ');
    await replicate(
      `create table wide_image (${columns})`,
      'insert into wide_image (c0, c1499) values (1, 2), (3, 4)',
      'update wide_image set c1499 = 5, c7 = 7 where c0 = 1',
      'delete from wide_image where c0 = 3',
    );
  });

  it('copes with every kind of name', async () => {
    const long = 'n'.repeat(63);
    const names = [
      'with.dot',
      'with"quote',
      "with'single",
      'Größe 漢字 😀',
      'UPPER',
      'select',
      '$1',
      'back\\slash',
      ' space ',
      long,
    ];
    for (const name of names) {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      await current().source.query(
        `create schema ${quoted}; create table ${quoted}.${quoted} (${quoted} int primary key, "v""%" text)`,
      );
      await current().source.query(`insert into ${quoted}.${quoted} values (1, 'a'), (2, 'b'), (3, 'c')`);
      await current().source.query(`update ${quoted}.${quoted} set "v""%" = 'x', ${quoted} = 4 where ${quoted} = 1`);
      await current().source.query(`delete from ${quoted}.${quoted} where ${quoted} = 2`);
    }
    await replicate();
  });

  it('finds a row by its whole image, and draws identities anew, though writing it runs code of a plain user', async () => {
    const owner = await current().source.client('alice');
    for (const statement of [
      'create function fine(n numeric) returns boolean immutable language sql as $$ select $1 < 100 $$',
      `create table guarded (n numeric check (fine(n)), j json, b bit(3), t text, "c c" char(4), d timestamptz)`,
      `insert into guarded select 1.0, '{"a":1}', '101', 'it''s %1$s $2', 'ab', '2020-01-01' from generate_series(1, 3)`,
      'insert into guarded values (1.00, null, null, null, null, null)',
      `update guarded set t = 'x' where ctid = (select min(ctid) from guarded)`,
      `delete from guarded where ctid = (select max(ctid) from guarded where t <> 'x')`,
      `delete from guarded where n::text = '1.00'`,
      'create table guarded_always (id int generated always as identity primary key, n numeric check (fine(n)))',
      'insert into guarded_always (n) values (1), (2)',
      'update guarded_always set id = default where n = 1',
    ]) {
      await owner.query(statement);
    }
    await owner.end();
    await replicate();
  });

  it('matches columns by name: another order and further columns on the target', async () => {
    const { source, target, pipeline } = current();
    await replicate('create table reordered (id int primary key, a text, b int)');
    await target.query(
      `alter table reordered drop column a; alter table reordered add column extra text not null default 'mine', add column a text`,
    );
    await source.query(`insert into reordered values (1, 'one', 1), (2, 'two', 2)`);
    await source.query(`update reordered set a = 'uno', id = 11 where id = 1`);
    await pipeline.caughtUp();
    expect(await target.query('select id, b, extra, a from reordered order by id')).toEqual([
      { id: '2', b: '2', extra: 'mine', a: 'two' },
      { id: '11', b: '1', extra: 'mine', a: 'uno' },
    ]);
    await source.query('drop table reordered');
    await pipeline.caughtUp();
  });
});
