import { type Context, type Form, fresh, freeTables, ref, relations } from '../context.ts';
import { quoteLiteral } from '../../../../src/sql/quote.ts';
import type { Relation } from '../world.ts';

const RANGE_STEP = 1000;

/** A bound that no other partition has, or null. */
function freeBound(c: Context, parent: Relation): string | null {
  const partitions = c.world.relations.filter((relation) => relation.parent === parent.oid);
  if (
    partitions.length > 0 &&
    !partitions.some(({ bound }) => bound === 'DEFAULT') &&
    parent.strategy !== 'h' &&
    c.draw.chance(0.15)
  )
    return 'default';
  const bounds = partitions.map(({ bound }) => bound ?? '');
  const key = parent.columns.find(({ name }) => name === parent.keyColumn);
  if (key === undefined) return null;
  for (const i of c.draw.some([0, 1, 2, 3, 4, 5], 6)) {
    if (parent.strategy === 'h') {
      if (i < 4 && !bounds.some((bound) => bound.includes(`remainder ${i})`)))
        return `for values with (modulus 4, remainder ${i})`;
    } else if (parent.strategy === 'l') {
      if (!bounds.some((bound) => bound.includes(`v${i}'`)))
        return `for values in (${[`v${i}`, `w${i}`].map(quoteLiteral).join(', ')})`;
    } else if (!bounds.some((bound) => new RegExp(`FROM \\('?${i * RANGE_STEP}'?\\)`).test(bound))) {
      return `for values from (${i * RANGE_STEP}) to (${(i + 1) * RANGE_STEP})`;
    }
  }
  return null;
}

/** A row in an existing partition of a table of `create partitioned table`: the value of its key, as SQL. */
export function partitionKeyValue(c: Context, parent: Relation): string | null {
  const bounds = c.world.relations
    .filter((relation) => relation.parent === parent.oid && relation.kind === 'r')
    .map(({ bound }) => bound ?? '');
  const bound = c.draw.maybe(bounds);
  if (bound === undefined) return null;
  if (bound === 'DEFAULT') return parent.strategy === 'l' ? `'elsewhere'` : String(c.draw.int(500_000, 900_000));
  const from = /FROM \('?(\d+)'?\)/.exec(bound)?.[1];
  if (from !== undefined) return String(Number(from) + c.draw.int(0, RANGE_STEP - 1));
  return (
    /IN \(('[^']*')/.exec(bound)?.[1] ??
    (parent.strategy === 'h' && bounds.length === 4 ? String(c.draw.int(1, 100_000)) : null)
  );
}

function bounded(c: Context): [Relation, string] | null {
  const parent = c.draw.maybe(relations(c, 'p'));
  const bound = parent === undefined ? null : freeBound(c, parent);
  return parent === undefined || bound === null ? null : [parent, bound];
}

const leaf = (c: Context): Relation | undefined =>
  c.draw.maybe(relations(c, 'r', 'p').filter(({ partition }) => partition));
const rootOf = (c: Context, partition: Relation): Relation | undefined =>
  c.world.relations.find(({ oid }) => oid === partition.parent);

export const PARTITION_FORMS: readonly Form[] = [
  {
    name: 'create partitioned table',
    weight: 4,
    make: (c) => {
      const [key, other] = [c.names.fresh('key'), c.names.column([])];
      const [method, type] = c.draw.pick([
        ['range', 'int'],
        ['list', 'text'],
        ['hash', 'bigint'],
      ] as const);
      return `create table ${fresh(c, 'parted')} (${key} ${type}${c.draw.pick([' not null', ' primary key', ''])}, ${other} ${c.draw.pick(['text', 'int', `text default 'd'`, 'timestamptz default now()'])}${c.draw.clause(0.3, `, ${c.names.fresh('n')} numeric check (true)`)}) partition by ${method} (${key})`;
    },
  },
  {
    name: 'create partition',
    weight: 6,
    make: (c) => {
      const found = bounded(c);
      if (found === null) return null;
      const [parent, bound] = found;
      const method =
        parent.strategy === 'h' ? '' : c.draw.clause(0.15, ` partition by hash (${parent.keyColumn ?? ''})`);
      return `create table ${fresh(c, 'part')} partition of ${ref(c, parent)} ${bound}${method}`;
    },
  },
  {
    name: 'attach partition',
    weight: 3,
    make: (c) => {
      const found = bounded(c);
      if (found === null || found[0].columns.some(({ identity, generated }) => identity !== '' || generated !== ''))
        return null;
      const [parent, bound] = found;
      const table = fresh(c, 'attached');
      return `create table ${table} (like ${parent.sql} including ${c.draw.pick(['all', 'defaults including constraints'])}); alter table ${parent.sql} attach partition ${table} ${bound}`;
    },
  },
  {
    name: 'attach a detached partition',
    weight: 5,
    make: (c) => {
      const found = bounded(c);
      const table =
        found === null
          ? undefined
          : c.draw.maybe(
              freeTables(c).filter(
                ({ columns, hasHeirs }) =>
                  !hasHeirs &&
                  columns.length === found[0].columns.length &&
                  columns.every(
                    ({ name, type, identity }) =>
                      identity === '' &&
                      found[0].columns.some((column) => column.name === name && column.type === type),
                  ),
              ),
            );
      return found === null || table === undefined
        ? null
        : `truncate ${table.sql} cascade; alter table ${ref(c, found[0])} attach partition ${ref(c, table)} ${found[1]}`;
    },
  },
  {
    name: 'detach partition',
    weight: 5,
    make: (c) => {
      const partition = leaf(c);
      const parent = partition === undefined ? undefined : rootOf(c, partition);
      return partition === undefined || parent === undefined
        ? null
        : `alter table ${ref(c, parent)} detach partition ${ref(c, partition)}`;
    },
  },
  {
    name: 'detach partition concurrently',
    alone: true,
    weight: 14,
    make: (c) => {
      const partition = leaf(c);
      const parent = partition === undefined ? undefined : rootOf(c, partition);
      if (
        partition === undefined ||
        parent === undefined ||
        c.world.relations.some((other) => other.parent === parent.oid && other.bound === 'DEFAULT')
      )
        return null;
      return `alter table ${ref(c, parent)} detach partition ${ref(c, partition)} concurrently`;
    },
  },
  {
    name: 'index of a partitioned table attached',
    weight: 5,
    make: (c) => {
      const parent = c.draw.maybe(relations(c, 'p').filter(({ columns }) => columns.length > 1));
      const partition = c.world.relations.find((relation) => relation.parent === parent?.oid && relation.kind === 'r');
      const column = parent?.columns.find(({ type }) => /^(integer|bigint|text)$/.test(type));
      if (parent === undefined || partition === undefined || column === undefined) return null;
      const [above, below] = [c.names.fresh('above'), c.names.fresh('below')];
      return `create index ${above} on only ${parent.sql} (${column.name}); create index ${below} on ${partition.sql} (${column.name}); alter index ${parent.schema}.${above} attach partition ${partition.schema}.${below}`;
    },
  },
  {
    name: 'create heir',
    weight: 4,
    make: (c) => {
      const parents = c.draw.some(
        freeTables(c).filter(({ columns }) => columns.every(({ identity }) => identity === '')),
        1,
      );
      return parents.length === 0
        ? null
        : `create table ${fresh(c, 'heir')} (${c.names.fresh('own')} int) inherits (${parents.map((parent) => ref(c, parent)).join(', ')})`;
    },
  },
  {
    name: 'no inherit',
    weight: 4,
    make: (c) => {
      const heir = c.draw.maybe(relations(c, 'r').filter((relation) => relation.heir));
      const parent = heir === undefined ? undefined : rootOf(c, heir);
      return heir === undefined || parent === undefined
        ? null
        : `alter table ${ref(c, heir)} no inherit ${ref(c, parent)}`;
    },
  },
  {
    name: 'inherit',
    weight: 4,
    make: (c) => {
      const model = c.draw.maybe(
        freeTables(c).filter(({ columns }) =>
          columns.every(({ identity, generated }) => identity === '' && generated === ''),
        ),
      );
      if (model === undefined) return null;
      const table = fresh(c, 'later');
      return `create table ${table} (like ${model.sql} including defaults including constraints); alter table ${table} inherit ${model.sql}`;
    },
  },
];
