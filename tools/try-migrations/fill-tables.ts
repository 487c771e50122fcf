import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** Of the type below a domain. */
  readonly base: string;
  readonly category: string;
  readonly length: number | null;
  readonly needed: boolean;
  readonly label: string | null;
  /** `select` of a value that its foreign key allows. */
  readonly referenced: string | null;
}

const COLUMNS = `select c.oid::regclass::text as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
    format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) as base, coalesce(b.typcategory, t.typcategory) as category,
    case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end as length,
    a.attnotnull and not a.atthasdef as needed,
    (select quote_literal(e.enumlabel) from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder limit 1) as label,
    (select format('(select %I from %s limit 1)', f.attname, k.confrelid::regclass)
       from pg_constraint k join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[array_position(k.conkey, a.attnum)]
      where k.contype = 'f' and k.conrelid = c.oid and a.attnum = any (k.conkey) and k.confrelid <> c.oid limit 1) as referenced
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
  where c.relkind in ('r', 'p') and not c.relispartition and a.attidentity = '' and a.attgenerated = ''
    and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema|walcast)'
    and has_table_privilege(c.oid, 'insert')
  order by c.oid, a.attnum`;

/** Puts rows of made-up values into every table; what constraints and triggers refuse is left out. Returns how many went in. */
export async function fillTables(client: pg.Client, round: number): Promise<number> {
  const { rows } = await client.query<Column>(COLUMNS);
  let filled = 0;
  const tables = new Map<string, Column[]>();
  for (const column of rows) tables.set(column.table, [...(tables.get(column.table) ?? []), column]);
  for (const [table, columns] of tables) {
    const number = round * 100_003 + filled;
    const all = insert(table, columns, number);
    const least = insert(
      table,
      columns.filter(({ needed }) => needed),
      number + 1,
    );
    for (const sql of [all, least, ...updates(table, columns, number)]) if (await accepted(client, sql)) filled++;
  }
  return filled;
}

async function accepted(client: pg.Client, sql: string): Promise<boolean> {
  return await client.query(sql).then(
    () => true,
    () => false,
  );
}

function insert(table: string, columns: readonly Column[], number: number): string {
  if (columns.length === 0) return `insert into ${table} default values`;
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `insert into ${table} (${names}) values (${columns.map((column) => valueOf(column, number)).join(', ')})`;
}

function updates(table: string, columns: readonly Column[], number: number): string[] {
  const changed = columns.find(({ category, referenced, label }) => category === 'S' && referenced === null && !label);
  if (changed === undefined) return [];
  const of = `where ctid = (select ctid from ${table} limit 1)`;
  return [`update ${table} set ${quoteIdentifier(changed.name)} = ${valueOf(changed, number + 7)} ${of}`];
}

function valueOf(column: Column, number: number): string {
  const { referenced, label, type } = column;
  return referenced ?? `${label ?? plainValue(column, number)}::${type}`;
}

function plainValue({ base, category, length }: Column, number: number): string {
  if (base === 'uuid') return `md5('${number}')`;
  if (base === 'json' || base === 'jsonb') return `'{"n": ${number}}'`;
  if (base === 'bytea') return quoteLiteral(`\\x${(number % 65_536).toString(16).padStart(8, '0')}`);
  if (base === 'smallint' || base === '"char"') return String(number % 100);
  switch (category) {
    case 'N':
      return String(number);
    case 'S':
      return quoteLiteral(length === null ? `v${number}` : String(number).slice(-length));
    case 'B':
      return 'true';
    case 'A':
      return `'{}'`;
    case 'D':
      return `(timestamp '2024-01-01' + interval '${number} seconds')`;
    case 'T':
      return `'1 day'`;
    case 'I':
      return `'10.${number % 250}.0.1'`;
    case 'R':
      return `'empty'`;
    default:
      return 'null';
  }
}
