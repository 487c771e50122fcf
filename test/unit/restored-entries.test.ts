import { expect, it } from 'vitest';
import { inVersion } from '../support/restored-entries.ts';

const TABLE = `CREATE TABLE public.t (
    a integer NOT NULL,
    b text DEFAULT 'x'::text NOT NULL,
    c integer,
    CONSTRAINT t_check CHECK ((a > 0))
);`;
const NAMED = TABLE.replace('integer NOT NULL', 'integer CONSTRAINT old_a_not_null NOT NULL').replace(
  `'x'::text NOT NULL`,
  `'x'::text CONSTRAINT "Old ""b" NOT NULL`,
);

it('takes tables that differ in the names of their NOT NULLs for equal, and no others', () => {
  expect(inVersion(15, 'TABLE public.t', TABLE, NAMED)).toBe(NAMED);
  for (const other of [
    NAMED.replace('integer CONSTRAINT old_a_not_null NOT NULL', 'integer'),
    NAMED.replace('c integer', 'c integer NOT NULL'),
    NAMED.replace('t_check', 't_check1'),
    NAMED.replace("'x'", "'y'"),
    NAMED.replace('a > 0', 'a > 1'),
    NAMED.replace('b text', 'd text'),
    NAMED.replace('CONSTRAINT t_check CHECK', 'CHECK'),
  ])
    expect(inVersion(15, 'TABLE public.t', TABLE, other)).toBe(TABLE);
});

it('has no rule for other objects', () => {
  const body = (name: string): string => `CREATE FUNCTION f() AS 'create table x (a int CONSTRAINT ${name} NOT NULL'`;
  expect(inVersion(15, 'FUNCTION public.f()', body('one'), body('two'))).toBe(body('one'));
  expect(inVersion(15, 'VIEW public.v', 'a', undefined)).toBe('a');
});

it('takes the rights of a table for equal but for MAINTAIN, and no others', () => {
  const key = 'ACL public.TABLE t';
  const all = 'GRANT ALL ON TABLE public.t TO app;';
  const listed = 'GRANT SELECT,INSERT,REFERENCES,DELETE,TRIGGER,TRUNCATE,UPDATE ON TABLE public.t TO app;';
  expect(inVersion(15, key, listed, all)).toBe(all);
  expect(inVersion(15, key, `${all}\nGRANT MAINTAIN ON TABLE public.t TO bob;`, all)).toBe(all);
  for (const other of [
    all.replace('app', 'bob'),
    all.replace('public.t', 'public.u'),
    all.replace('ALL', 'SELECT'),
    all.replace('app;', 'app WITH GRANT OPTION;'),
    listed.replace('TRUNCATE,', ''),
    `${all}\nGRANT SELECT ON TABLE public.t TO bob;`,
    `${all}\nGRANT SELECT(a) ON TABLE public.t TO bob;`,
  ])
    expect(inVersion(15, key, all, other)).toBe(all);
  expect(inVersion(17, key, listed, all)).toBe(listed);
  expect(inVersion(18, 'TABLE public.t', TABLE, NAMED)).toBe(TABLE);
});
