import { expect, test } from 'vitest';
import { commandPlace, namesExtensionScript } from './context.ts';

test('the client sent what has no context', () => {
  expect(commandPlace(undefined)).toEqual({ kind: 'client' });
  expect(commandPlace('PL/pgSQL function f() line 1 at CALL')).toEqual({ kind: 'client' });
});

test('the innermost statement stands between quotes, before the next frame', () => {
  const context =
    'SQL statement "create table a(id int)"\nPL/pgSQL function f(text) line 1 at EXECUTE\nSQL statement "select f()"\nPL/pgSQL function g() line 2 at PERFORM';
  expect(commandPlace(context)).toMatchObject({
    kind: 'text',
    readings: expect.arrayContaining(['create table a(id int)']) as string[],
  });
  expect(commandPlace(context)).toHaveProperty('readings.0', 'create table a(id int)');
});

test('a text that looks like the end of itself gives several readings', () => {
  const text = `comment on table t is 'multi\n"PL/pgSQL function x" end"\nPL/pgSQL function y'`;
  const place = commandPlace(`SQL statement "${text}"\nPL/pgSQL function inline_code_block line 1 at EXECUTE`);
  expect(place.kind === 'text' && place.readings).toContain(text);
});

test('a SQL function tells the place, not the text', () => {
  expect(commandPlace('SQL function "fn sql" statement 12')).toEqual({ kind: 'function', statement: 12 });
});

test('PostgreSQL 18 names the script of an extension', () => {
  expect(
    namesExtensionScript('SQL statement "DROP OPERATOR …"\nextension script file "hstore--1.8.sql", near line 10'),
  ).toBe(true);
  expect(namesExtensionScript('SQL statement "drop table x"\nPL/pgSQL function f() line 1')).toBe(false);
});
