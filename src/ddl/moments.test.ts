import { expect, test } from 'vitest';
import { mentionsMoment } from './moments.ts';
import { parseStatements } from './statements.ts';

test.each([
  [`create view v as select 'now'::timestamp as t`, true],
  [`create table t (a timestamptz default 'now', b int)`, true],
  [`alter table t add column a date default ' Tomorrow '::date`, true],
  [`create view v as select a from t where b > 'today 12:00'::timestamptz - interval '1 month'`, true],
  [`create policy p on t using (during && '[now,tomorrow)'::tsrange)`, true],
  [`create function f() returns timestamp begin atomic select U&'\\006eow'::timestamp; end`, true],
  [`create function f() returns timestamp language sql as $$ select 'now'::timestamp $$`, false],
  [`create table t (a timestamptz default now(), b text default 'nowhere')`, false],
  [`create view now as select 1 as today`, false],
])('a moment that is read at once: %s', async (sql, mentioned) => {
  const [statement] = await parseStatements(sql);
  expect(statement === undefined ? null : mentionsMoment(statement.node)).toBe(mentioned);
});
