import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DocumentCodec } from '../../src/documents/rows/document-codec.ts';
import { JsonMembers } from '../../src/documents/rows/json-members.ts';
import { TypeResolver } from '../../src/documents/types/type-resolver.ts';
import type { ValueType } from '../../src/documents/types/value-type.ts';
import { CatalogTypes } from '../../src/listener/postgres/type-source.ts';
import { GrowingBuffer } from '../../src/postgres/growing-buffer.ts';
import { fieldName } from '../../src/processor/search/mapping/field-names.ts';
import {
  tableMapping,
  type FieldOptions,
  type TableMapping,
} from '../../src/processor/search/mapping/table-mapping.ts';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { NOT_FOR_COLUMNS, TYPE_VALUES } from '../pg/support/type-values.ts';
import { sharedOpenSearch } from '../support/broker.ts';
import { copiedDocuments, readingClient } from '../support/documents.ts';
import { dropIndexes, uniquePrefix, type SharedNode } from '../support/opensearch/index.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';

const TABLE_ID = '0123456789abcdef';

const USER_TYPES = `
create extension hstore;
create extension citext;
create type mood as enum ('sad', 'ok');
create domain positive as int check (value > 0);
create type part as (n positive, tags text[]);
create type textrange as range (subtype = text);
create type floatrange as range (subtype = float8)`;

/** Values of the users' types, and those of built-in ones at which an index could stumble. */
const MORE_VALUES: Readonly<Record<string, readonly string[]>> = {
  hstore: [`'a=>1, b=>NULL'`, `''`, `hstore('k', repeat('v', 40000))`],
  citext: [`'Hello'`],
  mood: [`'sad'`],
  positive: ['7'],
  part: [`row(1, array['x', null])`, 'null'],
  'part[]': [`array[row(1, array['y'])]::part[]`],
  textrange: [`textrange('a', 'b')`],
  floatrange: [`floatrange(1, 2, '()')`],
  '"jsonb[]"': [`array['{"a": 1}', null, '[]']::jsonb[]`, `array['1']::jsonb[]`],
  '"json"': [
    `(select ('{"a":' || repeat('[', 400) || repeat(']', 400) || '}')::json)`,
    `json_build_object('k', repeat('x', 40000))`,
    `json_build_object(repeat('k', 40000), 1)`,
    `('{"n": ' || repeat('1', 2000) || '}')::json`,
    `'[{"a": 1}, {"a": 2}]'`,
    `E'{"a": \\n\\r\\n [1, "\\\\ud83d\\\\ude00"]}'`,
    `'{"": {".": {"a..b": [null, {}, []]}}}'`,
  ],
  '"text"': [`repeat('word ', 20000)`, `repeat('é', 40000)`],
  '"bytea"': [`decode(repeat('00ff', 30000), 'hex')`],
  '"varbit"': [`repeat('01', 20000)::varbit`],
  '"tsvector"': [`array_to_tsvector((select array_agg('w' || i) from generate_series(1, 5000) as i))`],
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly values: readonly string[];
}

interface Hit {
  readonly _id: string;
  readonly sort?: readonly unknown[];
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
}

interface Found {
  readonly hits: { readonly hits: readonly Hit[] };
  readonly aggregations?: { readonly groups: { readonly buckets: readonly unknown[] } };
}

describe('documents on a real node', () => {
  let pair: DatabasePair;
  let client: pg.Client;
  let node: SharedNode;
  const prefix = uniquePrefix();

  beforeAll(async () => {
    [pair, node] = await Promise.all([testDatabases(), sharedOpenSearch('2')]);
    await pair.source.query(USER_TYPES);
    client = await readingClient(pair.source);
    await client.query('set search_path = public');
  });
  afterAll(async () => {
    await client.end();
    await dropIndexes(node, prefix);
    await pair.dispose();
  });

  async function request(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const lines = typeof body === 'string';
    const response = await fetch(`${node.url}${path}`, {
      method,
      headers: { 'content-type': lines ? 'application/x-ndjson' : 'application/json' },
      ...(body === undefined ? {} : { body: lines ? body : JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  async function search(index: string, body: object): Promise<{ hits: readonly Hit[]; text: string }> {
    const { status, text } = await request('POST', `/${index}/_search`, { size: 100, ...body });
    expect(status, `${JSON.stringify(body)}: ${text.slice(0, 500)}`).toBe(200);
    const { hits } = (JSON.parse(text) as { hits: { hits: readonly Hit[] } }).hits;
    return { hits, text };
  }

  /** Many searches at once, each answer as it would be alone. */
  async function searchAll<T>(index: string, bodies: readonly object[]): Promise<readonly T[]> {
    const lines = bodies.map((body) => `{}\n${JSON.stringify({ size: 100, _source: false, ...body })}\n`).join('');
    const { status, text } = await request('POST', `/${index}/_msearch`, lines);
    expect(status, text.slice(0, 500)).toBe(200);
    const { responses } = JSON.parse(text) as { responses: readonly (T & { error?: unknown })[] };
    for (const [i, { error }] of responses.entries()) expect(error, JSON.stringify(bodies[i])).toBeUndefined();
    return responses;
  }

  /** Makes the table's index as the daemon does, and puts a document for each row into it; its id is the row's number. */
  async function indexed(
    table: string,
    index: string,
    fields: 'ids' | 'names',
    options: Readonly<Record<string, FieldOptions>> = {},
  ): Promise<{ mapping: TableMapping; documents: readonly string[] }> {
    const attributes = (
      await client.query<{ num: string; name: string; oid: string }>(
        `select attnum::text as num, attname as name, atttypid::text as oid from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
        [table],
      )
    ).rows;
    const resolver = new TypeResolver(new CatalogTypes(pair.source.url(), new AbortController().signal));
    const types = await resolver.resolve(attributes.map(({ oid }) => Number(oid)));
    const columns = attributes.map(({ num, name, oid }) => {
      const chosen = options[name];
      const type = types.get(Number(oid)) ?? { kind: 'other' as const };
      return { num: Number(num), name, type, ...(chosen === undefined ? {} : { options: chosen }) };
    });
    const mapping = tableMapping({ tableId: TABLE_ID, columns, fields });
    const made = await request('PUT', `/${index}`, {
      settings: { number_of_replicas: 0, ...mapping.settings },
      mappings: mapping.mappings,
    });
    expect(made.status, made.text).toBe(200);
    const documents = await copiedDocuments(client, table, new DocumentCodec(mapping.columns), columns.length);
    for (const [id, document] of documents.entries()) {
      const lines = `${JSON.stringify({ index: { _index: index, _id: String(id) } })}\n${document}\n`;
      const { text } = await request('POST', '/_bulk', lines);
      const [item] = (JSON.parse(text) as { items: [{ index: { status: number; error?: unknown } }] }).items;
      expect(item.index.status, JSON.stringify(item.index.error)).toBe(201);
    }
    await request('POST', `/${index}/_refresh`);
    return { mapping, documents };
  }

  async function allTypes(): Promise<Column[]> {
    const { rows } = await client.query<{ name: string; type: string }>(
      `select typname as name, oid::regtype::text as type from pg_type
       where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm') and typcategory <> 'A'
         and not (typname = any ('{${NOT_FOR_COLUMNS.join(',')}}')) order by oid`,
    );
    return [
      ...rows.flatMap(({ name, type }) => {
        const values = (TYPE_VALUES[name] ?? []).map((value) => `${quoteLiteral(value)}::${type}`);
        return [
          { name, type, values: [...values, ...(MORE_VALUES[`"${name}"`] ?? [])] },
          {
            name: `${name}[]`,
            type: `${type}[]`,
            values: [`array[null, ${values.join(', ')}]`, `array[]::${type}[]`, ...(MORE_VALUES[`"${name}[]"`] ?? [])],
          },
        ];
      }),
      ...Object.entries(MORE_VALUES)
        .filter(([type]) => !type.startsWith('"'))
        .map(([type, values]) => ({ name: type, type, values })),
    ];
  }

  async function makeTable(name: string, columns: readonly Column[]): Promise<void> {
    const definitions = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`);
    await client.query(`create table ${name} (${definitions.join(', ')})`);
    const rows = Math.max(...columns.map(({ values }) => values.length));
    for (let row = 0; row < rows; row++) {
      const values = columns.map(({ values: all }) => all[row % all.length] ?? 'null');
      await client.query(`insert into ${name} values (${values.join(', ')})`);
    }
    await client.query(`insert into ${name} default values`);
  }

  describe('every type', () => {
    let columns: Column[];
    let mapping: TableMapping;
    let documents: readonly string[];
    const index = `${prefix}-types`;

    beforeAll(async () => {
      columns = await allTypes();
      await makeTable('everything', columns);
      ({ mapping, documents } = await indexed('everything', index, 'ids'));
    });

    it('is kept to the byte', async () => {
      for (const [id, document] of documents.entries()) {
        const { text } = await request('GET', `/${index}/_doc/${id}`);
        expect(JsonMembers.of(Buffer.from(text)).raw('_source')?.toString()).toBe(document);
      }
    });

    /** The name under which a column can be sorted and grouped, and the type of what it leads to. */
    function exact(name: string): { name: string; type: string } | undefined {
      const { properties } = mapping.mappings;
      const target = (alias: string): FieldOptions | undefined => {
        const [field = '', sub] = String(properties[alias]?.['path']).split('.');
        const found = properties[field];
        return sub === undefined ? found : ((found?.['fields'] as Record<string, FieldOptions>)[sub] as FieldOptions);
      };
      const sorted = ['keyword', 'long', 'double', 'float', 'date', 'boolean', 'ip'];
      for (const alias of [name, `${name}__keyword`, `${name}__text`]) {
        const field = target(alias);
        const type = String(field?.['type']);
        if (sorted.includes(type) && field?.['doc_values'] !== false) return { name: alias, type };
      }
      return undefined;
    }

    /** What an index has no order for. */
    const UNORDERED = ['json', 'jsonb', 'bytea', 'tsvector', 'hstore', 'part'];

    it('is sorted, grouped and fetched by the name of its column', async () => {
      const fetched = await searchAll<Found>(
        index,
        columns.map(({ name }) => ({ fields: [name, `${name}__raw`] })),
      );
      for (const [i, { name }] of columns.entries()) {
        const values = fetched[i]?.hits.hits.flatMap(({ fields = {} }) => fields[name] ?? fields[`${name}__raw`] ?? []);
        expect(values?.length, `${name} is fetched`).toBeGreaterThan(0);
        expect(exact(name) === undefined, name).toBe(UNORDERED.includes(name.replace('[]', '')));
      }
      const ordered = columns.flatMap(({ name }) => exact(name)?.name ?? []);
      const found = await searchAll<Found>(
        index,
        ordered.map((name) => ({
          sort: [{ [name]: { order: 'desc', missing: '_last' } }],
          aggs: { groups: { terms: { field: name } } },
        })),
      );
      for (const [i, name] of ordered.entries()) {
        expect(found[i]?.hits.hits[0]?.sort?.[0], `${name} is sorted`).not.toBeNull();
        expect(found[i]?.aggregations?.groups.buckets.length, `${name} is grouped`).toBeGreaterThan(0);
      }
    });

    it('is found by its values', async () => {
      const rows = documents.map((document) => JSON.parse(document) as Record<string, unknown>);
      for (const [i, { name }] of columns.entries()) {
        const alias = exact(name);
        const column = mapping.columns[i];
        if (alias === undefined || column === undefined) continue;
        const key = (alias.name.endsWith('__text') ? column.textKey : column.key) ?? '';
        const seen = new Set<unknown>();
        const wanted = rows.flatMap((row, id) => {
          const value = firstScalar(row[key]);
          if (value === undefined || seen.has(value) || !isIndexed(alias.type, value)) return [];
          seen.add(value);
          return [{ id: String(id), value }];
        });
        expect(wanted.length, `${name} is searched`).toBeGreaterThan(0);
        const found = await searchAll<Found>(
          index,
          wanted.map(({ value }) => ({
            query:
              alias.type === 'date'
                ? { range: { [alias.name]: { gte: value, lte: value } } }
                : { term: { [alias.name]: value } },
          })),
        );
        for (const [n, { id, value }] of wanted.entries()) {
          const ids = found[n]?.hits.hits.map(({ _id }) => _id);
          expect(ids, `${name} = ${String(value).slice(0, 50)}`).toContain(id);
        }
      }
    });

    const CASES: readonly (readonly [title: string, query: object, column: string, value: string])[] = [
      ['NaN', { term: { numeric__text: 'NaN' } }, 'numeric__text', 'NaN'],
      ['infinity', { term: { float8__text: '-Infinity' } }, 'float8__text', '-Infinity'],
      ['exact decimals', { term: { numeric__keyword: '1.00' } }, 'numeric', '1.00'],
      ['an endless date', { term: { timestamptz__text: 'infinity' } }, 'timestamptz__text', 'infinity'],
      ['years BC', { range: { date: { lt: '-3000-01-01' } } }, 'date', '-4712-01-01'],
      [
        'years above 9999',
        { range: { timestamp: { gt: '+200000-01-01T00:00:00' } } },
        'timestamp',
        '+294276-12-31T23:59:59.999999',
      ],
      ['what lies in a range', { term: { int4range: 3 } }, 'int4range__text', '[1,5)'],
      ['what lies in one of several', { term: { int4multirange: 8 } }, 'int4multirange__text', '{[1,5),[7,9)}'],
      ['a date in a range', { term: { daterange: '2024-01-15' } }, 'daterange__text', '[2024-01-01,2024-02-03)'],
      ['an empty range', { term: { numrange__text: 'empty' } }, 'numrange__text', 'empty'],
      ['an address of a network', { term: { cidr: '10.1.2.3' } }, 'cidr', '10.0.0.0/8'],
      ['an address with its network', { term: { inet__text: '192.168.1.5/24' } }, 'inet', '192.168.1.5'],
      ['an address by its network', { term: { inet: '192.168.1.0/24' } }, 'inet', '192.168.1.5'],
      ['a lexeme', { term: { tsvector: 'fat' } }, 'tsvector', `'a':1A 'cat':5 'fat':2B,4C`],
      ['a lexeme of two words', { match: { tsvector: 'x y' } }, 'tsvector', `'it''s' 'x y':3`],
      ['any case of citext', { term: { citext__keyword: 'HELLO' } }, 'citext', 'Hello'],
    ];
    it.each(CASES)('finds %s', async (_, query, column, value) => {
      const { hits } = await search(index, { _source: false, query, fields: [`${column}__keyword`, column] });
      const found = hits.flatMap(({ fields }) => [
        ...(fields?.[column] ?? []),
        ...(fields?.[`${column}__keyword`] ?? []),
      ]);
      // Dates come back in milliseconds, numbers as numbers, but for their exact texts.
      expect(hits.length).toBeGreaterThan(0);
      expect(found.map(String)).toContain(value);
    });

    it('is found inside of JSON, hstore and composites', async () => {
      for (const [path, value] of [
        ['jsonb.b', '1'],
        ['jsonb.value', 'null'],
        ['json.a', '2'],
        ['hstore.a', '1'],
        ['part.tags', 'x'],
        ['part[].tags', 'y'],
        ['jsonb[].a', '1'],
      ] as const) {
        const { hits } = await search(index, { _source: false, query: { term: { [path]: value } } });
        if (path !== 'jsonb.value') expect(hits.length, path).toBeGreaterThan(0);
      }
    });
  });

  describe('names', () => {
    const ODD = [
      'a.b',
      'a',
      '.',
      'Upper Case',
      'quo"te',
      "it's",
      'ünïcode 漢字 😀',
      '_id',
      '_source',
      '_table',
      '*',
      'a*',
      '%',
      'a%2Eb',
      ' ',
      '"',
      '-',
      '#',
      'a,b',
      'even',
      'x',
      'x__keyword',
      'x___keyword',
      'tab\there',
      'n'.repeat(63),
      'walcast_none',
      '_x',
    ];

    it.each(['ids', 'names'] as const)('of any kind are found, fields by %s', async (fields) => {
      const index = `${prefix}-odd-${fields}`;
      await makeTable(
        `odd_${fields}`,
        ODD.map((name, i) => ({
          name,
          type: i % 2 === 0 ? 'text' : 'int',
          values: [i % 2 === 0 ? `'v${i}'` : String(i)],
        })),
      );
      const { mapping } = await indexed(`odd_${fields}`, index, fields);
      expect(new Set(ODD.map(fieldName)).size).toBe(ODD.length);
      for (const [i, name] of ODD.entries()) {
        const field = fieldName(name);
        const value = i % 2 === 0 ? `v${i}` : i;
        const { hits } = await search(index, { query: { match: { [field]: value } }, fields: [{ field }] });
        expect(hits.length, name).toBe(1);
        expect(hits[0]?.fields?.[field], name).toEqual([value]);
      }
      expect(mapping.notes.filter(({ kind }) => kind === 'name').map(({ column }) => column)).toEqual(
        ODD.filter((name) => fieldName(name) !== name),
      );
      // `x__keyword` and `x___keyword` are columns.
      const sibling = await search(index, { query: { term: { x____keyword: `v${ODD.indexOf('x')}` } } });
      expect(sibling.hits.length).toBe(1);
    });

    it('follow a column that is renamed, and lead nowhere once nobody has them', async () => {
      const index = `${prefix}-renamed`;
      await makeTable('renamed', [{ name: 'before', type: 'text', values: [`'here'`] }]);
      await indexed('renamed', index, 'ids');
      const { mappings } = tableMapping({
        tableId: TABLE_ID,
        fields: 'ids',
        columns: [{ num: 1, name: 'after', type: { kind: 'text' } }],
        gone: ['before'],
      });
      const changed = await request('PUT', `/${index}/_mapping`, mappings);
      expect(changed.status, changed.text).toBe(200);
      for (const [name, count] of [
        ['after', 1],
        ['after__keyword', 1],
        ['before', 0],
        ['before__keyword', 0],
      ] as const) {
        expect((await search(index, { query: { term: { [name]: 'here' } } })).hits.length, name).toBe(count);
      }
    });
  });

  it('refuses no JSON and no range, whatever they hold', async () => {
    const index = `${prefix}-any`;
    const kinds: readonly ValueType[] = [
      { kind: 'json' },
      { kind: 'array', element: { kind: 'json' }, delimiter: ',' },
      { kind: 'range', subtype: { kind: 'integer' } },
      { kind: 'range', subtype: { kind: 'numeric' } },
      { kind: 'range', subtype: { kind: 'timestamp' } },
    ];
    const mapping = tableMapping({
      tableId: TABLE_ID,
      fields: 'ids',
      columns: kinds.map((type, i) => ({ num: i + 1, name: `c${i}`, type })),
    });
    const made = await request('PUT', `/${index}`, { mappings: mapping.mappings, settings: mapping.settings });
    expect(made.status, made.text).toBe(200);
    const codec = new DocumentCodec(mapping.columns);
    const lines = fc
      .sample(ANY_ROW, { numRuns: 1_500, seed: 9 })
      .map((row) => `{"index":{}}\n${documentOf(codec, row)}\n`);
    const { text } = await request('POST', `/${index}/_bulk`, lines.join(''));
    const { items } = JSON.parse(text) as { items: readonly { index: { error?: unknown } }[] };
    expect(items.length).toBe(lines.length);
    const refused = items.flatMap(({ index: { error } }, i) => (error === undefined ? [] : [lines[i], error]));
    expect(refused.slice(0, 4)).toEqual([]);
    const names = kinds.map((_, i) => `c${i}`);
    await request('POST', `/${index}/_refresh`);
    await searchAll<Found>(index, [{ size: 1_500, fields: names }]);
  });

  it('takes a table of 1,500 columns', async () => {
    const kinds = ['int', 'text', 'numeric', 'timestamptz', 'jsonb', 'int4range'];
    const literals = ['7', `'seven'`, '7.70', `'2024-07-07 07:07:07.000007Z'`, `'{"k": 7}'`, `'[7,8)'`];
    const wide = Array.from({ length: 1500 }, (_, i) => ({
      name: `column ${i}`,
      type: kinds[i % kinds.length] ?? '',
      values: [literals[i % literals.length] ?? ''],
    }));
    const index = `${prefix}-wide`;
    await client.query(
      `create table wide (${wide.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ')})`,
    );
    // Values of all columns at once would not fit in a row of a page.
    for (const part of [wide.slice(0, 500), wide.slice(500, 1000), wide.slice(1000)]) {
      await client.query(
        `insert into wide (${part.map(({ name }) => quoteIdentifier(name)).join(', ')}) values (${part.map(({ values }) => values[0]).join(', ')})`,
      );
    }
    const { mapping } = await indexed('wide', index, 'ids');
    expect(mapping.fieldCount).toBeGreaterThan(4500);
    for (const [name, value] of [
      ['column 0', 7],
      ['column 1', 'seven'],
      ['column 1496', 7.7],
      ['column 1498.k', 7],
      ['column 1499', 7],
    ] as const) {
      expect((await search(index, { query: { term: { [name]: value } } })).hits.length, name).toBe(1);
    }
  });

  it('takes options of fields, and keeps what would refuse documents out of them', async () => {
    const index = `${prefix}-options`;
    await makeTable('chosen', [
      { name: 'body', type: 'text', values: [`'The quick foxes'`] },
      { name: 'at', type: 'timestamptz', values: [`'2024-01-01 00:00:00.000001Z'`, `'infinity'`] },
      { name: 'place', type: 'point', values: [`'(13.4,52.5)'`, `'(1000,1000)'`] },
      { name: 'hash', type: 'bytea', values: [`'\\x00ff'`, `decode(repeat('00ff', 30000), 'hex')`] },
      { name: 'code', type: 'text', values: [`'12'`, `'none'`] },
    ]);
    await indexed('chosen', index, 'ids', {
      body: { analyzer: 'english', fields: { whole: { type: 'keyword', ignore_above: 8191 } } },
      at: { type: 'date_nanos' },
      place: { type: 'geo_point' },
      hash: { type: 'keyword' },
      code: { type: 'long' },
    });
    const queries: readonly object[] = [
      { match: { body: 'fox' } },
      { term: { body__whole: 'The quick foxes' } },
      { term: { body__keyword: 'The quick foxes' } },
      { range: { at: { gt: '2024-01-01T00:00:00.000000Z', lt: '2024-01-01T00:00:00.000002Z' } } },
      { geo_distance: { distance: '10km', place: { lon: 13.4, lat: 52.5 } } },
      { term: { hash: 'AP8=' } },
      { term: { code: 12 } },
    ];
    for (const query of queries) {
      expect((await search(index, { query })).hits.length, JSON.stringify(query)).toBeGreaterThan(0);
    }
  });
});

const jsonText = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.json({ stringUnit: fc.constantFrom('a', '.', '', ' ', '"', '\\', 'é', '\n', '\ud800'), maxDepth: 4 }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"a":1,"a":2}',
      '[{"b":{"a":1,"a":2}}]',
      ' [ ] ',
      '-0.0',
      '1e999',
      `"${'x'.repeat(33_000)}"`,
    ),
  },
);
const limit = fc.option(fc.bigInt({ min: -3n, max: 3n }));
const tiny = fc.option(
  fc.constantFrom(
    '0',
    '1',
    '1.00',
    '1.0000000000000000000001',
    '-1e-330',
    '1e-330',
    '1e308',
    `1${'0'.repeat(400)}`,
    'NaN',
    'Infinity',
    '-Infinity',
  ),
);
const moment = fc.option(
  fc.constantFrom(
    '2024-01-01 00:00:00',
    '2024-01-01 00:00:00.0001',
    '2024-01-01 00:00:00.001',
    '2024-01-01 00:00:00.001001',
    '4713-01-01 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
    'infinity',
    '-infinity',
  ),
);
const span = (bound: fc.Arbitrary<{ toString(): string } | null>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('[', '('), bound, bound, fc.constantFrom(']', ')'))
    .map(
      ([open, lower, upper, close]) =>
        `${open}${lower === null ? '' : `"${lower}"`},${upper === null ? '' : `"${upper}"`}${close}`,
    );
const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
const ANY_ROW = fc.tuple(
  jsonText,
  fc
    .array(fc.option(jsonText), { maxLength: 3 })
    .map((items) => `{${items.map((item) => (item === null ? 'NULL' : quoted(item))).join(',')}}`),
  span(limit),
  span(tiny),
  span(moment),
);

function documentOf(codec: DocumentCodec, values: readonly string[]): string {
  const out = new GrowingBuffer(64);
  const fields = new Int32Array(values.length * 2);
  let offset = 0;
  for (const [i, value] of values.entries()) {
    fields[i * 2] = offset;
    fields[i * 2 + 1] = Buffer.byteLength(value);
    offset += Buffer.byteLength(value);
  }
  codec.write(Buffer.from(values.join('')), fields, 0, out);
  return out.bytes.toString('utf8', 0, out.length);
}

/** The first value that an index would take, of an array in any depth. */
function firstScalar(value: unknown): string | number | boolean | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = firstScalar(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** Whether a value is among those that its field can compare; others are found as text. */
function isIndexed(type: string, value: string | number | boolean): boolean {
  if (type === 'keyword') return String(value).length <= 8191;
  if (type === 'long') return Number.isSafeInteger(value);
  if (type === 'double' || type === 'float')
    return Number.isFinite(Number(value)) && (Number(value) === 0 || Math.abs(Number(value)) > 1e-30);
  if (type === 'date') return !String(value).includes('infinity');
  if (type === 'ip') return !String(value).includes('/');
  return true;
}
