import { type Form, fresh, home, models, ref, relations } from '../context.ts';

/** Kinds that few use, and statements that are no DDL but stand between them. */
export const OTHER_FORMS: readonly Form[] = [
  {
    name: 'create aggregate',
    weight: 1,
    make: (c) =>
      `create aggregate ${fresh(c, 'aggregate')}(int) (sfunc = pg_catalog.int4pl, stype = int, initcond = '${c.draw.int(0, 9)}')`,
  },
  {
    name: 'create operator',
    weight: 1,
    make: (c) => {
      const [type, plus] = c.draw.pick([
        ['int', 'int4pl'],
        ['bigint', 'int8pl'],
        ['numeric', 'numeric_add'],
      ] as const);
      return `create operator ${home(c)}.${c.draw.pick(['<+>', '@@@', '~=~~', '|#|'])} (leftarg = ${type}, rightarg = ${type}, function = pg_catalog.${plus})`;
    },
  },
  {
    name: 'create collation',
    weight: 1,
    make: (c) => `create collation ${c.draw.clause(0.3, 'if not exists ')}${fresh(c, 'collation')} (locale = 'C')`,
  },
  {
    name: 'create range type',
    make: (c) => {
      const schema = home(c);
      return `create type ${schema}.${c.names.fresh('range')} as range (subtype = ${c.draw.pick(['int', 'date', 'numeric'])}, multirange_type_name = ${schema}.${c.names.fresh('multi')})`;
    },
  },
  {
    name: 'create text search configuration',
    weight: 1,
    make: (c) => {
      const name = `${home(c)}.${c.names.fresh('search')}`;
      return `create text search configuration ${name} (copy = pg_catalog.simple); alter text search configuration ${name} alter mapping for asciiword with simple`;
    },
  },
  {
    name: 'analyze',
    weight: 1,
    make: (c) => {
      const table = c.draw.maybe(models(c));
      return table === undefined ? null : `analyze ${ref(c, table)}`;
    },
  },
  {
    name: 'set constraints',
    weight: 1,
    make: (c) => `set constraints all ${c.draw.pick(['deferred', 'immediate'])}`,
  },
  {
    name: 'lock table',
    weight: 1,
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'p'));
      return table === undefined
        ? null
        : `do $x$ begin lock table ${table.sql} in ${c.draw.pick(['share', 'exclusive'])} mode; end $x$`;
    },
  },
  {
    name: 'a cursor over rows',
    weight: 1,
    make: (c) => {
      const table = c.draw.maybe(models(c));
      return table === undefined
        ? null
        : `do $x$ declare r record; begin for r in select * from ${table.sql} limit 3 loop perform 1; end loop; end $x$`;
    },
  },
];
