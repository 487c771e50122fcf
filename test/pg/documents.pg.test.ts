import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DocumentCodec } from '../../src/documents/rows/document-codec.ts';
import { builtinType } from '../../src/documents/types/builtin-types.ts';
import { TypeResolver } from '../../src/documents/types/type-resolver.ts';
import type { ValueType } from '../../src/documents/types/value-type.ts';
import { rangeFieldWriter, valueWriter, type ValueWriter } from '../../src/documents/values/value-writer.ts';
import { CatalogTypes } from '../../src/listener/postgres/type-source.ts';
import { GrowingBuffer } from '../../src/postgres/growing-buffer.ts';
import { tableMapping } from '../../src/processor/search/mapping/table-mapping.ts';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { copiedDocuments, readingClient, streamedDocuments } from '../support/documents.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { NOT_FOR_COLUMNS, TYPE_VALUES } from './support/type-values.ts';

const USER_TYPES = `
create extension hstore;
create extension citext;
create type mood as enum ('sad', 'o"k, \\');
create domain positive as int check (value > 0);
create type inner_part as (x text, y jsonb);
create type part as ("a b" text, n positive, tags text[], inside inner_part, flag boolean);
create domain parts as part[];
create type textrange as range (subtype = text);
create type floatrange as range (subtype = float8);
create type moods as (list mood[]);
create type hidden as (a int, gone text, b int);
alter type hidden drop attribute gone;`;

function written(write: ValueWriter, text: string): string {
  const out = new GrowingBuffer(16);
  const bytes = Buffer.from(text);
  write(bytes, 0, bytes.length, out);
  return out.bytes.toString('utf8', 0, out.length);
}

/** How the server makes the value anew from our JSON; `$` is the JSON, as a jsonb scalar's text. */
const BACK: Readonly<Record<string, string>> = {
  bytea: `decode($, 'base64')`,
  point: `replace(substr($, 7), ' ', ',')`,
  money: `$::numeric::money`,
};

/** ISO's years to those that PostgreSQL reads. */
function readable(iso: string): string {
  const match = /^([+-])(\d+)(-.*)$/.exec(iso);
  if (match === null) return iso.startsWith('0000-') ? `0001${iso.slice(4)} BC` : iso;
  const [, sign = '', year = '', rest = ''] = match;
  return sign === '+' ? `${year}${rest}` : `${String(Number(year) + 1).padStart(4, '0')}${rest} BC`;
}

const text = fc.string({
  unit: fc.constantFrom('a', ' ', '"', '\\', ',', '{', '}', '(', ')', 'é', '\n', "'", 'N', '[', '=>', ''),
  maxLength: 6,
});
const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value);
const sql = (value: string | null, type: string): string =>
  value === null ? `null::${type}` : `${quoteLiteral(value)}::${type}`;
const sqlArray = (items: readonly string[], type: string): string => `array[${items.join(', ')}]::${type}`;

const textArray = fc.oneof(
  fc.array(nullable(text), { maxLength: 4 }).map((items) =>
    sqlArray(
      items.map((item) => sql(item, 'text')),
      'text[]',
    ),
  ),
  fc.array(fc.array(nullable(text), { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 2 }).map((rows) =>
    sqlArray(
      rows.map((row) =>
        sqlArray(
          row.map((item) => sql(item, 'text')),
          'text[]',
        ),
      ),
      'text[]',
    ),
  ),
  fc.constant(`'[0:1][5:6]={{1,2},{3,"4 4"}}'::text[]`),
);
const json = fc.json({ maxDepth: 2 }).filter((value) => !value.includes('\\u0000'));
const inner = fc
  .tuple(nullable(text), nullable(json))
  .map(([x, y]) => `row(${sql(x, 'text')}, ${sql(y === null ? null : y, 'jsonb')})::inner_part`);
const part = fc
  .tuple(
    nullable(text),
    nullable(fc.integer({ min: 1, max: 9 })),
    nullable(textArray),
    nullable(inner),
    nullable(fc.boolean()),
  )
  .map(
    ([a, n, tags, inside, flag]) =>
      `row(${sql(a, 'text')}, ${n === null ? 'null' : n}, ${tags ?? 'null'}, ${inside ?? 'null'}, ${flag})::part`,
  );
const PROPERTIES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'text[]': textArray,
  'boolean[]': fc.array(nullable(fc.boolean())).map((items) => sqlArray(items.map(String), 'boolean[]')),
  'bigint[]': fc.array(nullable(fc.integer())).map((items) => sqlArray(items.map(String), 'bigint[]')),
  'jsonb[]': fc.array(nullable(json)).map((items) =>
    sqlArray(
      items.map((item) => sql(item, 'jsonb')),
      'jsonb[]',
    ),
  ),
  part,
  'part[]': fc.array(nullable(part), { maxLength: 3 }).map((items) =>
    sqlArray(
      items.map((item) => item ?? 'null'),
      'part[]',
    ),
  ),
  parts: fc.array(part, { maxLength: 2 }).map((items) => sqlArray(items, 'part[]::parts')),
  moods: fc.constantFrom(
    `row(array['sad', null, ${quoteLiteral('o"k, \\')}]::mood[])::moods`,
    'row(null)::moods',
    `row('{}')::moods`,
  ),
  hidden: fc.tuple(fc.integer(), nullable(fc.integer())).map(([a, b]) => `row(${a}, ${b})::hidden`),
  hstore: fc.dictionary(text, nullable(text)).map((pairs) => {
    const keys = sqlArray(
      Object.keys(pairs).map((key) => sql(key, 'text')),
      'text[]',
    );
    return `hstore(${keys}, ${sqlArray(
      Object.values(pairs).map((value) => sql(value, 'text')),
      'text[]',
    )})`;
  }),
};

const bound = (value: fc.Arbitrary<string>): fc.Arbitrary<string | null> => nullable(value);
const flags = fc.constantFrom('[]', '[)', '(]', '()');
const ranges = (type: string, value: fc.Arbitrary<string>, subtype: string): fc.Arbitrary<string> =>
  fc.tuple(bound(value), bound(value), flags).map(([a, b, kind]) => {
    const [lower, upper] = [sql(a, subtype), sql(b, subtype)];
    return `${type}(least(${lower}, ${upper}, case when ${a === null} then null else ${lower} end), ${
      b === null ? upper : `greatest(${lower}, ${upper})`
    }, '${kind}')`;
  });
const day = fc.integer({ min: -800_000, max: 800_000 }).map((days) => `${days}`);
const RANGES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  int4range: ranges('int4range', fc.integer({ min: -50, max: 50 }).map(String), 'int4'),
  int8range: ranges('int8range', fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map(String), 'int8'),
  numrange: ranges(
    'numrange',
    fc.integer({ min: -1000, max: 1000 }).map((cents) => (cents / 8).toFixed(3)),
    'numeric',
  ),
  floatrange: ranges(
    'floatrange',
    fc.integer({ min: -99, max: 99 }).map((value) => String(value / 4)),
    'float8',
  ),
  daterange: day.map((days) => `daterange('2000-01-01'::date + ${days}, '2000-01-01'::date + ${days} + 9)`),
  tsrange: day.map(
    (days) => `tsrange('2000-01-01'::timestamp + '${days} hours', '2000-01-01'::timestamp + '${days} hours 1s')`,
  ),
  tstzrange: day.map((days) => `tstzrange('2000-01-01'::timestamptz + '${days} hours', null, '(]')`),
};

describe.each(testMajors())('documents of PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let client: pg.Client;
  let resolver: TypeResolver;

  beforeAll(async () => {
    pair = await testDatabases({ major });
    await pair.source.query(USER_TYPES);
    client = await readingClient(pair.source);
    await client.query('set search_path = public');
    resolver = new TypeResolver(new CatalogTypes(pair.source.url(), new AbortController().signal));
  });
  afterAll(async () => {
    await client.end();
    await pair.dispose();
  });

  async function typeNamed(name: string): Promise<ValueType> {
    const oid = Number(await pair.source.value('select $1::regtype::oid', [name]));
    const type = (await resolver.resolve([oid])).get(oid);
    if (type === undefined) throw new Error(`no answer for ${name}`);
    return type;
  }

  async function rows<T>(query: string): Promise<T[]> {
    return (await client.query(query)).rows as T[];
  }

  it('knows every built-in type of a column, its arrays, ranges and delimiters', async () => {
    const types = await rows<{
      name: string;
      oid: string;
      array: string;
      delimiter: string;
      subtype: string | null;
      kind: string;
    }>(
      `select t.typname as name, t.oid::text, t.typarray::text as array, t.typdelim as delimiter, t.typtype as kind,
         (select rngsubtype::text from pg_range where t.oid in (rngtypid, rngmultitypid)) as subtype
       from pg_type t where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
         and not (typname = any ('{${NOT_FOR_COLUMNS.join(',')}}')) order by t.oid`,
    );
    expect(types.length).toBeGreaterThan(70);
    for (const { name, oid, array, delimiter, subtype, kind } of types) {
      const type = builtinType(Number(oid));
      expect(type, name).toBeDefined();
      expect(builtinType(Number(array)), `${name}[]`).toEqual({ kind: 'array', element: type, delimiter });
      if (subtype === null) continue;
      expect(type, name).toEqual({
        kind: kind === 'r' ? 'range' : 'multirange',
        subtype: builtinType(Number(subtype)),
      });
    }
    // Names say what they are, where kind and name agree.
    for (const { name, oid } of types) {
      if (
        ['uuid', 'date', 'timestamp', 'timestamptz', 'json', 'jsonb', 'bytea', 'inet', 'numeric', 'money'].includes(
          name,
        )
      ) {
        expect(builtinType(Number(oid))?.kind).toBe(name);
      }
    }
  });

  it('describes types of users down to what they are made of', async () => {
    const innerPart: ValueType = {
      kind: 'composite',
      fields: [
        { name: 'x', type: { kind: 'text' } },
        { name: 'y', type: { kind: 'jsonb' } },
      ],
    };
    const partType: ValueType = {
      kind: 'composite',
      fields: [
        { name: 'a b', type: { kind: 'text' } },
        { name: 'n', type: { kind: 'domain', base: { kind: 'integer' } } },
        { name: 'tags', type: { kind: 'array', element: { kind: 'text' }, delimiter: ',' } },
        { name: 'inside', type: innerPart },
        { name: 'flag', type: { kind: 'boolean' } },
      ],
    };
    expect(await typeNamed('parts')).toEqual({
      kind: 'domain',
      base: { kind: 'array', element: partType, delimiter: ',' },
    });
    const mood = await typeNamed('mood');
    expect(mood.kind === 'enum' && Object.values(mood.labels)).toEqual(['sad', 'o"k, \\']);
    expect(await typeNamed('textrange')).toEqual({ kind: 'range', subtype: { kind: 'text' } });
    expect(await typeNamed('textmultirange')).toEqual({ kind: 'multirange', subtype: { kind: 'text' } });
    expect(await typeNamed('hstore')).toEqual({ kind: 'hstore' });
    expect(await typeNamed('citext[]')).toEqual({ kind: 'array', element: { kind: 'citext' }, delimiter: ',' });
    expect(await resolver.resolve([999_999])).toEqual(new Map([[999_999, { kind: 'other' }]]));
  });

  it('asks again after it was told to forget', async () => {
    await pair.source.query(`create type level as enum ('low')`);
    const before = await typeNamed('level');
    await pair.source.query(`alter type level rename value 'low' to 'lowest'`);
    expect(await typeNamed('level')).toEqual(before);
    resolver.forget();
    const after = await typeNamed('level');
    expect(after.kind === 'enum' && Object.values(after.labels)).toEqual(['lowest']);
  });

  it('writes every built-in value so that the server reads the same value in it', async () => {
    const types = await rows<{ name: string; type: string; oid: string; kind: string }>(
      `select typname as name, oid::regtype::text as type, oid::text, typtype as kind from pg_type
       where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
         and not (typname = any ('{${NOT_FOR_COLUMNS.join(',')}}')) order by oid`,
    );
    const failures: string[] = [];
    let checked = 0;
    for (const { name, type, oid } of types) {
      const values = (TYPE_VALUES[name] ?? []).map((value) => `(${sql(value, type)})`);
      const valueType = builtinType(Number(oid));
      if (valueType === undefined || values.length === 0) throw new Error(`no values of ${name}`);
      const texts = await rows<{ v: string }>(`select v from (values ${values.join(', ')}) as t (v)`);
      for (const { v } of texts) {
        const ours = written(valueWriter(valueType), v);
        const scalar = JSON.parse(ours) as unknown;
        const plain = typeof scalar === 'string' ? readable(scalar) : ours;
        const back = ['json', 'jsonb'].includes(name)
          ? quoteLiteral(ours)
          : (BACK[name] ?? '$').replace('$', () => quoteLiteral(plain));
        // "char" as a text with a backslash is read as one character from version 16 on.
        const [row] = await rows<{ same: string }>(
          `select (${back}::${type}::text = ${sql(v, type)}::text)::text as same`,
        );
        checked++;
        if (row?.same !== 'true') failures.push(`${name}: ${v} → ${ours}`);
      }
    }
    expect(failures).toEqual([]);
    expect(checked).toBeGreaterThan(200);
  });

  it.each(Object.keys(PROPERTIES))('writes %s as the server itself would', async (name) => {
    const values = fc.sample(PROPERTIES[name] as fc.Arbitrary<string>, { numRuns: 300, seed: 11 });
    const theirs = name === 'hstore' ? 'hstore_to_jsonb(v)' : 'to_jsonb(v)';
    const write = valueWriter(await typeNamed(name));
    const list = values.map((value) => `(${value})`).join(',\n');
    for (const { v, j } of await rows<{ v: string; j: string }>(
      `select v::text as v, ${theirs}::text as j from (values ${list}) as t (v)`,
    )) {
      expect(JSON.parse(written(write, v)), v).toEqual(JSON.parse(j));
    }
  });

  it.each(Object.keys(RANGES))('writes %s with the bounds that the server tells', async (name) => {
    const values = fc.sample(RANGES[name] as fc.Arbitrary<string>, { numRuns: 200, seed: 12 });
    const write = rangeFieldWriter(await typeNamed(name));
    if (write === null) throw new Error(`${name} has no form for an index`);
    const list = values.map((value) => `(${value})`).join(',\n');
    const key = (side: string, open: string, closed: string): string =>
      `case when ${side}_inc(v) then '${closed}' else '${open}' end, to_jsonb(${side}(v)) #>> '{}'`;
    const found = await rows<{ v: string; j: string }>(
      `select v::text as v, (case when isempty(v) then '[]'::jsonb
         else jsonb_strip_nulls(jsonb_build_object(${key('lower', 'gt', 'gte')}, ${key('upper', 'lt', 'lte')})) end)::text as j
       from (values ${list}) as t (v)`,
    );
    for (const { v, j } of found) {
      const ours = JSON.parse(written(write, v)) as Record<string, string>;
      const theirs = JSON.parse(j) as Record<string, string>;
      expect(Array.isArray(ours) ? ours : plainBounds(ours), v).toEqual(
        Array.isArray(theirs) ? theirs : plainBounds(theirs),
      );
    }
  });

  it('makes the same documents of the same rows, whether they are streamed or copied', async () => {
    const types = await rows<{ name: string; type: string; oid: string; array: string }>(
      `select typname as name, oid::regtype::text as type, oid::text, typarray::text as array from pg_type
       where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
         and not (typname = any ('{${NOT_FOR_COLUMNS.join(',')}}')) order by oid`,
    );
    const columns = types.flatMap(({ name, type, oid, array }) => [
      { name, type, oid: Number(oid), values: TYPE_VALUES[name] ?? [] },
      { name: `${name}[]`, type: `${type}[]`, oid: Number(array), values: TYPE_VALUES[name] ?? [], element: type },
    ]);
    await pair.source.query(
      `create table everything (${columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ')})`,
    );
    await pair.source.query('create publication everything for table everything');
    const slot = `${pair.source.name}_documents`;
    await pair.source.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    const longest = Math.max(...columns.map(({ values }) => values.length));
    for (let row = 0; row <= longest; row++) {
      const values = columns.map(({ values: all, type, element }) => {
        if (row === longest) return 'null';
        if (element === undefined) return sql(all[row % all.length] ?? '', type);
        return `array[null, ${all.map((value) => sql(value, element)).join(', ')}]`;
      });
      await pair.source.query(`insert into everything values (${values.join(', ')})`);
    }
    const mapping = tableMapping({
      tableId: '0123456789abcdef',
      fields: 'ids',
      columns: columns.map(({ name, oid }, i) => ({ num: i + 1, name, type: builtinType(oid) ?? { kind: 'other' } })),
    });
    const codec = new DocumentCodec(mapping.columns);
    const streamed = await streamedDocuments(client, slot, 'everything', codec);
    const copied = await copiedDocuments(client, 'everything', codec, columns.length);
    expect(streamed.length).toBe(longest + 1);
    expect(copied).toEqual(streamed);
    for (const document of streamed) {
      const keys = Object.keys(JSON.parse(document) as object);
      const absent = mapping.columns.filter(
        ({ key, rawKey }) => !keys.includes(key) && !(rawKey !== undefined && keys.includes(rawKey)),
      );
      expect(absent).toEqual([]);
    }
  });
});

/** As the server prints dates and times, without a zone and a fraction. */
function plainBounds(bounds: Record<string, string>): Record<string, string> {
  const plain = (value: string): string =>
    /^[+-]?\d+-\d\d-\d\d/.test(value)
      ? readable(value)
          .replace(/\.\d+/, '')
          .replace(/Z|\+00:00/, '')
          .replace('T', ' ')
      : value;
  return Object.fromEntries(Object.entries(bounds).map(([side, value]) => [side, plain(value)]));
}
