import { quoteLiteral } from '../../../../src/sql/quote.ts';
import { type Context, type Form, ref, relations } from '../context.ts';
import type { Column, Relation } from '../world.ts';
import { valueOf } from '../values.ts';
import { partitionKeyValue } from './partitions.ts';

/** Tables that can be written to by themselves: row security of somebody else's making would refuse. */
function writable(c: Context): Relation[] {
  return relations(c, 'r', 'p').filter(
    ({ partition, persistence, columns }) => !partition && persistence !== 't' && columns.length > 0,
  );
}

function rowOf(c: Context, table: Relation): Map<string, string> | null {
  const row = new Map<string, string>();
  if (table.strategy !== null) {
    const key = partitionKeyValue(c, table);
    if (key === null || table.keyColumn === null) return null;
    row.set(table.keyColumn, key);
  }
  for (const column of table.columns) {
    if (row.has(column.name) || column.generated !== '' || column.identity !== '') continue;
    if (
      !column.notNull &&
      (column.used || c.draw.chance(0.3)) &&
      !(column.used && c.draw.chance(0.3) && !isForeign(table))
    )
      continue;
    if (column.notNull && column.hasDefault && c.draw.chance(0.7)) continue;
    const value = valueOf(c, column, column.used || c.draw.chance(0.5));
    if (value !== null) row.set(column.name, value);
    else if (column.notNull && !column.hasDefault) return null;
  }
  return row;
}

const isForeign = ({ constraints }: Relation): boolean => constraints.some(({ type }) => type === 'f');
const settable = (column: Column): boolean => column.generated === '' && column.identity === '' && !column.used;

export const ROW_FORMS: readonly Form[] = [
  {
    name: 'insert',
    weight: 30,
    make: (c) => {
      const table = c.draw.maybe(writable(c));
      const row = table === undefined ? null : rowOf(c, table);
      if (table === undefined || row === null) return null;
      if (row.size === 0) return `insert into ${ref(c, table)} default values`;
      return `insert into ${ref(c, table)} (${[...row.keys()].join(', ')}) values (${[...row.values()].join(', ')})`;
    },
  },
  {
    name: 'insert many',
    weight: 6,
    make: (c) => {
      const table = c.draw.maybe(
        writable(c).filter(
          ({ strategy, columns }) =>
            strategy === null &&
            columns.every(
              (column) =>
                !column.notNull ||
                column.hasDefault ||
                column.identity !== '' ||
                column.type === 'integer' ||
                column.type === 'bigint',
            ),
        ),
      );
      if (table === undefined) return null;
      const columns = table.columns.filter(
        (column) =>
          column.generated === '' &&
          column.identity === '' &&
          !column.hasDefault &&
          /^(integer|bigint)$/.test(column.type) &&
          (column.notNull || !isForeign(table)),
      );
      if (columns.length === 0) return `insert into ${ref(c, table)} default values`;
      const start = c.draw.int(1, 2_000_000_000);
      return `insert into ${ref(c, table)} (${columns.map(({ name }) => name).join(', ')}) select ${columns.map(() => 'g').join(', ')} from generate_series(${start}, ${start + c.draw.int(2, 60)}) g`;
    },
  },
  {
    name: 'update',
    weight: 12,
    make: (c) => {
      const table = c.draw.maybe(writable(c).filter(({ columns }) => columns.some(settable)));
      const column = c.draw.maybe(table?.columns.filter(settable) ?? []);
      if (table === undefined || column === undefined) return null;
      const value = valueOf(c, column, true) ?? (column.notNull ? null : 'null');
      return value === null
        ? null
        : `update ${c.draw.clause(0.1, 'only ')}${ref(c, table)} set ${column.name} = ${value}${c.draw.clause(0.3, ' where ctid is not null')}`;
    },
  },
  {
    name: 'update of keys',
    weight: 3,
    make: (c) => {
      const table = c.draw.maybe(
        writable(c).filter(
          ({ strategy, columns }) =>
            strategy === null &&
            columns.some((column) => column.used && column.identity === '' && /^(integer|bigint)$/.test(column.type)),
        ),
      );
      const column = table?.columns.find(
        (each) => each.used && each.identity === '' && /^(integer|bigint)$/.test(each.type),
      );
      return table === undefined || column === undefined || isForeign(table)
        ? null
        : `update ${ref(c, table)} set ${column.name} = ${column.name} + 1000 where ${column.name} < 1000000000`;
    },
  },
  {
    name: 'delete',
    weight: 5,
    make: (c) => {
      const table = c.draw.maybe(writable(c));
      return table === undefined
        ? null
        : `delete from ${ref(c, table)} where ${c.draw.pick(['true', `ctid = '(0,1)'`, `ctid = '(0,2)'`])}`;
    },
  },
  {
    name: 'truncate',
    weight: 2,
    make: (c) => {
      const tables = c.draw.some(writable(c), c.draw.int(1, 2));
      return tables.length === 0
        ? null
        : `truncate ${c.draw.clause(0.3, 'table ')}${tables.map((table) => ref(c, table)).join(', ')}${c.draw.clause(0.3, ' restart identity')} cascade`;
    },
  },
  {
    name: 'merge',
    weight: 3,
    since: 15,
    make: (c) => {
      const table = c.draw.maybe(
        writable(c).filter(({ columns, kind, rules }) => kind === 'r' && rules.length === 0 && columns.some(settable)),
      );
      const column = c.draw.maybe(table?.columns.filter(settable) ?? []);
      const value = column === undefined ? null : (valueOf(c, column) ?? (column.notNull ? null : 'null'));
      return table === undefined || column === undefined || value === null
        ? null
        : `merge into ${table.sql} t using (select 1 as one) s on (t.ctid = '(0,2)') when matched then update set ${column.name} = ${value}`;
    },
  },
  {
    name: 'nextval and setval',
    weight: 1,
    make: (c) => {
      const sequence = c.draw.maybe(relations(c, 'S').filter(({ persistence }) => persistence === 'p'));
      return sequence === undefined ? null : `select nextval(${quoteLiteral(sequence.sql)})`;
    },
  },
];
