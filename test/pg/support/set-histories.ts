import { quoteLiteral } from '../../../src/sql/quote.ts';
import type { Random } from '../../support/random.ts';

/** A table of the differential test: how it looks on both sides, and what may happen to it. */
export interface HistoryTable {
  readonly name: string;
  readonly source: readonly string[];
  /** Where the target's differs. */
  readonly target?: readonly string[];
  /** Columns that only the target has are not compared with the source. */
  readonly columns: string;
  change(random: Random): string;
}

const KEYS = 40;
const key = (random: Random): number => random.int(1, KEYS);
const small = (random: Random): number => random.int(0, 9);
const long = (random: Random): string => `repeat('${random.pick(['ab', 'Ünï', "x\\''\""])}${random.int(0, 99)}', 900)`;

function choose(random: Random, ...ways: readonly (() => string)[]): string {
  return random.pick(ways)();
}

/** Few keys for many changes: inserts that meet a row leave it. */
const unlessThere = 'on conflict do nothing';

const ODD_TYPES = ['numeric', 'float8', 'timestamptz', 'int[]', 'bytea', 'jsonb', 'level', 'pair', 'int4range'];
/** Values at which a conversion would show, of these types. */
const ODD: readonly (readonly (string | null)[])[] = [
  ['NaN', 'NaN', 'infinity', '{1,null,3}', '\\x00ff5c', '{"a": "\\\\ \\" {"}', 'low', '(1,"a,b")', '[2,5)'],
  ['-Infinity', '-Infinity', '-infinity', '{}', '', 'null', 'high', '(,)', 'empty'],
  [
    '1.000',
    '-0',
    '0044-03-15 12:00:00.000001+00 BC',
    '[2:3]={7,8}',
    '\\x5c5c22',
    '[1.10, "tab\\t"]',
    'mid "q"',
    '(7,"")',
    '[1,1]',
  ],
  ODD_TYPES.map(() => null),
  ['1e-300', '5e-324', '2024-02-29 23:59:59.999999+00', '{NULL,2}', '\\x', '"\\\\N"', 'low', '(2,"\\\\\\\\")', '(,9]'],
];

function odd(random: Random): string {
  const literal = (value: string | null, i: number): string =>
    `${value === null ? 'null' : quoteLiteral(value)}::${ODD_TYPES[i]}`;
  return random.pick(ODD).map(literal).join(', ');
}

export const TYPES = [
  `create type level as enum ('low', 'mid "q"', 'high')`,
  'create type pair as (n int, t text)',
  'create domain amount as numeric check (value is distinct from 99)',
];

/** In the order in which they are made. */
export const HISTORY_TABLES: readonly HistoryTable[] = [
  {
    name: 'uniq',
    source: ['create table uniq (id int primary key, u int unique, v text)'],
    columns: 'id, u, v',
    change: (random) =>
      choose(
        random,
        () => `insert into uniq values (${key(random)}, ${key(random)}, 'n${small(random)}') ${unlessThere}`,
        () => `update uniq set v = v || '${small(random)}' where id % 3 = ${random.int(0, 2)}`,
        () => swap('uniq', 'u', 'id', random),
        () => swap('uniq', 'id', 'u', random),
        () => `delete from uniq where id = ${key(random)}`,
        () => again('uniq', key(random), "null, 'again'"),
      ),
  },
  {
    name: 'deferred',
    source: [
      'create table deferred (id int primary key deferrable, place int unique deferrable initially deferred, v int)',
      'alter table deferred replica identity full',
    ],
    columns: 'id, place, v',
    change: (random) =>
      choose(
        random,
        () => `insert into deferred select g, g, 0 from generate_series(1, ${key(random)}) g where not exists
                 (select from deferred d where g in (d.id, d.place))`,
        () => 'update deferred set id = id + 1',
        () => 'update deferred set place = (select max(place) + min(place) from deferred) - place',
        () => `update deferred set v = v + 1 where id % 2 = ${random.int(0, 1)}`,
        () => `delete from deferred where id > ${key(random)}`,
      ),
  },
  {
    name: 'toasted',
    source: [
      'create table toasted (id int primary key, n int, a text, b text, c text default null)',
      'alter table toasted alter a set storage external, alter b set storage external',
    ],
    columns: 'id, n, a, b, c',
    change: (random) =>
      choose(
        random,
        () => `insert into toasted values (${key(random)}, 0, ${long(random)}, ${long(random)}) ${unlessThere}`,
        () => `insert into toasted values (${key(random)}, 0, ${long(random)}, 'short') ${unlessThere}`,
        () => `update toasted set n = n + 1 where id % 4 <> ${random.int(0, 3)}`,
        () => `update toasted set a = ${long(random)} where id % 4 = ${random.int(0, 3)}`,
        () =>
          `update toasted set b = ${random.chance(0.3) ? 'null' : long(random)}, c = 'c' || n where id % 4 = ${random.int(0, 3)}`,
        () =>
          `update toasted set id = id + 100 where id = ${key(random)} and not exists (select from toasted t where t.id = toasted.id + 100)`,
        () => `delete from toasted where id % 7 = ${random.int(0, 6)}`,
        () => again('toasted', key(random), `1, ${long(random)}, ${long(random)}`),
      ),
  },
  {
    name: 'doubles',
    source: ['create table doubles (n numeric, f float8, t text)', 'alter table doubles replica identity full'],
    columns: 'n, f, t',
    change: (random) =>
      choose(
        random,
        () =>
          `insert into doubles select ${random.pick(['1.0', '1.00', "'NaN'", 'null'])}, ${random.pick(["'-0'", '0', "'NaN'"])}, 'x' from generate_series(1, 3)`,
        () => `update doubles set t = t || '${small(random)}' where ctid = (select min(ctid) from doubles)`,
        () => `delete from doubles where ctid in (select ctid from doubles limit 2)`,
        () => `update doubles set f = 1 where t = 'x'`,
      ),
  },
  {
    name: 'whole',
    source: ['create table whole (id int primary key, a text, b text)', 'alter table whole replica identity full'],
    columns: 'id, a, b',
    change: (random) =>
      choose(
        random,
        () => `insert into whole values (${key(random)}, 'a', ${long(random)}) ${unlessThere}`,
        () => `update whole set a = a || '${small(random)}' where id % 3 = ${random.int(0, 2)}`,
        () =>
          `update whole set id = id + 100 where id = ${key(random)} and not exists (select from whole t where t.id = whole.id + 100)`,
        () => `delete from whole where id % 5 = ${random.int(0, 4)}`,
      ),
  },
  {
    name: 'by_index',
    source: [
      'create table by_index (k text not null, l numeric not null, v int, w text)',
      'create unique index by_index_kl on by_index (l, k)',
      'alter table by_index replica identity using index by_index_kl',
    ],
    columns: 'k, l, v, w',
    change: (random) =>
      choose(
        random,
        () =>
          `insert into by_index values ('k"\\${key(random)}', ${random.pick(['1.0', '1.00', "'NaN'", '2'])}, 0) ${unlessThere}`,
        () =>
          `update by_index set v = v + 1, w = ${random.pick(["'null'", 'null', "'{,}'"])} where v % 3 = ${random.int(0, 2)}`,
        () => `update by_index set l = 1.00 where l = 1 and v % 2 = 1`,
        () => `delete from by_index where l = 2 or v > 4`,
      ),
  },
  {
    name: 'booked',
    source: ['create table booked (id int primary key, during int4range, v int, exclude using gist (during with &&))'],
    columns: 'id, during, v',
    change: (random) =>
      choose(
        random,
        () =>
          `insert into booked values (${key(random)}, int4range(${key(random) * 5}, ${key(random)} * 5 + 400)) ${unlessThere}`,
        () =>
          `insert into booked select g, int4range(g * 5, g * 5 + 5) from generate_series(1, ${key(random)}) g ${unlessThere}`,
        () =>
          `update booked set during = int4range(lower(during) + 1000, upper(during) + 1000) where id % 3 = ${random.int(0, 2)} and lower(during) < 500`,
        () =>
          `update booked set during = int4range(lower(during) - 1000, upper(during) - 1000) where lower(during) > 1000 and id % 2 = 0`,
        () => `update booked set v = coalesce(v, 0) + 1`,
        () => `delete from booked where id % 4 = ${random.int(0, 3)}`,
      ),
  },
  {
    name: 'computed',
    source: [
      `create table computed (id int generated always as identity primary key, a int, twice int generated always as (a * 2) stored,
         n int generated by default as identity)`,
    ],
    columns: 'id, a, twice, n',
    change: (random) =>
      choose(
        random,
        () => `insert into computed (a) select g from generate_series(1, ${small(random)}) g`,
        () => `update computed set a = a + 1 where id % 3 = ${random.int(0, 2)}`,
        () => `update computed set n = n + 1 where id % 3 = ${random.int(0, 2)}`,
        () => `delete from computed where id % 5 = ${random.int(0, 4)}`,
      ),
  },
  {
    name: 'spread',
    source: ['create table spread (id int, region int, v text, primary key (id, region))'],
    target: [
      'create table spread (id int, region int, v text, primary key (id, region)) partition by range (region)',
      'create table spread_low partition of spread for values from (minvalue) to (3)',
      'create table spread_high partition of spread for values from (3) to (maxvalue) partition by hash (id)',
      'create table spread_high_0 partition of spread_high for values with (modulus 2, remainder 0)',
      'create table spread_high_1 (v text, region int not null, id int not null, primary key (id, region))',
      'alter table spread_high attach partition spread_high_1 for values with (modulus 2, remainder 1)',
    ],
    columns: 'id, region, v',
    change: (random) =>
      choose(
        random,
        () => `insert into spread select g, g % 6, 'v' || g from generate_series(1, ${key(random)}) g ${unlessThere}`,
        () => `update spread set v = v || '!' where region = ${random.int(0, 5)}`,
        () => `update spread set region = (region + 3) % 6 where id % 4 = ${random.int(0, 3)}`,
        () => `delete from spread where region = ${random.int(0, 5)}`,
      ),
  },
  {
    name: 'wider',
    source: ['create table wider (id int primary key, a text, b int[], c bytea)'],
    target: [
      `create table wider (own text not null default 'mine', c bytea, b int[], counted int default 7, id int primary key, a text)`,
    ],
    columns: 'id, a, b, c',
    change: (random) =>
      choose(
        random,
        () =>
          `insert into wider select g, 'a' || g, array[g, null], decode(md5(g::text), 'hex') from generate_series(${key(random)}, ${KEYS}) g ${unlessThere}`,
        () =>
          `update wider set a = E'tab\\t, \\\\ and "', b = b || ${small(random)} where id % 3 = ${random.int(0, 2)}`,
        () =>
          `update wider set id = id + 100 where id = ${key(random)} and not exists (select from wider w where w.id = wider.id + 100)`,
        () => `delete from wider where id % 6 = ${random.int(0, 5)}`,
        () => again('wider', key(random), `'again', '{}', ''`),
      ),
  },
  {
    name: 'watched',
    source: ['create table watched (id int primary key, v int)'],
    target: [
      'create table watched (id int primary key, v int, seen int not null default 0)',
      `create function watch() returns trigger language plpgsql as $$ begin
         new.seen := case tg_op when 'INSERT' then 1 else old.seen + 1 end; return new; end $$`,
      'create trigger watch before insert or update on watched for each row execute function watch()',
      'alter table watched enable always trigger watch',
    ],
    columns: 'id, v',
    change: (random) =>
      choose(
        random,
        () => `insert into watched select g, 0 from generate_series(1, ${key(random)}) g ${unlessThere}`,
        () => 'update watched set v = v + 1',
        () => `delete from watched where id % 3 = ${random.int(0, 2)}`,
      ),
  },
  {
    name: 'parent',
    source: ['create table parent (id int primary key, v int)'],
    columns: 'id, v',
    change: (random) =>
      choose(
        random,
        () => `insert into parent select g, 0 from generate_series(1, ${key(random)}) g ${unlessThere}`,
        () => `update parent set v = v + 1 where id % 2 = ${random.int(0, 1)}`,
        () =>
          `update parent set id = id + 100 where id = ${key(random)} and not exists (select from parent p where p.id = parent.id + 100)`,
        () => `delete from parent where id % 5 = ${random.int(0, 4)}`,
      ),
  },
  {
    name: 'child',
    source: [
      `create table child (id int primary key, parent int references parent on delete cascade on update cascade,
         other int references parent on delete set null deferrable initially deferred)`,
    ],
    columns: 'id, parent, other',
    change: (random) =>
      choose(
        random,
        () => `insert into child select id, id, id from parent where id % 3 = ${random.int(0, 2)} ${unlessThere}`,
        () => `update child set other = null where id % 4 = ${random.int(0, 3)}`,
        () => `delete from child where id % 5 = ${random.int(0, 4)}`,
      ),
  },
  {
    name: 'typed',
    source: [
      `create table typed (id int primary key, n numeric, f float8, at timestamptz, list int[], raw bytea, doc jsonb, l level, p pair, r int4range,
         sum amount, pairs pair[], flags bit(3), span interval, who inet)`,
    ],
    columns: 'id, n, f, at, list, raw, doc, l, p, r, sum, pairs, flags, span, who',
    change: (random) =>
      choose(
        random,
        () => `insert into typed select g, ${odd(random)}, ${random.pick(['1.50', 'null'])}, array[row(1, 'a"b')::pair], b'101', interval '1 mon -1 day', inet '::1/64'
                 from generate_series(${key(random)}, ${KEYS}) g ${unlessThere}`,
        () =>
          `update typed set (n, f, at, list, raw, doc, l, p, r) = row (${odd(random)}) where id % 3 = ${random.int(0, 2)}`,
        () =>
          `update typed set sum = coalesce(sum, 0) + 0.10, pairs = pairs || row(null, '')::pair where id % 2 = ${random.int(0, 1)}`,
        () => `delete from typed where id % 4 = ${random.int(0, 3)}`,
      ),
  },
  {
    name: 'keyed',
    source: ['create table keyed (k numeric primary key, v text)'],
    columns: 'k, v',
    change: (random) =>
      choose(
        random,
        () =>
          `insert into keyed values (${random.pick(['1', '1.0', '1.00', "'NaN'", '2', '2.0', "'infinity'", '0', '-0.0'])}, 'n') ${unlessThere}`,
        () => `update keyed set k = ${random.pick(['1.000', '1'])} where k = 1`,
        () => `update keyed set v = v || '+'`,
        () => `delete from keyed where k = ${random.pick(['1', '2', "'NaN'", '0'])}`,
      ),
  },
];

/** Two rows change a value over by way of a third. */
function swap(name: string, column: string, order: string, random: Random): string {
  const offset = random.int(0, 5);
  return `do $$ declare one int; two int; begin
      select ${column} into one from ${name} where ${column} is not null order by ${order} limit 1 offset ${offset};
      select ${column} into two from ${name} where ${column} is not null order by ${order} limit 1 offset ${offset + 1};
      update ${name} set ${column} = -1 where ${column} = one;
      update ${name} set ${column} = one where ${column} = two;
      update ${name} set ${column} = two where ${column} = -1;
    end $$`;
}

/** Insert, delete and insert of one key, or delete and insert, as it finds the row. */
function again(name: string, id: number, values: string): string {
  return `insert into ${name} values (${id}, ${values}) ${unlessThere}; delete from ${name} where id = ${id}; insert into ${name} values (${id}, ${values}) ${unlessThere}`;
}

/** The transactions of one history: each a list of statements that belong together. */
export function history(random: Random): string[][] {
  const few = random.shuffle([...HISTORY_TABLES]).slice(0, random.int(1, 6));
  const steps = (): string[] => {
    const tables = random.chance(0.1) ? HISTORY_TABLES : few;
    return Array.from({ length: random.int(1, 10) }, () => random.pick(tables).change(random));
  };
  return Array.from({ length: random.int(2, 12) }, steps);
}
