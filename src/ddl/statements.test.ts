import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LARGE_TEXT_BYTES } from './parser-thread.ts';
import { parseStatements } from './statements.ts';

const live = async (text: string): Promise<string[]> =>
  (await parseStatements(text)).filter(({ dead, kind }) => !dead && kind !== 'TransactionStmt').map(({ sql }) => sql);

test('cuts at byte offsets, not at characters, and leaves comments between statements out', async () => {
  const text = "-- é\ncreate table \"tä;b\"(a text default 'ü;''x'); /* a /* b */ ; */ drop table x";
  expect(await live(text)).toEqual(["create table \"tä;b\"(a text default 'ü;''x')", 'drop table x']);
});

test('finds every statement of any mix, whatever its literals, quotes and comments hold', async () => {
  const odd = fc.string({ unit: fc.constantFrom('é', '😀', ';', "''", '$', 'a', '--', '/', ' ', '\n'), maxLength: 12 });
  const statement = fc.oneof(
    odd.map((text) => `comment on table t is '${text}'`),
    odd.map((text) => `create table "n${text.replaceAll('"', '')}"(a int)`),
    odd.map((text) => `do $q$ begin perform 1; ${text.replaceAll('$', '')} end $q$`),
  );
  const gap = fc.constantFrom(';', ' ; ', ';\n-- é;\n', ';/* ü ; */', ';;');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(statement, gap), { minLength: 1, maxLength: 8 }), async (parts) => {
      const text = parts.map(([sql, between]) => sql + between).join('');
      expect(await live(text)).toEqual(parts.map(([sql]) => sql));
    }),
    { seed: 20, numRuns: 150 },
  );
});

test.each([
  [
    'a savepoint',
    'create table a(); savepoint s; create table b(); rollback to s; create table b(x int)',
    ['create table a()', 'create table b(x int)'],
  ],
  [
    'an inner savepoint of the same name',
    'savepoint s; create table a(); savepoint s; create table b(); rollback to s',
    ['create table a()'],
  ],
  ['a savepoint of an earlier text', 'create table a(); rollback to earlier; create table b()', ['create table b()']],
  ['a whole transaction', 'begin; create table a(); rollback; create table b()', ['create table b()']],
  ['nothing, once committed', 'begin; create table a(); commit; create table b(); rollback', ['create table a()']],
  [
    'nothing, once released',
    'create table z(); savepoint s; create table a(); release s; savepoint t; create table b(); rollback to t',
    ['create table z()', 'create table a()'],
  ],
])('marks as dead what the text takes back: %s', async (_, text, expected) => {
  expect(await live(text)).toEqual(expected);
});

test.each([
  ['alter index i rename to j', 'ALTER INDEX', ['j']],
  ['alter table s.t rename column a to b', 'ALTER TABLE', ['t']],
  ['alter view v rename column a to b', 'ALTER VIEW', ['v']],
  ['alter type e rename value $$a$$ to $$b$$', 'ALTER TYPE', ['e']],
  ['select a into x from y', 'SELECT INTO', ['x']],
  ['create table x as select 1', 'CREATE TABLE AS', ['x']],
  ['create materialized view x as select 1', 'CREATE MATERIALIZED VIEW', ['x']],
  ['drop function s.f(int), g', 'DROP FUNCTION', ['f', 'g']],
  ['drop trigger x on s.t', 'DROP TRIGGER', ['x']],
  ['alter materialized view m rename to n', 'ALTER MATERIALIZED VIEW', ['n']],
  ['create procedure p() language sql as $$select 1$$', 'CREATE PROCEDURE', ['p']],
  ['alter procedure p() rename to q', 'ALTER PROCEDURE', ['q']],
  ['alter domain d rename constraint a to b', 'ALTER DOMAIN', []],
  ['comment on column s.t.c is null', 'COMMENT', ['c']],
  ['create aggregate s.a(int) (sfunc = f, stype = int)', 'CREATE AGGREGATE', ['a']],
  ['revoke select on t from bob', 'REVOKE', []],
  ['alter statistics st owner to bob', 'ALTER STATISTICS', ['st']],
  ['alter text search configuration c add mapping for word with simple', 'ALTER TEXT SEARCH CONFIGURATION', []],
  ['alter foreign table f add column a int', 'ALTER FOREIGN TABLE', ['f']],
  ['alter function f() depends on extension e', 'ALTER FUNCTION', ['f']],
  ['alter table all in tablespace a owned by b set tablespace c', 'ALTER TABLE', []],
  ['alter materialized view all in tablespace a set tablespace b nowait', 'ALTER MATERIALIZED VIEW', []],
])('knows tag and names of: %s', async (sql, tag, names) => {
  expect(await parseStatements(sql)).toMatchObject([{ tag, names }]);
});

test('parses a text above the limit in a thread of its own, with the same result', async () => {
  const filler = 'x'.repeat(LARGE_TEXT_BYTES);
  const statements = await parseStatements(
    `insert into t values ('${filler}'); comment on table "é" is '${filler}'; drop table x`,
  );
  expect(statements.map(({ tag, names }) => [tag, names])).toEqual([
    ['InsertStmt', []],
    ['COMMENT', ['é']],
    ['DROP TABLE', ['x']],
  ]);
  expect(statements[1]?.sql).toBe(`comment on table "é" is '${filler}'`);
  await expect(parseStatements(`not sql ${filler}`)).rejects.toThrow('syntax error');
});
