import { scaled, type Workload } from './workload.ts';

const TABLES = 20;
const ROWS_PER_TABLE = 5_000;
const TRANSACTIONS = 50_000;
const CHANGES = 8;

/** The large text is stored outside of the row (TOAST, not compressed) in every fifth row. */
export const wideValues = (table: number, key: string): string => `
  ${key}, ${table === 1 ? 'null' : `1 + (${key} * 31) % ${ROWS_PER_TABLE}`}, 'name ' || ${key} % 977, jsonb_build_object('n', ${key}, 'tags', jsonb_build_array('a', ${key} % 10)),
  (${key} * 1.000001)::numeric(24, 6), timestamptz '2024-02-29 12:00:00.123456+00' + ${key} * interval '1 min',
  md5(${key}::text)::uuid, array['x' || ${key} % 7, null, 'comma, "quote"'], array[${key} % 100, ${key} % 3], decode(md5(${key}::text), 'hex'),
  case when ${key} % 5 = 0 then repeat(md5(${key}::text), 100) else 'short' end, ${key} % 2 = 0, ${key} / 3.0`;

function table(i: number): string[] {
  return [
    `create table wide_${i} (
       id bigint primary key, parent bigint${i === 1 ? '' : ` references wide_1 (id)`}, name text not null, doc jsonb, amount numeric(24, 6),
       at timestamptz not null, token uuid not null, tags text[], numbers int[], bytes bytea, body text, flag bool, ratio float8)`,
    `alter table wide_${i} alter body set storage external`,
    `create index on wide_${i} (name)`,
    `create index on wide_${i} (at)`,
    `create index on wide_${i} (amount, id)`,
    `insert into wide_${i} select ${wideValues(i, 'i')} from generate_series(1, ${ROWS_PER_TABLE}) i`,
  ];
}

/** Half inserts, 35 % updates (a fifth of them of the large value), 15 % deletes of what was inserted; parents stay. */
const WORK = `create procedure work(transactions int, seed float8) language plpgsql as $$
  declare t int; dice float8; key bigint := ${ROWS_PER_TABLE}; chosen bigint;
  begin
    perform setseed(seed);
    for n in 1..transactions loop
      for c in 1..${CHANGES} loop
        t := 1 + floor(random() * ${TABLES});
        dice := random();
        if dice < 0.5 then
          key := key + 1;
          execute format('insert into wide_%s select ${wideValues(2, '$1').replaceAll("'", "''").replaceAll('%', '%%')}', t) using key;
        elsif dice < 0.78 then
          chosen := 1 + floor(random() * ${ROWS_PER_TABLE});
          execute format('update wide_%s set amount = amount + 0.5, at = at + interval ''1 ms'', doc = doc || ''{"seen": true}'' where id = $1', t) using chosen;
        elsif dice < 0.85 then
          chosen := 1 + floor(random() * ${ROWS_PER_TABLE});
          execute format('update wide_%s set body = reverse(body), flag = not flag where id = $1', t) using chosen;
        else
          execute format('delete from wide_%s where id = (select max(id) from wide_%s where id > ${ROWS_PER_TABLE})', t, t);
        end if;
      end loop;
      commit;
    end loop;
  end $$`;

export const MIXED: Workload = {
  id: 'W4',
  title: 'mixed changes, 20 wide tables',
  setup: () => [...Array.from({ length: TABLES }, (_, i) => table(i + 1)).flat(), WORK],
  async generate(scale, sql) {
    const transactions = scaled(TRANSACTIONS, scale);
    await sql(`call work(${transactions}, 0.42)`);
    return { transactions, rows: transactions * CHANGES };
  },
};
