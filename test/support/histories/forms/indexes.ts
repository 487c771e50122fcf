import { type Context, type Form, freeTables, mine, ref, relations } from '../context.ts';
import type { Column, Relation } from '../world.ts';

const ORDERED =
  /^(integer|bigint|smallint|text|uuid|date|timestamp.*|character varying.*|numeric.*|boolean|double precision)$/;
const ordered = (column: Column): boolean => ORDERED.test(column.type) && column.generated !== 'v';

function indexed(c: Context, tables: readonly Relation[]): [Relation, Column] | null {
  const table = c.draw.maybe(tables.filter(({ columns, persistence }) => persistence !== 't' && columns.some(ordered)));
  const column = c.draw.maybe(table?.columns.filter(ordered) ?? []);
  return table === undefined || column === undefined ? null : [table, column];
}

function indexSql(c: Context, [table, { name, type }]: [Relation, Column], concurrently = false): string {
  const { draw } = c;
  const others = draw
    .some(
      table.columns.filter((column) => column.name !== name && column.generated !== 'v'),
      2,
    )
    .map((column) => column.name);
  const definition = draw.pick([
    `(${name})`,
    `(${name} desc nulls last)`,
    `using hash (${name})`,
    `(${name}) where ${name} is not null`,
    others.length > 0 ? `(${name}) include (${others.join(', ')})` : `(${name})`,
    type === 'text' ? `(lower(${name}))` : `((${name}::text is null))`,
    type === 'text' ? `(${name} collate "C" text_pattern_ops)` : `(${name}) with (fillfactor = 80)`,
    `using brin (${name})`,
  ]);
  return `create index ${concurrently ? 'concurrently ' : ''}${draw.clause(0.7, c.names.fresh('index'))} on ${draw.clause(table.kind === 'p' && !concurrently ? 0.15 : 0, 'only ')}${ref(c, table)} ${definition}`;
}

const withIndex = (c: Context): [Relation, Relation['indexes'][number]] | null => {
  const table = c.draw.maybe(
    relations(c, 'r', 'p', 'm').filter(({ indexes }) =>
      indexes.some(({ constraint, attached }) => !constraint && !attached),
    ),
  );
  const index = c.draw.maybe(table?.indexes.filter(({ constraint, attached }) => !constraint && !attached) ?? []);
  return table === undefined || index === undefined ? null : [table, index];
};

export const INDEX_FORMS: readonly Form[] = [
  {
    name: 'create index',
    weight: 5,
    make: (c) => {
      const found = indexed(c, relations(c, 'r', 'p', 'm'));
      return found === null ? null : indexSql(c, found);
    },
  },
  {
    name: 'create index concurrently',
    alone: true,
    weight: 6,
    make: (c) => {
      const found = indexed(c, relations(c, 'r'));
      return found === null ? null : indexSql(c, found, true);
    },
  },
  {
    name: 'create unique index',
    make: (c) => {
      const table = c.draw.maybe(
        freeTables(c).filter(({ columns }) =>
          columns.some(({ type, hasDefault }) => type === 'integer' && !hasDefault),
        ),
      );
      const column = c.draw.maybe(
        table?.columns.filter(
          ({ type, hasDefault, generated }) => type === 'integer' && !hasDefault && generated === '',
        ) ?? [],
      );
      return table === undefined || column === undefined
        ? null
        : `create unique index ${c.names.fresh('unique')} on ${ref(c, table)} (${column.name})${c.draw.clause(0.3, ` where ${column.name} > 0`)}`;
    },
  },
  {
    name: 'drop index',
    make: (c) => {
      const found = withIndex(c);
      return found === null
        ? null
        : `drop index ${c.draw.clause(0.3, 'if exists ')}${found[0].schema}.${found[1].name}`;
    },
  },
  {
    name: 'drop index concurrently',
    alone: true,
    weight: 8,
    make: (c) => {
      const found = withIndex(c);
      return found === null || found[0].kind === 'p'
        ? null
        : `drop index concurrently ${found[0].schema}.${found[1].name}`;
    },
  },
  {
    name: 'alter index rename',
    make: (c) => {
      const found = withIndex(c);
      return found === null
        ? null
        : `alter index ${found[0].schema}.${found[1].name} rename to ${c.names.fresh('index')}`;
    },
  },
  {
    name: 'alter index options',
    make: (c) => {
      const found = withIndex(c);
      return found === null || found[0].kind === 'p'
        ? null
        : `alter index ${found[0].schema}.${found[1].name} ${c.draw.pick(['reset (fillfactor)', 'reset (pages_per_range)'])}`;
    },
  },
  {
    name: 'reindex',
    weight: 1,
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r'));
      return table === undefined ? null : `reindex table ${ref(c, table)}`;
    },
  },
  {
    name: 'create statistics',
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p').filter(({ columns }) => columns.filter(ordered).length > 1));
      const columns = c.draw.some(table?.columns.filter(ordered) ?? [], 3).map(({ name }) => name);
      if (table === undefined || columns.length < 2) return null;
      const home = c.draw.pick(c.open);
      return `create statistics ${home}.${c.names.fresh('stats')} ${c.draw.pick(['', '(ndistinct)', '(dependencies, mcv)'])} on ${columns.join(', ')} from ${ref(c, table)}`;
    },
  },
  {
    name: 'alter statistics',
    weight: 5,
    make: (c) => {
      const statistics = c.draw.maybe(c.world.statistics.filter((each) => mine(c, each)));
      return statistics === undefined
        ? null
        : `alter statistics ${ref(c, statistics)} ${c.draw.pick([`rename to ${c.names.fresh('stats')}`, 'set statistics 77', `set schema ${c.draw.pick(c.open)}`])}`;
    },
  },
  {
    name: 'drop statistics',
    weight: 3,
    make: (c) => {
      const statistics = c.draw.maybe(c.world.statistics.filter((each) => mine(c, each)));
      if (statistics !== undefined) return `drop statistics ${ref(c, statistics)}`;
      const table = c.draw.maybe(relations(c, 'r').filter(({ columns }) => columns.filter(ordered).length > 1));
      if (table === undefined) return null;
      const [name, columns] = [`${c.draw.pick(c.open)}.${c.names.fresh('stats')}`, table.columns.filter(ordered)];
      return `create statistics ${name} on ${columns
        .map((column) => column.name)
        .slice(0, 8)
        .join(', ')} from ${table.sql}; drop statistics ${name}`;
    },
  },
];
