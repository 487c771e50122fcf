import { scaled, type Workload } from './workload.ts';

const TRANSACTIONS = 100_000;
const SESSIONS = 4;
const ACCOUNTS = 1_000_000;
const TELLERS_PER_BRANCH = 10;

/** pgbench's tables; keys, fillfactor and filler as `pgbench -i` makes them. */
export function tpcbSchema(branches: number, accounts: number): string[] {
  return [
    'create table pgbench_branches (bid int primary key, bbalance int, filler char(88)) with (fillfactor = 100)',
    'create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84)) with (fillfactor = 100)',
    'create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 100)',
    'create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))',
    `insert into pgbench_branches select i, 0, '' from generate_series(1, ${branches}) i`,
    `insert into pgbench_tellers select i, (i - 1) / ${TELLERS_PER_BRANCH} + 1, 0, '' from generate_series(1, ${branches * TELLERS_PER_BRANCH}) i`,
    `insert into pgbench_accounts select i, (i - 1) % ${branches} + 1, 0, '' from generate_series(1, ${accounts}) i`,
    // pgbench's transaction, `count` times; the client's part is played by a procedure that commits
    `create procedure tpcb(count int, seed float8) language plpgsql as $$
     declare account int; teller int; branch int; amount int;
     begin
       perform setseed(seed);
       for i in 1..count loop
         account := 1 + floor(random() * ${accounts});
         branch := 1 + floor(random() * ${branches});
         teller := 1 + floor(random() * ${branches * TELLERS_PER_BRANCH});
         amount := floor(random() * 10001) - 5000;
         update pgbench_accounts set abalance = abalance + amount where aid = account;
         update pgbench_tellers set tbalance = tbalance + amount where tid = teller;
         update pgbench_branches set bbalance = bbalance + amount where bid = branch;
         insert into pgbench_history (tid, bid, aid, delta, mtime) values (teller, branch, account, amount, clock_timestamp());
         commit;
       end loop;
     end $$`,
  ];
}

function tpcb(id: string, title: string, branches: number): Workload {
  return {
    id,
    title,
    setup: (scale) => tpcbSchema(branches, scaled(ACCOUNTS, Math.min(1, scale * 2), 1000)),
    async generate(scale, sql) {
      const each = scaled(TRANSACTIONS / SESSIONS, scale);
      await Promise.all(Array.from({ length: SESSIONS }, (_, i) => sql(`call tpcb(${each}, ${(i + 1) / 10})`)));
      return { transactions: each * SESSIONS, rows: each * SESSIONS * 4 };
    },
  };
}

export const TPCB = tpcb('W1', 'TPC-B, scale 10', 10);
export const TPCB_SPREAD = tpcb('W1b', 'TPC-B, 10,000 branches', 10_000);
