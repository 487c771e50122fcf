import { scaled, type Workload } from './workload.ts';

const CHANGES = 1_000;
const ROWS = 10;
/** A table has at most 1,600 columns. */
const TABLES = 10;

export const SCHEMA_CHANGES: Workload = {
  id: 'W5',
  title: 'ADD COLUMN and CREATE TABLE, 10 rows after each',
  oursOnly: true,
  setup: () =>
    Array.from(
      { length: TABLES },
      (_, i) => `create table grows_${i} (id bigint generated always as identity primary key, name text)`,
    ),
  async generate(scale, sql) {
    const each = scaled(CHANGES, scale);
    await sql(`do $$
      begin
        for i in 1..${each} loop
          execute format('alter table grows_%s add column extra_%s int default %s', i % ${TABLES}, i, i);
          commit;
          execute format('insert into grows_%s (name) select ''row '' || n from generate_series(1, ${ROWS}) n', i % ${TABLES});
          commit;
          execute format('create table made_%s (id int primary key, name text not null default ''none'', at timestamptz)', i);
          commit;
          execute format('insert into made_%s select n, ''row '' || n, timestamptz ''2024-01-01'' from generate_series(1, ${ROWS}) n', i);
          commit;
        end loop;
      end $$`);
    return { transactions: each * 4, rows: each * 2 * ROWS, ddl: each * 2 };
  },
};
