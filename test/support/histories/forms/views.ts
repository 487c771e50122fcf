import { type Context, type Form, fresh, models, ref, relations } from '../context.ts';
import type { Relation } from '../world.ts';

function columns(c: Context, table: Relation): string {
  const some = c.draw.some(table.columns, c.draw.int(1, 4)).map(({ name }) => name);
  return some.length === 0 ? '1 as one' : some.join(', ');
}

const bases = (c: Context): Relation[] => models(c).filter(({ columns: all }) => all.length > 0);

export const VIEW_FORMS: readonly Form[] = [
  {
    name: 'create view',
    weight: 4,
    make: (c) => {
      const base = c.draw.maybe([...bases(c), ...relations(c, 'v')]);
      if (base === undefined) return null;
      return `create ${c.draw.clause(0.3, 'or replace ')}view ${fresh(c, 'view')}${c.draw.clause(0.2, ' with (security_barrier)')} as select ${columns(c, base)} from ${ref(c, base)}${c.draw.pick(['', ' where true', ' limit 5', ' union all select null where false'].slice(0, 3))}`;
    },
  },
  {
    name: 'create or replace view',
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'v'));
      if (view === undefined) return null;
      const same = view.columns.map(({ name, type }) => `null::${type} as ${name}`);
      return `create or replace view ${ref(c, view)} as select ${[...same, `1 as ${c.names.fresh('more')}`].join(', ')}`;
    },
  },
  {
    name: 'alter view',
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'v'));
      if (view === undefined) return null;
      const column = c.draw.maybe(view.columns);
      return `alter view ${ref(c, view)} ${c.draw.pick([`rename to ${c.names.fresh('view')}`, 'set (security_barrier = true)', 'reset (security_barrier)', c.role === 'superuser' ? 'owner to app' : `rename to ${c.names.fresh('view')}`, ...(column === undefined ? [] : [`rename column ${column.name} to ${c.names.fresh('col')}`])])}`;
    },
  },
  {
    name: 'drop view',
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'v'));
      return view === undefined ? null : `drop view ${ref(c, view)} cascade`;
    },
  },
  {
    name: 'create materialized view',
    weight: 3,
    make: (c) => {
      const base = c.draw.maybe(bases(c));
      return base === undefined
        ? null
        : `create materialized view ${fresh(c, 'matview')} as select ${columns(c, base)} from ${ref(c, base)}${c.draw.clause(0.3, ' with no data')}`;
    },
  },
  {
    name: 'refresh materialized view',
    weight: 8,
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'm'));
      return view === undefined
        ? null
        : `refresh materialized view ${ref(c, view)}${c.draw.clause(0.2, ' with no data')}`;
    },
  },
  {
    name: 'alter materialized view',
    weight: 3,
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'm'));
      return view === undefined
        ? null
        : `alter materialized view ${ref(c, view)} ${c.draw.pick([`rename to ${c.names.fresh('matview')}`, 'set (fillfactor = 50)', `alter column ${view.columns[0]?.name ?? ''} set statistics 9`])}`;
    },
  },
  {
    name: 'drop materialized view',
    weight: 2,
    make: (c) => {
      const view = c.draw.maybe(relations(c, 'm'));
      return view === undefined ? null : `drop materialized view ${ref(c, view)}`;
    },
  },
  {
    name: 'create rule',
    make: (c) => {
      const table = c.draw.maybe(
        relations(c, 'r', 'v').filter(
          ({ persistence, partition, rules }) => persistence === 'p' && !partition && rules.length < 2,
        ),
      );
      if (table === undefined) return null;
      return `create ${c.draw.clause(0.2, 'or replace ')}rule ${c.names.fresh('rule')} as on ${table.kind === 'v' ? 'delete' : 'update'} to ${ref(c, table)} ${c.draw.pick(['where false do instead nothing', 'do also select 1', 'do instead nothing'].slice(0, table.kind === 'v' ? 3 : 1))}`;
    },
  },
  {
    name: 'alter or drop rule',
    weight: 4,
    make: (c) => {
      const table = c.draw.maybe(relations(c, 'r', 'v').filter(({ rules }) => rules.length > 0));
      if (table === undefined) return null;
      const rule = c.draw.pick(table.rules);
      return c.draw.pick([
        `alter rule ${rule} on ${ref(c, table)} rename to ${c.names.fresh('rule')}`,
        `drop rule ${rule} on ${ref(c, table)}`,
      ]);
    },
  },
];
