import { quoteIdentifier } from '../../../../src/sql/quote.ts';
import type { CommandCase } from './command-case.ts';

/** Names that a search for words in a text would stumble over; the last is as long as a name may be. */
const NAMES = [
  'It"s. odd',
  'create table x (',
  'a on b',
  'Ünï.cödé"; --',
  'select',
  `63 bytes ${'y'.repeat(54)}`,
  'public.t',
  'x USING btree',
] as const;

interface Kind {
  readonly kind: string;
  readonly setup?: string;
  /** What makes one of the name, which comes quoted. */
  create(name: string): string;
  /** How COMMENT, ALTER and DROP call it. */
  called(name: string): string;
  /** Statements besides RENAME; all of it is left out where the kind has none. */
  alter?(name: string): string[];
  readonly renames?: false;
  /** The word of ALTER, where it is another: a column is renamed in its table. */
  rename?(name: string, to: string): string;
  readonly as?: 'superuser';
}

const plain =
  (word: string) =>
  (name: string): string =>
    `${word} ${name}`;

const KINDS: readonly Kind[] = [
  {
    kind: 'table',
    create: (name) => `create table ${name} (${name} int primary key, b text default ${literal(name)})`,
    called: plain('table'),
    alter: (name) => [
      `alter table ${name} add column "c""." int`,
      `insert into ${name} values (1)`,
      `alter table ${name} alter ${name} type bigint`,
    ],
  },
  {
    kind: 'column',
    setup: 'create table holder (id int)',
    create: (name) => `alter table holder add column ${name} int default 5`,
    called: (name) => `column holder.${name}`,
    rename: (name, to) => `alter table holder rename column ${name} to ${to}`,
    alter: (name) => [`alter table holder alter column ${name} set statistics 70`, `create index on holder (${name})`],
  },
  {
    kind: 'constraint',
    setup: 'create table holder (id int, k int)',
    create: (name) => `alter table holder add constraint ${name} check (id > 0) not valid`,
    called: (name) => `constraint ${name} on holder`,
    rename: (name, to) => `alter table holder rename constraint ${name} to ${to}`,
    alter: (name) => [`alter table holder validate constraint ${name}`],
  },
  {
    kind: 'index',
    setup: 'create table holder (id int, k int)',
    create: (name) => `create index ${name} on holder (id, k)`,
    called: plain('index'),
    alter: (name) => [`alter index ${name} set (fillfactor = 60)`],
  },
  {
    kind: 'view',
    create: (name) => `create view ${name} as select 1 as ${name}`,
    called: plain('view'),
    alter: (name) => [`create or replace view ${name} as select 1 as ${name}, 2 as two`],
  },
  {
    kind: 'materialized view',
    create: (name) => `create materialized view ${name} as select 1 as ${name}`,
    called: plain('materialized view'),
    alter: (name) => [`refresh materialized view ${name}`],
  },
  {
    kind: 'sequence',
    create: (name) => `create sequence ${name}`,
    called: plain('sequence'),
    alter: (name) => [`alter sequence ${name} increment by 4`],
  },
  {
    kind: 'enum',
    create: (name) => `create type ${name} as enum ('a', 'it''s')`,
    called: plain('type'),
    alter: (name) => [`alter type ${name} add value 'it''s "new"' before 'a'`],
  },
  {
    kind: 'composite type',
    create: (name) => `create type ${name} as (${name} int)`,
    called: plain('type'),
    alter: (name) => [`alter type ${name} add attribute "b." text`],
  },
  {
    kind: 'range type',
    create: (name) =>
      `create type ${name} as range (subtype = int, multirange_type_name = ${name.replace(/.{4}"$/, ' m"')})`,
    called: plain('type'),
  },
  {
    kind: 'domain',
    create: (name) => `create domain ${name} as int constraint ${name} check (value > 0)`,
    called: plain('domain'),
    alter: (name) => [`alter domain ${name} set default 5`, `comment on constraint ${name} on domain ${name} is 'c'`],
  },
  {
    kind: 'function',
    create: (name) => `create function ${name}(${name} int default 4) returns int language sql as 'select 1'`,
    called: (name) => `function ${name}(int)`,
    alter: (name) => [`alter function ${name}(int) immutable`],
  },
  {
    kind: 'function of an odd type',
    setup: 'create type "Odd (type), x" as enum ()',
    create: (name) => `create function ${name}("Odd (type), x", text) returns int language sql as 'select 1'`,
    called: (name) => `function ${name}("Odd (type), x", text)`,
    alter: (name) => [`alter function ${name}("Odd (type), x", text) strict`],
  },
  {
    kind: 'procedure',
    create: (name) => `create procedure ${name}() language sql as 'select 1'`,
    called: (name) => `procedure ${name}()`,
  },
  {
    kind: 'aggregate',
    create: (name) => `create aggregate ${name} (int) (sfunc = int4pl, stype = int)`,
    called: (name) => `aggregate ${name} (int)`,
  },
  {
    kind: 'trigger',
    setup:
      "create table holder (id int); create function f() returns trigger language plpgsql as 'begin return new; end'",
    create: (name) => `create trigger ${name} before insert on holder for each row execute function f()`,
    called: (name) => `trigger ${name} on holder`,
    alter: (name) => [`alter table holder disable trigger ${name}`],
  },
  {
    kind: 'trigger on an odd table',
    setup: `create table "t on ""u" (id int); create function f() returns trigger language plpgsql as 'begin return new; end'`,
    create: (name) => `create trigger ${name} before insert on "t on ""u" for each row execute function f()`,
    called: (name) => `trigger ${name} on "t on ""u"`,
  },
  {
    kind: 'rule',
    setup: 'create table holder (id int)',
    create: (name) => `create rule ${name} as on update to holder do also select 1`,
    called: (name) => `rule ${name} on holder`,
  },
  {
    kind: 'policy',
    setup: 'create table holder (id int)',
    create: (name) => `create policy ${name} on holder`,
    called: (name) => `policy ${name} on holder`,
    alter: (name) => [`alter policy ${name} on holder using (id > 5)`],
  },
  {
    kind: 'statistics',
    setup: 'create table holder (id int, k int)',
    create: (name) => `create statistics ${name} on id, k from holder`,
    called: plain('statistics'),
    alter: (name) => [`alter statistics ${name} set statistics 44`],
  },
  { kind: 'collation', create: (name) => `create collation ${name} from "C"`, called: plain('collation') },
  {
    kind: 'conversion',
    create: (name) => `create conversion ${name} for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`,
    called: plain('conversion'),
  },
  {
    kind: 'text search configuration',
    create: (name) => `create text search configuration ${name} (copy = simple)`,
    called: plain('text search configuration'),
    alter: (name) => [`alter text search configuration ${name} drop mapping for word`],
  },
  {
    kind: 'text search dictionary',
    create: (name) => `create text search dictionary ${name} (template = simple)`,
    called: plain('text search dictionary'),
    alter: (name) => [`alter text search dictionary ${name} (accept = false)`],
  },
  {
    kind: 'text search parser',
    as: 'superuser',
    create: (name) =>
      `create text search parser ${name} (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)`,
    called: plain('text search parser'),
  },
  {
    kind: 'text search template',
    as: 'superuser',
    create: (name) => `create text search template ${name} (lexize = dsimple_lexize)`,
    called: plain('text search template'),
  },
  {
    kind: 'operator class',
    as: 'superuser',
    create: (name) => `create operator class ${name} for type int using hash as operator 1 =, function 1 hashint4(int)`,
    called: (name) => `operator class ${name} using hash`,
  },
  {
    kind: 'operator family',
    as: 'superuser',
    create: (name) => `create operator family ${name} using btree`,
    called: (name) => `operator family ${name} using btree`,
    alter: (name) => [`alter operator family ${name} using btree add function 1 (int2, int2) btint2cmp(int2, int2)`],
  },
  {
    kind: 'foreign data wrapper',
    as: 'superuser',
    create: (name) => `create foreign data wrapper ${name}`,
    called: plain('foreign data wrapper'),
    alter: (name) => [
      `alter foreign data wrapper ${name} options (add a 'b')`,
      `create server s_of_wrapper foreign data wrapper ${name}`,
      'drop server s_of_wrapper',
    ],
  },
  {
    kind: 'server',
    as: 'superuser',
    setup: 'create foreign data wrapper odd_wrapper',
    create: (name) => `create server ${name} foreign data wrapper odd_wrapper`,
    called: plain('server'),
    alter: (name) => [
      `alter server ${name} version '2'`,
      `create user mapping for bob server ${name}`,
      `alter user mapping for bob server ${name} options (add user 'x')`,
      `drop user mapping for bob server ${name}`,
    ],
  },
  {
    kind: 'foreign table',
    as: 'superuser',
    setup: 'create foreign data wrapper odd_wrapper_2; create server odd_server foreign data wrapper odd_wrapper_2',
    create: (name) => `create foreign table ${name} (${name} int) server odd_server`,
    called: plain('foreign table'),
    alter: (name) => [`alter foreign table ${name} options (add a 'b')`],
  },
  {
    kind: 'schema',
    create: (name) => `create schema ${name} create view ${name} as select 1 as a`,
    called: plain('schema'),
    alter: (name) => [`create table ${name}.${name.replace(/.{4}"$/, ' t"')} (a int)`],
  },
  {
    kind: 'language',
    as: 'superuser',
    create: (name) => `create language ${name} handler plpgsql_call_handler`,
    called: plain('language'),
  },
  {
    kind: 'access method',
    as: 'superuser',
    renames: false,
    create: (name) => `create access method ${name} type index handler bthandler`,
    called: plain('access method'),
  },
];

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** One script, one DO block, and single statements, all about things of alike names. */
function steps(kind: Kind): string[] {
  const names = NAMES.map((name) => quoteIdentifier(name));
  const made = names.flatMap((name, i) => [
    kind.create(name),
    ...(kind.alter?.(name) ?? []),
    `comment on ${kind.called(name)} is ${literal(`number ${i} "x" on ${name}`)}`,
  ]);
  const gone = (name: string): string => {
    const [, column] = /^column holder\.(.*)$/s.exec(kind.called(name)) ?? [];
    const [, constraint] = /^constraint (.*) on holder$/s.exec(kind.called(name)) ?? [];
    if (column !== undefined) return `alter table holder drop column ${column}`;
    if (constraint !== undefined) return `alter table holder drop constraint ${constraint}`;
    return `drop ${kind.called(name)}${kind.kind === 'schema' ? ' cascade' : ''}`;
  };
  const renamed = (name: string): string => quoteIdentifier(`${kind.kind} "2" ${name.slice(1, 9)}`.slice(0, 40));
  const renaming =
    kind.renames === false
      ? []
      : names
          .slice(0, 4)
          .map((name) => kind.rename?.(name, renamed(name)) ?? `alter ${kind.called(name)} rename to ${renamed(name)}`);
  const inBlock = names.slice(4).map((name) => `execute ${literal(`${gone(name)}; ${kind.create(name)}`)};`);
  return [
    ...(kind.setup === undefined ? [] : [kind.setup]),
    made.join(';\n-- create table "x" ;\n'),
    `do $do$ begin ${inBlock.join(' ')} end $do$`,
    renaming.join(' /* ; */ ; '),
    ...names.slice(4, 6).map(gone),
    `begin; ${gone(names[6] ?? '')}; savepoint s; ${gone(names[7] ?? '')}; rollback to s; commit`,
  ].filter((step) => step !== '');
}

/** What stands for no schema would meet the other cases: gone at the end. */
function cleaning({ kind }: Kind): string[] {
  if (kind === 'server') return ['drop foreign data wrapper odd_wrapper cascade'];
  return kind === 'foreign table' ? ['drop foreign data wrapper odd_wrapper_2 cascade'] : [];
}

/** Every kind of object under names that have to be quoted, several of a kind in one text. */
export const ODD_NAMES: readonly CommandCase[] = KINDS.map((kind) => ({
  name: `odd names: ${kind.kind}`,
  ...(kind.as === undefined ? {} : { as: kind.as }),
  steps: [...steps(kind), ...cleaning(kind)],
}));
