import { type Context, type Form, freeTables, ref, relations } from '../context.ts';
import { anyType, defaultOf, valueOf } from '../values.ts';
import type { Column, Relation } from '../world.ts';

/** Where a column can be added or changed: partitions and heirs follow their parents. */
function alterable(c: Context): Relation[] {
  return relations(c, 'r', 'p').filter(
    ({ partition, ofType, persistence }) => !partition && !ofType && persistence !== 't',
  );
}

function pickColumn(c: Context, fits: (column: Column) => boolean, tables = alterable(c)): [Relation, Column] | null {
  const table = c.draw.maybe(tables.filter(({ columns }) => columns.some(fits)));
  const column = c.draw.maybe(table?.columns.filter(fits) ?? []);
  return table === undefined || column === undefined ? null : [table, column];
}

const own = (column: Column): boolean => !column.inherited;
const free = (column: Column): boolean => own(column) && !column.used;
const valued = (column: Column): boolean => column.generated === '' && column.identity === '';

/** Also one action of several. */
export function addColumn(c: Context, table: Relation): string {
  const name = c.names.column(table.columns.map((column) => column.name));
  const type = anyType(c);
  const value = defaultOf(c, type);
  const first = table.columns.find((column) => column.generated === '' && /^(integer|bigint|text)$/.test(column.type));
  const clauses: string[] = [
    `${name} ${type}`,
    `${name} ${type}${value === null ? '' : ` default ${value}`}`,
    `${name} ${type}${value === null ? '' : ` not null default ${value}`}`,
    `${name} double precision default random()`,
    `${name} uuid not null default gen_random_uuid()`,
    `${name} timestamptz default now()`,
    `${name} timestamptz not null default clock_timestamp()`,
    `${name} text default current_user`,
    `${name} int check (${name} is null or ${name} > -100000)`,
    `${name} text collate "C"`,
  ];
  if (table.kind === 'r' && !table.hasHeirs)
    clauses.push(`${name} bigserial`, `${name} bigint generated always as identity`);
  if (first !== undefined) clauses.push(`${name} text generated always as (md5(${first.name}::text)) stored`);
  if (first !== undefined && c.major >= 18 && table.hasKey)
    clauses.push(`${name} text generated always as (${first.name}::text) virtual`);
  return `add ${c.draw.clause(0.7, 'column ')}${c.draw.clause(0.1, 'if not exists ')}${c.draw.pick(clauses)}`;
}

/** Actions that fit beside one another if they are about different columns. */
export function columnAction(c: Context, column: Column): string {
  const value = valueOf(c, column);
  const actions = [
    `set statistics ${c.draw.int(1, 900)}`,
    'drop default',
    'set (n_distinct = 5)',
    'reset (n_distinct)',
  ];
  if (/^(text|bytea|jsonb|character varying.*)$/.test(column.type)) {
    actions.push(`set storage ${c.draw.pick(['plain', 'external', 'extended', 'main'])}`);
    actions.push(`set compression ${c.draw.pick(['pglz', 'default'])}`);
  }
  if (valued(column) && value !== null) actions.push(`set default ${value}`);
  if (!valued(column)) actions.splice(1, 1);
  return `alter column ${column.name} ${c.draw.pick(actions)}`;
}

const TYPE_CHANGES: readonly (readonly [from: RegExp, clauses: readonly string[]])[] = [
  [
    /^(smallint|integer)$/,
    ['type bigint', 'type numeric(20,2)', `type text using ('n' || @)`, 'type double precision using @ * random()'],
  ],
  [/^bigint$/, ['type numeric', 'set data type text']],
  [
    /^text$/,
    [
      'type varchar(200)',
      'type text collate "POSIX"',
      "type bytea using convert_to(@, 'UTF8')",
      'type int using length(@)',
    ],
  ],
  [/^character varying/, ['type text', 'type varchar(300)']],
  [/^numeric/, ['type numeric(30,5)', 'type text']],
  [/^boolean$/, ['type int using @::int', 'type text']],
  [/^date$/, ['type timestamp', 'type text']],
  [/^timestamp/, ['type text', 'type timestamp(6) using @']],
  [/^uuid$/, ['type text', 'type uuid using gen_random_uuid()']],
  [/^jsonb$/, ['type text', 'type json']],
  [/^integer\[\]$/, ["type text using array_to_string(@, ',')", 'type bigint[]']],
  [/./, ['type text using @::text']],
];

export const COLUMN_FORMS: readonly Form[] = [
  {
    name: 'add column',
    weight: 8,
    make: (c) => {
      const table = c.draw.maybe(alterable(c));
      return table === undefined ? null : `alter table ${ref(c, table)} ${addColumn(c, table)}`;
    },
  },
  {
    name: 'drop column',
    make: (c) => {
      const picked = pickColumn(
        c,
        own,
        alterable(c).filter(({ columns, hasViews }) => columns.length > 1 && !hasViews),
      );
      if (picked === null || (picked[0].strategy !== null && picked[1].name === picked[0].keyColumn)) return null;
      return `alter table ${ref(c, picked[0])} drop column ${picked[1].name} cascade`;
    },
  },
  {
    name: 'drop column, restricted',
    make: (c) => {
      const picked = pickColumn(
        c,
        free,
        alterable(c).filter(({ columns, hasViews }) => columns.length > 2 && !hasViews),
      );
      return picked === null ? null : `alter table ${ref(c, picked[0])} drop ${picked[1].name}`;
    },
  },
  {
    name: 'alter column type',
    weight: 4,
    make: (c) => {
      const picked = pickColumn(
        c,
        (column) => free(column) && valued(column) && !column.hasDefault && 'bd'.includes(column.kind),
        alterable(c).filter(
          ({ hasViews, policies, rules, triggers, columns }) =>
            !hasViews &&
            policies.length + rules.length + triggers.length === 0 &&
            columns.every(({ generated }) => generated === ''),
        ),
      );
      if (picked === null) return null;
      const [table, column] = picked;
      const clause = c.draw.pick(TYPE_CHANGES.find(([from]) => from.test(column.type))?.[1] ?? []);
      return `alter table ${ref(c, table)} alter column ${column.name} ${clause.replaceAll('@', () => column.name)}`;
    },
  },
  {
    name: 'rename column',
    make: (c) => {
      const picked = pickColumn(
        c,
        own,
        relations(c, 'r', 'p').filter(({ partition, ofType }) => !partition && !ofType),
      );
      return picked === null
        ? null
        : `alter table ${ref(c, picked[0])} rename ${c.draw.clause(0.5, 'column ')}${picked[1].name} to ${c.names.column(picked[0].columns.map(({ name }) => name))}`;
    },
  },
  {
    name: 'set default',
    make: (c) => {
      const picked = pickColumn(c, (column) => valued(column) && valueOf(c, column) !== null);
      return picked === null
        ? null
        : `alter table ${ref(c, picked[0])} alter ${picked[1].name} set default ${valueOf(c, picked[1]) ?? 'null'}`;
    },
  },
  {
    name: 'drop default',
    make: (c) => {
      const picked = pickColumn(c, (column) => valued(column) && column.hasDefault);
      return picked === null ? null : `alter table ${ref(c, picked[0])} alter ${picked[1].name} drop default`;
    },
  },
  {
    name: 'set not null',
    make: (c) => {
      const picked = pickColumn(
        c,
        (column) => valued(column) && !column.notNull && valueOf(c, column) !== null && 'be'.includes(column.kind),
      );
      if (picked === null) return null;
      const [table, column] = picked;
      return `update ${table.sql} set ${column.name} = ${valueOf(c, column) ?? ''} where ${column.name} is null; alter table ${table.sql} alter column ${column.name} set not null`;
    },
  },
  {
    name: 'drop not null',
    make: (c) => {
      const picked = pickColumn(c, (column) => free(column) && column.notNull && column.identity === '');
      return picked === null ? null : `alter table ${ref(c, picked[0])} alter column ${picked[1].name} drop not null`;
    },
  },
  {
    name: 'column storage, statistics, compression',
    make: (c) => {
      const picked = pickColumn(c, (column) => column.generated === '', relations(c, 'r', 'p'));
      return picked === null ? null : `alter table ${ref(c, picked[0])} ${columnAction(c, picked[1])}`;
    },
  },
  {
    name: 'add identity',
    make: (c) => {
      const table = c.draw.maybe(freeTables(c).filter(({ hasHeirs }) => !hasHeirs));
      if (table === undefined) return null;
      const column = c.names.fresh('number');
      return `alter table ${table.sql} add column ${column} int not null default 0; alter table ${table.sql} alter column ${column} drop default; alter table ${table.sql} alter column ${column} add generated ${c.draw.pick(['always', 'by default'])} as identity (start 100000)`;
    },
  },
  {
    name: 'change or drop identity',
    weight: 4,
    make: (c) => {
      const picked = pickColumn(c, (column) => own(column) && column.identity !== '', freeTables(c));
      return picked === null
        ? null
        : `alter table ${ref(c, picked[0])} alter column ${picked[1].name} ${c.draw.pick(['drop identity', 'set generated always', 'set generated by default set increment 3', 'set cache 5'])}`;
    },
  },
  {
    name: 'drop expression',
    make: (c) => {
      const table = c.draw.maybe(freeTables(c).filter(({ hasHeirs }) => !hasHeirs));
      if (table === undefined) return null;
      const column = c.names.fresh('made');
      return `alter table ${table.sql} add column ${column} text generated always as ('x' || 1) stored; alter table ${table.sql} alter column ${column} drop expression`;
    },
  },
  {
    name: 'set expression',
    since: 17,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c).filter(({ hasHeirs }) => !hasHeirs));
      if (table === undefined) return null;
      const column = c.names.fresh('made');
      return `alter table ${table.sql} add column ${column} text generated always as ('x' || 1) stored; alter table ${table.sql} alter column ${column} set expression as ('e' || ${c.draw.int(1, 9)})`;
    },
  },
  {
    name: 'alter table with several actions',
    weight: 4,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c));
      if (table === undefined) return null;
      const columns = c.draw.some(
        table.columns.filter(({ inherited, generated }) => !inherited && generated === ''),
        3,
      );
      const actions = [
        addColumn(c, table),
        ...columns.map((column) => columnAction(c, column)),
        ...(c.draw.chance(0.4) ? [addColumn(c, table)] : []),
        ...(c.draw.chance(0.3) ? [`add constraint ${c.names.fresh('check')} check (true)`] : []),
        ...(c.draw.chance(0.2) ? ['set (fillfactor = 55)'] : []),
      ];
      return `alter table ${ref(c, table)} ${c.draw.some(actions, actions.length).join(', ')}`;
    },
  },
];
