export const BULK_TABLES = 6;
const ROWS = 40_000;

/** Some MB a table beside `BIRTH`, so that a copy lasts long enough to be disturbed: about ten ranges of 1 MB each. */
export const BULK = Array.from(
  { length: BULK_TABLES },
  (_, i) => `
create table bulk_${i} (id int primary key, n int not null, body text, long text);
alter table bulk_${i} alter long set storage external;
insert into bulk_${i} select g, g % 1000, repeat(md5(g::text), 6), case when g % 400 = 0 then repeat(md5(g::text), 200) end from generate_series(1, ${ROWS}) g;
create index on bulk_${i} (n, body);
create unique index on bulk_${i} (body, id);`,
).join('');

/** Rows go from one end of the keys to the other and back, their long values untouched: from ranges that are copied to some that are not. */
export function moveBulk(random: { int(from: number, to: number): number }): string {
  const table = `bulk_${random.int(0, BULK_TABLES - 1)}`;
  const [part, rest] = [random.int(80, 200), random.int(0, 79)];
  return `update ${table} set id = 1000000 - id where id % ${part} = ${rest};
    update ${table} set n = n + 1 where id % ${part + 1} = ${rest};
    delete from ${table} where id % 4001 = ${rest}`;
}
