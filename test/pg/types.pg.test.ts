import { describe, expect, it } from 'vitest';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { testMajors } from '../support/majors.ts';
import { sharedPair, type Replicated } from '../support/shared-pair.ts';
import { NOT_FOR_COLUMNS, TYPE_VALUES } from './support/type-values.ts';

/** What a database may be set to; none of it may reach a value. */
const UNUSUAL_SETTINGS = `do $$ begin
  execute format('alter database %I set DateStyle = ''German, DMY''', current_database());
  execute format('alter database %I set IntervalStyle = ''sql_standard''', current_database());
  execute format('alter database %I set TimeZone = ''Asia/Kathmandu''', current_database());
  execute format('alter database %I set extra_float_digits = -15', current_database());
  execute format('alter database %I set bytea_output = ''escape''', current_database());
  execute format('alter database %I set xmlbinary = ''hex''', current_database());
  execute format('alter database %I set search_path = app, public', current_database());
end $$`;

interface BuiltIn {
  readonly name: string;
  /** How a column of it is declared. */
  readonly type: string;
  readonly ordered: boolean;
  readonly values: readonly string[];
}

async function builtInTypes({ source }: Replicated): Promise<BuiltIn[]> {
  const rows = await source.query(`select t.typname as name, t.oid::regtype::text as type, exists (
      select from pg_opclass o join pg_am m on m.oid = o.opcmethod
      where m.amname = 'btree' and o.opcdefault and (o.opcintype = t.oid or o.opcintype = 'anyenum'::regtype and t.typtype = 'e'
        or o.opcintype = 'anyrange'::regtype and t.typtype = 'r' or o.opcintype = 'anymultirange'::regtype and t.typtype = 'm'
        or o.opcintype = 'text'::regtype and t.typname = 'varchar'))::text as ordered
    from pg_type t where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
      and not (typname = any ('{${NOT_FOR_COLUMNS.join(',')}}')) order by t.oid`);
  return rows.map(({ name, type, ordered }) => ({
    name: String(name),
    type: String(type),
    ordered: ordered === 'true',
    values: TYPE_VALUES[String(name)] ?? [],
  }));
}

const literal = (value: string, type: string): string => `${quoteLiteral(value)}::${type}`;

describe.each(testMajors())('values on PostgreSQL %i', (major) => {
  const current = sharedPair(major, (pair) => pair.source.query(UNUSUAL_SETTINGS).then(() => undefined));

  it('has values for every built-in type', async () => {
    const types = await builtInTypes(current());
    expect(types.filter(({ values }) => values.length === 0).map(({ name }) => name)).toEqual([]);
  });

  it('carries every built-in type, alone and in arrays, through inserts and updates', async () => {
    const types = await builtInTypes(current());
    const columns = types.flatMap(({ name, type }) => [
      `${quoteIdentifier(name)} ${type}`,
      `${quoteIdentifier(`${name}[]`)} ${type}[]`,
    ]);
    const rows = Math.max(...types.map(({ values }) => values.length));
    const values = (row: number): string =>
      types
        .flatMap(({ type, values: all }) => {
          const value = literal(all[row % all.length] ?? '', type);
          return [value, `array[null, ${all.map((each) => literal(each, type)).join(', ')}]`];
        })
        .join(', ');
    const inserts = Array.from({ length: rows }, (_, row) => `(${row}, ${values(row)})`);
    const names = types.flatMap(({ name }) => [quoteIdentifier(name), quoteIdentifier(`${name}[]`)]);
    await current().replicate(
      `create table everything (id int primary key, ${columns.join(', ')})`,
      `insert into everything values ${inserts.join(', ')}`,
      `insert into everything (id) values (1000)`,
      `update everything set (${names.join(', ')}) = row(${values(1)}) where id in (0, 2, 1000)`,
      `update everything set ${names.map((name) => `${name} = null`).join(', ')} where id = 3`,
      `create table images (${columns.join(', ')})`,
      `insert into images select ${names.join(', ')} from everything`,
      `insert into images select ${names.join(', ')} from everything`,
      `update images set int4 = 7 where ctid in (select min(ctid) from images group by images::text)`,
      `delete from images where ctid in (select max(ctid) from images group by images::text)`,
    );
  });

  it('finds rows by keys of every type that can be one', async () => {
    const types = (await builtInTypes(current())).filter(({ ordered }) => ordered);
    expect(types.length).toBeGreaterThan(30);
    for (const { name, type, values } of types) {
      const table = quoteIdentifier(`key of ${name}`);
      const distinct = `select distinct on (k) k, n from unnest(array[${values.map((value) => literal(value, type)).join(', ')}])
        with ordinality u(k, n) order by k, n`;
      await current().source.query(`create table ${table} (k ${type} primary key, n int not null);
        insert into ${table} ${distinct}; update ${table} set n = n + 100`);
      await current().source.query(`delete from ${table} where n = 102`);
      await current().source.query(`update ${table} set k = ${literal(values[1] ?? '', type)} where n = 101`);
    }
    await current().replicate();
  });

  it('writes a key anew that is equal but not the same', async () => {
    await current().replicate(
      'create table money_of (amount numeric primary key, n float8 unique)',
      "insert into money_of values (1.0, '-0'), (2.00, 5)",
      "update money_of set amount = 1.00, n = '0' where amount = 1",
      'update money_of set amount = 2 where amount = 2',
    );
    expect(await current().target.query('select amount, n from money_of order by amount')).toEqual([
      { amount: '1.00', n: '0' },
      { amount: '2', n: '5' },
    ]);
  });

  it('carries arrays of many dimensions, with other lower bounds, empty ones and elements to be quoted', async () => {
    await current().replicate(
      'create table arrays (id int primary key, n int[], t text[], j jsonb[], b bytea[])',
      `insert into arrays values
        (1, '{}', '{}', '{}', '{}'),
        (2, '[-2:-1][5:6]={{1,NULL},{3,4}}', '{"NULL",NULL,"",","," ","{}","\\"","\\\\"}', array['{"a,b": "}"}', 'null', null]::jsonb[], array['\\x00', '', null]::bytea[]),
        (3, '{{{1,2},{3,4}},{{5,6},{7,8}}}', '[0:1]={a,b}', null, null)`,
      "update arrays set n = n || 9, t = array['é', E'\\n'] where id = 1",
      "update arrays set t[5] = 'gap' where id = 3",
    );
  });

  it('carries enums, composites, domains and ranges of users', async () => {
    await current().replicate(
      'create schema app',
      `create type app."Mood" as enum ('sad', 'it''s "ok"', 'HAPPY, very', '')`,
      'create type app.inner_part as (a int, b text, c app."Mood"[])',
      'create type app.outer_part as (x app.inner_part, y app.inner_part[], z numeric)',
      'create domain app.positive as int not null check (value > 0)',
      "create domain app.short as varchar(5) check (value <> 'bad')",
      'create domain app.shorts as app.short[] check (array_length(value, 1) < 4)',
      'create domain app.part as app.inner_part check ((value).a is null or (value).a < 100)',
      'create type app.floats as range (subtype = float8, subtype_diff = float8mi)',
      'create type app.moods as range (subtype = app."Mood")',
      `create table app.custom (id app.positive primary key, mood app."Mood", moods app."Mood"[], o app.outer_part, os app.outer_part[],
        s app.short, ss app.shorts, p app.part, ps app.part[], f app.floats, m app.moods)`,
      `insert into app.custom values
        (1, 'sad', array['sad', null, '']::app."Mood"[], row(row(1, 'a "b", \\ (c)', '{sad,"HAPPY, very"}'), array[row(null, '', null), null]::app.inner_part[], 1.50),
          array[row(null, null, null), null]::app.outer_part[], 'ä', '{a,NULL,"b,c"}', row(5, null, '{}'), array[row(1, 'x', null)]::app.part[], '[-0,1e-300)', '["it''s \\"ok\\"",)'),
        (2, null, null, row(null, null, null), null, null, null, null, null, 'empty', '(,)'),
        (3, '', '{}', null, '{}', '', '{}', row(null, '', null), '{}', '(,)', 'empty')`,
      `update app.custom set o.x = row(2, E'\\t\\n''', null), mood = 'HAPPY, very', s = 'it''s' where id = 1`,
      'update app.custom set id = 33, p = null where id = 3',
      'create table app.by_mood (k app."Mood", r app.floats, p app.inner_part, primary key (k, r, p))',
      `insert into app.by_mood values ('sad', '[1,2)', row(1, 'a', null)), ('', 'empty', row(null, null, '{sad}')), ('HAPPY, very', '[1,2)', row(1, null, null))`,
      "update app.by_mood set k = 'it''s \"ok\"' where k = 'sad'",
      "delete from app.by_mood where k = ''",
      'create table app.no_key (m app."Mood", o app.outer_part, r app.moods, d app.shorts)',
      `insert into app.no_key select mood, o, m, ss from app.custom, generate_series(1, 3)`,
      `update app.no_key set o.z = 1.5 where m = 'HAPPY, very'`,
      `delete from app.no_key where ctid in (select min(ctid) from app.no_key group by m)`,
    );
  });

  it("carries names of the users' own objects in reg* columns", async () => {
    await current().replicate(
      'create table public.pointed_at (id int primary key)',
      'create table pointers (id int primary key, c regclass, t regtype, n regnamespace, p regprocedure)',
      "insert into pointers values (1, 'public.pointed_at', 'public.pointed_at', 'public', null)",
    );
  });

  it('finds rows by citext and by hstore, whose operators are outside of pg_catalog', async () => {
    await current().replicate(
      'create schema ext',
      'create extension citext schema ext',
      'create extension hstore schema ext',
      'create table people (mail ext.citext primary key, tags ext.hstore)',
      "insert into people values ('A@x', 'a=>1'), ('b@x', null)",
      'update people set tags = \'b=>NULL, "c d"=>""\' where mail operator(ext.=) \'a@X\'',
      "update people set mail = 'a@X' where mail operator(ext.=) 'A@x'",
      "delete from people where mail operator(ext.=) 'B@X'",
      'create table tagged (tags ext.hstore primary key)',
      "insert into tagged values ('a=>1'), ('')",
      "update tagged set tags = 'b=>2' where tags operator(ext.=) ''",
      'create table loose (tags ext.hstore, mail ext.citext)',
      "insert into loose values ('a=>1', 'X'), ('a=>1', 'x'), ('a=>1', 'x')",
      'delete from loose where ctid = (select max(ctid) from loose)',
    );
  });
});
