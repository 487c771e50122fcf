import { expect, test } from 'vitest';
import type { DdlCommandEvent, DdlDetails } from '../wal/ddl-event.ts';
import { StatementFinder } from './statement-finder.ts';

function event(tag: string, identity: string | null, more: Partial<DdlCommandEvent> = {}): DdlCommandEvent {
  const details: DdlDetails = tag.startsWith('DROP')
    ? { dropped: [{ class: 'pg_class', oid: 1, type: 'table', identity: identity ?? '' }] }
    : { commands: [{ tag, type: 'table', ...(identity === null ? {} : { identity }) }] };
  const caller = { role: 'app', search_path: 'public', settings: {} };
  return {
    v: 1,
    iso: false,
    server_version_num: 180000,
    at: '0/1',
    kind: 'ddl',
    text_id: '1:1',
    caller,
    tag,
    details,
    phase: tag.startsWith('DROP') ? 'drop' : 'end',
    ...more,
  };
}

async function first(finder: StatementFinder, asked: DdlCommandEvent): Promise<string> {
  finder.remember(asked);
  const search = await finder.find(asked);
  return search.kind === 'found' ? (search.candidates[0]?.statement.sql ?? '') : search.kind;
}

test('the second of two alike statements belongs to the second event', async () => {
  const finder = new StatementFinder();
  const text = 'create table a (i int); drop table a; create table if not exists b (); create table a (t text)';
  expect(await first(finder, event('CREATE TABLE', 'public.a', { text }))).toBe('create table a (i int)');
  expect(await first(finder, event('DROP TABLE', 'public.a'))).toBe('drop table a');
  expect(await first(finder, event('CREATE TABLE', 'public.a'))).toBe('create table a (t text)');
});

test('a loop runs the same text again', async () => {
  const finder = new StatementFinder();
  const context = 'SQL statement "create table x (i int)"\nPL/pgSQL function inline_code_block line 1 at EXECUTE';
  expect(await first(finder, event('CREATE TABLE', 'public.x', { context, text: 'do' }))).toBe(
    'create table x (i int)',
  );
  expect(await first(finder, event('CREATE TABLE', 'public.x', { context }))).toBe('create table x (i int)');
});

test('rights have no names: any statement of the tag fits, in order', async () => {
  const finder = new StatementFinder();
  const text = 'grant select on a to bob; grant insert on b to bob';
  expect(await first(finder, event('GRANT', null, { text }))).toBe('grant select on a to bob');
  expect(await first(finder, event('GRANT', null))).toBe('grant insert on b to bob');
});

test('a long script about one table: each statement in its turn', async () => {
  const finder = new StatementFinder();
  const statements = Array.from({ length: 30 }, (_, i) => `alter table a add c${i} int`);
  for (const [i, sql] of statements.entries()) {
    const more = i === 0 ? { text: statements.join('; ') } : {};
    expect(await first(finder, event('ALTER TABLE', 'public.a', more))).toBe(sql);
  }
});

test.each([
  ['public."a on b"', 'a on b'],
  ['public."x ("', 'x ('],
  ['public."It""s. odd"', 'It"s. odd'],
  ['"s (".f("Odd (type), x",text)', 'f'],
  ['"a on b" on public."t on u"', 'a on b'],
])('%s is the identity of %s', async (identity, name) => {
  const finder = new StatementFinder();
  const text = `create table "${name.replaceAll('"', '""')}" ()`;
  expect(await first(finder, event('CREATE TABLE', identity, { text }))).toBe(text);
});

test('casts and transforms have no names: told by the kind of their object', async () => {
  const finder = new StatementFinder();
  const text =
    "comment on transform for int language plpgsql is 't'; comment on table a is 'a'; comment on cast (a as int) is 'c'";
  const of = (type: string, identity: string): Partial<DdlCommandEvent> => ({
    text,
    details: { commands: [{ tag: 'COMMENT', type, identity }] },
  });
  expect(await first(finder, event('COMMENT', null, of('cast', '(public.a AS integer)')))).toContain('on cast');
  expect(await first(finder, event('COMMENT', null, of('transform', 'for integer on language plpgsql')))).toContain(
    'on transform',
  );
});

test('an operator class is named together with its index method', async () => {
  const finder = new StatementFinder();
  const text = 'alter operator class x using hash rename to y; alter operator class z using hash rename to "Odd one"';
  const details = { commands: [{ tag: 'ALTER', type: 'operator class', identity: 'public."Odd one" USING hash' }] };
  expect(await first(finder, event('ALTER OPERATOR CLASS', null, { text, details }))).toContain('Odd one');
});

test('a SQL function tells the number of its statement', async () => {
  const finder = new StatementFinder();
  const found = event('CREATE TABLE', 'public.x', {
    context: 'SQL function "f" statement 2',
    function_body: ['select 1; drop table x', 'select 1; create table x ()'],
  });
  expect(await first(finder, found)).toBe('create table x ()');
});

test('what an extension’s script drops is left to the extension’s own command', async () => {
  const finder = new StatementFinder();
  expect(await first(finder, event('DROP OPERATOR', 'public.=>', { text: 'create extension hstore' }))).toBe(
    'extension member',
  );
  const context = 'SQL statement "drop operator => (text, text)"\nextension script file "hstore--1.0.sql", near line 9';
  expect(
    await first(finder, event('DROP OPERATOR', 'public.=>', { context, text_id: '2:2', text: 'select f()' })),
  ).toBe('extension member');
});

test('says why nothing was found', async () => {
  const finder = new StatementFinder();
  const cases: [Partial<DdlCommandEvent>, string][] = [
    [{ text_id: '3:1' }, 'its text did not come with it'],
    [{ text_id: '3:2', text: 'select 1' }, 'no statement of its text fits'],
    [{ text_id: '3:3', text: 'create tabel' }, 'its text cannot be parsed: syntax error at or near "tabel"'],
  ];
  for (const [more, reason] of cases) {
    const asked = event('CREATE TABLE', 'public.x', more);
    finder.remember(asked);
    expect(await finder.find(asked)).toEqual({ kind: 'missing', reason });
  }
});

test('nothing of a transaction is left for the next', async () => {
  const finder = new StatementFinder();
  expect(await first(finder, event('CREATE TABLE', 'public.x', { text: 'create table x ()' }))).toBe(
    'create table x ()',
  );
  finder.beginTransaction();
  expect(await first(finder, event('CREATE TABLE', 'public.x'))).toBe('missing');
});

test('of drops that may find nothing, the one whose table the event names', async () => {
  const text = 'drop trigger if exists t on a; drop trigger if exists t on s.b; drop trigger if exists t on b';
  const dropped = (schema: string): DdlDetails => ({
    dropped: [
      {
        class: 'pg_trigger',
        oid: 1,
        type: 'trigger',
        identity: `t on ${schema}.b`,
        names: [schema, 'b', 't'],
        original: true,
      },
    ],
  });
  const finder = new StatementFinder();
  finder.beginTransaction();
  const found = await first(finder, event('DROP TRIGGER', '', { text, details: dropped('public') }));
  expect(found).toBe('drop trigger if exists t on b');
  finder.beginTransaction();
  const other = await first(finder, event('DROP TRIGGER', '', { text, details: dropped('s') }));
  expect(other).toBe('drop trigger if exists t on s.b');
});
