import { wideValues } from '../workloads/mixed.ts';
import { scaled } from '../workloads/workload.ts';

/** What is to be copied. */
export interface CopyWork {
  readonly id: string;
  readonly title: string;
  /** Named `public.name`, without indexes and constraints; those follow by `keys`. */
  readonly tables: readonly { readonly name: string; readonly definition: string }[];
  readonly keys: readonly string[];
  readonly fill: readonly string[];
}

const ACCOUNTS = 5_000_000;
/** Below, starting up is most of what is measured. */
const LEAST_ACCOUNTS = 500_000;
const PER_BRANCH = 100_000;
const WIDE_TABLES = 20;
const WIDE_ROWS = 50_000;
const LEAST_WIDE_ROWS = 5_000;

/** The one large table of `pgbench -i -s 50`. */
export function accounts(scale: number): CopyWork {
  const rows = Math.max(LEAST_ACCOUNTS, scaled(ACCOUNTS, scale));
  return {
    id: 'W7',
    title: 'initial copy, pgbench_accounts',
    tables: [
      {
        name: 'pgbench_accounts',
        definition:
          'create table pgbench_accounts (aid int not null, bid int, abalance int, filler char(84)) with (fillfactor = 100)',
      },
    ],
    keys: ['alter table pgbench_accounts add primary key (aid)'],
    fill: [
      `insert into pgbench_accounts select i, (i - 1) / ${PER_BRANCH} + 1, 0, '' from generate_series(1, ${rows}) i`,
    ],
  };
}

/** The tables of W4, more of each. */
export function wideTables(scale: number): CopyWork {
  const rows = Math.max(LEAST_WIDE_ROWS, scaled(WIDE_ROWS, scale));
  const numbers = Array.from({ length: WIDE_TABLES }, (_, i) => i + 1);
  return {
    id: 'W7b',
    title: 'initial copy, 20 wide tables',
    tables: numbers.map((i) => ({
      name: `wide_${i}`,
      definition: `create table wide_${i} (
        id bigint not null, parent bigint, name text not null, doc jsonb, amount numeric(24, 6), at timestamptz not null, token uuid not null,
        tags text[], numbers int[], bytes bytea, body text, flag bool, ratio float8);
        alter table wide_${i} alter body set storage external`,
    })),
    keys: [
      ...numbers.map((i) => `alter table wide_${i} add primary key (id)`),
      ...numbers.flatMap((i) => [
        `create index on wide_${i} (name)`,
        `create index on wide_${i} (at)`,
        `create index on wide_${i} (amount, id)`,
        ...(i === 1 ? [] : [`alter table wide_${i} add foreign key (parent) references wide_1 (id)`]),
      ]),
    ],
    fill: numbers.map((i) => `insert into wide_${i} select ${wideValues(i, 'i')} from generate_series(1, ${rows}) i`),
  };
}

export const COPY_WORKS: readonly ((scale: number) => CopyWork)[] = [accounts, wideTables];
export const COPY_IDS: readonly string[] = COPY_WORKS.map((work) => work(1).id);
