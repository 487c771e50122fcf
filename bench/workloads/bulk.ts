import { scaled, type Workload } from './workload.ts';

const INSERTED = 2_000_000;
const PER_TRANSACTION = 1_000;
const UPDATED = 1_000_000;

const TABLE = `create table item (
  id bigint primary key, k int not null, at timestamptz not null, amount numeric(12,2) not null, flag bool not null,
  name text not null, note text, token uuid not null)`;

/** Eight columns, about 115 bytes; every fourth note is null, every seventh needs escaping. */
const ROW = `i, (i * 7919) % 1000003, timestamptz '2024-01-01 00:00:00+00' + i * interval '1.000001 s', (i % 1000000) / 100.0, i % 2 = 0,
  'item number ' || i, case when i % 4 = 0 then null when i % 7 = 0 then E'tab\\t and \\\\ of ' || i else 'a note about ' || i end,
  md5(i::text)::uuid`;

export const INSERTS: Workload = {
  id: 'W2',
  title: 'inserts, 1,000 a transaction',
  setup: () => [
    TABLE,
    `create procedure fill(transactions int) language plpgsql as $$
     begin
       for t in 0..transactions - 1 loop
         insert into item select ${ROW} from generate_series(t * ${PER_TRANSACTION}::bigint + 1, (t + 1) * ${PER_TRANSACTION}::bigint) i;
         commit;
       end loop;
     end $$`,
  ],
  async generate(scale, sql) {
    const count = scaled(INSERTED, scale, PER_TRANSACTION);
    await sql(`call fill(${count / PER_TRANSACTION})`);
    return { transactions: count / PER_TRANSACTION, rows: count };
  },
};

export const BIG_UPDATE: Workload = {
  id: 'W3',
  title: 'one transaction, every row updated',
  setup: (scale) => [
    TABLE,
    `insert into item select ${ROW} from generate_series(1::bigint, ${scaled(UPDATED, scale)}) i`,
  ],
  async generate(scale, sql) {
    await sql('update item set k = k + 1, amount = amount + 0.01');
    return { transactions: 1, rows: scaled(UPDATED, scale) };
  },
};
