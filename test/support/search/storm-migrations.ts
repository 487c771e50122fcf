export interface StormChange {
  readonly sql: string;
  /** The table, as it is found afterwards, and a column with a value that a row has in it. */
  readonly found?: { readonly alias: string; readonly column: string; readonly value: string | number };
}

const MARKED = 'public.items';

/** A row that nobody else touches, and its value by the name of a column. */
function mark(column: string, value: string | number, alias = MARKED, table = 'items'): StormChange {
  const literal = typeof value === 'number' ? String(value) : `'${value}'`;
  const sql = `insert into ${table} (id, n, name, ${column}) values (-1, 0, 'marked', ${literal})
    on conflict (id) do update set ${column} = excluded.${column}`;
  return { sql, found: { alias, column, value } };
}

/** What teams do to a table that is in use: twenty changes a round. After each that gives something a name, a search by it follows. */
export function stormChanges(round: number): readonly StormChange[] {
  const r = `r${round}`;
  return [
    { sql: `alter table items add added_${r} text` },
    mark(`added_${r}`, `one-${r}`),
    {
      sql: `alter table items rename added_${r} to renamed_${r}`,
      found: { alias: MARKED, column: `renamed_${r}`, value: `one-${r}` },
    },
    { sql: `alter table items add level_${r} int not null default ${100 + round}` },
    mark(`level_${r}`, 7_000 + round),
    {
      sql: `alter table items alter level_${r} type text using 'l' || level_${r}`,
      found: { alias: MARKED, column: `level_${r}`, value: `l${7_000 + round}` },
    },
    { sql: `alter table items add first_${r} int, add second_${r} text` },
    mark(`second_${r}`, `two-${r}`),
    {
      sql: `alter table items drop first_${r}, alter second_${r} type varchar(50)`,
      found: { alias: MARKED, column: `second_${r}`, value: `two-${r}` },
    },
    { sql: `alter table items rename to things` },
    mark(`renamed_${r}`, `three-${r}`, 'public.things', 'things'),
    {
      sql: `create schema moved_${r}; alter table things set schema moved_${r}`,
      found: { alias: `moved_${r}.things`, column: `renamed_${r}`, value: `three-${r}` },
    },
    {
      sql: `alter table moved_${r}.things set schema public; alter table things rename to items; drop schema moved_${r}`,
      found: { alias: MARKED, column: `renamed_${r}`, value: `three-${r}` },
    },
    {
      sql: `do $$ begin alter table items rename renamed_${r} to done_${r}; alter table items add flag_${r} boolean; end $$`,
      found: { alias: MARKED, column: `done_${r}`, value: `three-${r}` },
    },
    {
      sql: `create table extra_${r} (id int primary key, n int, name text, word text); insert into extra_${r} select g, g, 'x', 'w' || g from generate_series(1, 100) g`,
      found: { alias: `public.extra_${r}`, column: 'word', value: 'w77' },
    },
    {
      sql: `begin; alter table extra_${r} add more int; update extra_${r} set more = id; alter table extra_${r} rename word to term; commit`,
      found: { alias: `public.extra_${r}`, column: 'more', value: 55 },
    },
    { sql: `truncate pairs; insert into pairs select g, 'again', g from generate_series(1, 500) g` },
    { sql: `drop table extra_${r}` },
    { sql: `alter table items drop flag_${r}, drop second_${r}` },
    {
      sql: `alter table items drop level_${r}, drop done_${r}`,
      found: { alias: MARKED, column: 'name', value: 'marked' },
    },
  ];
}
