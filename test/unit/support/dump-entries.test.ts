import { describe, expect, it } from 'vitest';
import { diffEntries, dumpEntries } from '../../support/dump-entries.ts';

const entry = (type: string, name: string, body: string, schema = 'public'): string =>
  `--\n-- Name: ${name}; Type: ${type}; Schema: ${schema}; Owner: postgres\n--\n\n${body}\n\n\n`;

const dump = (...entries: readonly string[]): string =>
  `--\n-- PostgreSQL database dump\n--\n\n\\restrict Abc\n\n-- Dumped from database version 18.4\n\nSET row_security = off;\n\n${entries.join('')}--
-- PostgreSQL database dump complete
--

\\unrestrict Abc
`;

describe('the entries of a dump', () => {
  it('are the same in any order, whatever the head and the tail say', () => {
    const a = entry('TABLE', 'a', 'CREATE TABLE public.a ();');
    const b = entry('TABLE', 'b', 'CREATE TABLE public.b ();');
    const one = dumpEntries(dump(a, b));
    const two = dumpEntries(dump(b, a).replaceAll('Abc', 'Xyz').replace('18.4', '15.1'));
    expect([...one.keys()]).toEqual(['TABLE public.a', 'TABLE public.b']);
    expect(diffEntries(one, two)).toEqual([]);
  });

  it('keep blank lines and comments inside a body', () => {
    const body = 'CREATE FUNCTION f() AS $$\n\n-- why\n\nselect 1 $$;';
    expect(dumpEntries(dump(entry('FUNCTION', 'f()', body))).get('FUNCTION public.f()')).toBe(body);
  });

  it('do not own the settings that stand between them', () => {
    const space = "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n";
    const f = entry('FUNCTION', 'f()', 'CREATE FUNCTION f();');
    const t = entry('TABLE', 't', 'CREATE TABLE public.t ();');
    expect(diffEntries(dumpEntries(dump(f, space, t)), dumpEntries(dump(space, t, f)))).toEqual([]);
  });

  it('differ when a table lies in another tablespace', () => {
    const t = entry('TABLE', 't', 'CREATE TABLE public.t ();');
    const found = diffEntries(dumpEntries(dump('SET default_tablespace = fast;\n\n', t)), dumpEntries(dump(t)));
    expect(found).toEqual(['TABLE public.t', '  - -- tablespace fast']);
  });

  it('of one name are all compared', () => {
    const one = entry('CAST', 'CAST (a AS b)', 'one;', '-');
    const two = entry('CAST', 'CAST (a AS b)', 'two;', '-');
    expect(diffEntries(dumpEntries(dump(one, two)), dumpEntries(dump(two, one)))).toEqual([]);
    expect(diffEntries(dumpEntries(dump(one, two)), dumpEntries(dump(one)))).toEqual([
      'CAST CAST (a AS b)',
      '  - two;',
    ]);
  });

  it('differ by the lines that differ, and by those that only one side has', () => {
    const left = dumpEntries(dump(entry('TABLE', 't', 'a\nb\nc'), entry('VIEW', 'v', 'x')));
    const right = dumpEntries(dump(entry('TABLE', 't', 'a\nB\nc'), entry('INDEX', 'i', 'y')));
    expect(diffEntries(left, right)).toEqual([
      'INDEX public.i (only on the target)',
      '  + y',
      'TABLE public.t',
      '  - b',
      '  + B',
      'VIEW public.v (only on the source)',
      '  - x',
    ]);
  });

  it('differ when only an empty line does', () => {
    const left = dumpEntries(dump(entry('FUNCTION', 'f()', 'a\n\nb')));
    const right = dumpEntries(dump(entry('FUNCTION', 'f()', 'a\nb')));
    expect(diffEntries(left, right).length).toBeGreaterThan(0);
  });
});
