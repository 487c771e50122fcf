import { expect, it } from 'vitest';
import { withConformingStrings } from './conforming-strings.ts';

it.each([
  [String.raw`select 'a\'b', 'plain', '\\'`, String.raw`select  E'a\'b', 'plain',  E'\\'`],
  [
    String.raw`select e'a\'b' || E'\\' || x'1' || B'0' || '\\'`,
    String.raw`select e'a\'b' || E'\\' || x'1' || B'0' ||  E'\\'`,
  ],
  [String.raw`select N'\\', date'\\', n'x'`, String.raw`select nchar E'\\', date E'\\', n'x'`],
  [`select 'a'\n'\\'' -- '\n , 'b'  '\\'`, `select  E'a'\n'\\'' -- '\n , 'b'   E'\\'`],
  [`select 'a' -- no\n  'b\\'', '\\'`, `select  E'a' -- no\n  'b\\'',  E'\\'`],
  [`select 'a'\n-- a comment '\n  'b\\'', 'c'`, `select  E'a'\n-- a comment '\n  'b\\'', 'c'`],
  [
    `/* '\\' /* ' */ ' */ select "a\\'", $$ '\\' $$, $x$ '\\' $$ $x$, a$b$, '\\' -- '\\'`,
    `/* '\\' /* ' */ ' */ select "a\\'", $$ '\\' $$, $x$ '\\' $$ $x$, a$b$,  E'\\' -- '\\'`,
  ],
  [String.raw`select 'it''s \\''', "x""y"'\\', $1, '\'`, String.raw`select  E'it''s \\''', "x""y" E'\\', $1,  E'\'`],
])('gives literals with a backslash their E: %s', (text, conforming) => {
  expect(withConformingStrings(text)).toBe(conforming);
});

it('leaves a text without backslashes as it is', () => {
  const text = `create table t (a text default 'it''s', b text default $$;$$); -- '`;
  expect(withConformingStrings(text)).toBe(text);
});
