import { type Form, fresh, freeTables, ref, relations } from '../context.ts';
import type { Column } from '../world.ts';

const NUMBER = /^(integer|bigint|smallint)$/;
/** Types that a btree knows and whose values differ mostly. */
const KEYS = /^(integer|bigint|uuid|text)$/;

const keyable = (column: Column): boolean => KEYS.test(column.type) && column.generated !== 'v';

export const CONSTRAINT_FORMS: readonly Form[] = [
  {
    name: 'add check',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'p').filter(
          ({ partition, columns }) => !partition && columns.some(({ type }) => NUMBER.test(type)),
        ),
      );
      const column = c.draw.maybe(table?.columns.filter(({ type }) => NUMBER.test(type)) ?? []);
      if (table === undefined || column === undefined) return null;
      const invalid = c.draw.chance(0.4);
      return `alter table ${ref(c, table)} add ${c.draw.clause(0.8, `constraint ${c.names.fresh('check')} `)}check (${column.name} > -${c.draw.int(100_000, 900_000)})${invalid ? ' not valid' : c.draw.clause(table.hasHeirs || table.kind === 'p' ? 0 : 0.2, ' no inherit')}`;
    },
  },
  {
    name: 'validate constraint',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r').filter(({ constraints }) =>
          constraints.some(({ type, inherited }) => 'cf'.includes(type) && !inherited),
        ),
      );
      const constraint = c.draw.maybe(
        table?.constraints.filter(({ type, inherited }) => 'cf'.includes(type) && !inherited) ?? [],
      );
      return table === undefined || constraint === undefined
        ? null
        : `alter table ${ref(c, table)} validate constraint ${constraint.name}`;
    },
  },
  {
    name: 'add unique',
    make: (c) => {
      const table = c.draw.maybe(
        freeTables(c).filter(({ columns }) =>
          columns.some(({ hasDefault, ...column }) => keyable({ hasDefault, ...column }) && !hasDefault),
        ),
      );
      const column = c.draw.maybe(table?.columns.filter((each) => keyable(each) && !each.hasDefault) ?? []);
      return table === undefined || column === undefined
        ? null
        : `alter table ${ref(c, table)} add constraint ${c.names.fresh('unique')} unique ${c.major >= 15 ? c.draw.clause(0.2, 'nulls distinct ') : ''}(${column.name})${c.draw.clause(0.3, ' deferrable initially deferred')}`;
    },
  },
  {
    name: 'add primary key',
    make: (c) => {
      const table = c.draw.maybe(
        freeTables(c).filter(
          ({ hasKey, columns, hasHeirs }) =>
            !hasKey && !hasHeirs && columns.some((column) => keyable(column) && column.notNull),
        ),
      );
      const column = table?.columns.find((each) => keyable(each) && each.notNull);
      return table === undefined || column === undefined
        ? null
        : `alter table ${ref(c, table)} add ${c.draw.clause(0.5, `constraint ${c.names.fresh('key')} `)}primary key (${column.name})`;
    },
  },
  {
    name: 'unique index as key',
    weight: 8,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c));
      if (table === undefined) return null;
      const [column, index] = [c.names.fresh('unique'), c.names.fresh('index')];
      return `alter table ${table.sql} add column ${column} int; create unique index ${index} on ${table.sql} (${column}); alter table ${table.sql} add ${c.draw.clause(0.6, `constraint ${c.names.fresh('using')} `)}unique using index ${index}`;
    },
  },
  {
    name: 'add exclude',
    weight: 3,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c));
      if (table === undefined) return null;
      const column = c.names.fresh('excluded');
      return `alter table ${ref(c, table)} add column ${column} int4range, add ${c.draw.clause(0.6, `constraint ${c.names.fresh('exclude')} `)}exclude using gist (${column} with &&)`;
    },
  },
  {
    name: 'add foreign key',
    weight: 4,
    make: (c) => {
      const goal = c.draw.maybe(
        relations(c, 'r', 'p').filter(
          ({ hasKey, persistence, columns, partition }) =>
            hasKey && persistence === 'p' && !partition && columns.some(({ type, used }) => used && type === 'integer'),
        ),
      );
      const keys = goal?.columns.filter(({ used, notNull, type }) => used && notNull && KEYS.test(type)) ?? [];
      const table = c.draw.maybe(freeTables(c));
      if (goal === undefined || keys.length !== 1 || table === undefined) return null;
      const column = c.names.fresh('fk');
      const actions = c.draw.pick([
        '',
        ' on delete cascade',
        ' on delete set null on update cascade',
        ' deferrable initially deferred',
        ' match full',
      ]);
      return `alter table ${ref(c, table)} add column ${column} ${keys[0]?.type ?? ''}, add ${c.draw.clause(0.5, `constraint ${c.names.fresh('fkey')} `)}foreign key (${column}) references ${goal.sql}${actions}${c.draw.clause(0.3, ' not valid')}`;
    },
  },
  {
    name: 'alter constraint',
    weight: 6,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c).filter(({ hasKey }) => !hasKey));
      if (table === undefined) return null;
      const [goal, column, key] = [fresh(c, 'goal'), c.names.fresh('fk'), c.names.fresh('fkey')];
      return `create table ${goal} (id int primary key); alter table ${table.sql} add column ${column} int constraint ${key} references ${goal}; alter table ${table.sql} alter constraint ${key} ${c.draw.pick(['deferrable initially deferred', 'deferrable'])}`;
    },
  },
  {
    name: 'rename constraint',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'p').filter(({ constraints }) => constraints.some(({ inherited }) => !inherited)),
      );
      const constraint = c.draw.maybe(table?.constraints.filter(({ inherited }) => !inherited) ?? []);
      return table === undefined || constraint === undefined
        ? null
        : `alter table ${ref(c, table)} rename constraint ${constraint.name} to ${c.names.fresh('constraint')}`;
    },
  },
  {
    name: 'drop constraint',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'p').filter(({ constraints }) =>
          constraints.some(({ inherited, type }) => !inherited && type !== 'n'),
        ),
      );
      const constraint = c.draw.maybe(
        table?.constraints.filter(({ inherited, type }) => !inherited && type !== 'n') ?? [],
      );
      return table === undefined || constraint === undefined
        ? null
        : `alter table ${ref(c, table)} drop constraint ${c.draw.clause(0.2, 'if exists ')}${constraint.name} cascade`;
    },
  },
  {
    name: 'not null constraint',
    since: 18,
    make: (c) => {
      const table = c.draw.maybe(freeTables(c).filter(({ columns }) => columns.some(({ notNull }) => !notNull)));
      const column = table?.columns.find(({ notNull }) => !notNull);
      return table === undefined || column === undefined
        ? null
        : `alter table ${ref(c, table)} add constraint ${c.names.fresh('notnull')} not null ${column.name} not valid`;
    },
  },
];
