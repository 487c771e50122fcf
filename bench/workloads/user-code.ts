import { scaled, type Workload } from './workload.ts';

const ROWS = 50_000;
const PER_TRANSACTION = 100;
const OWNER = 'bench_owner';

function owned(id: string, title: string, check: string): Workload {
  return {
    id,
    title,
    setup: () => [
      `do $$ begin create role ${OWNER}; exception when duplicate_object then null; end $$`,
      `grant all on schema public to ${OWNER}`,
      `create function fits(n bigint) returns boolean language plpgsql immutable as $$ begin return n > 0; end $$`,
      `alter function fits(bigint) owner to ${OWNER}`,
      `create table owned (id bigint primary key, name text not null${check})`,
      `alter table owned owner to ${OWNER}`,
    ],
    async generate(scale, sql) {
      const rows = scaled(ROWS, scale, PER_TRANSACTION);
      await sql(`do $$ begin
        for t in 0..${rows / PER_TRANSACTION - 1} loop
          insert into owned select n, 'row ' || n from generate_series(t * ${PER_TRANSACTION} + 1, (t + 1) * ${PER_TRANSACTION}) n;
          commit;
        end loop;
      end $$`);
      return { transactions: rows / PER_TRANSACTION, rows };
    },
  };
}

/** The same rows twice; those of the second reach a function of the table's owner and are written with the owner's rights, one by one. */
export const DIRECT_ROWS = owned('D1', 'rows that reach no code of users', '');
export const OWNERS_ROWS = owned('D2', "rows whose CHECK calls a function of the table's owner", ', check (fits(id))');
