import type pg from 'pg';
import type { Features } from './shop-features.ts';
import { CUSTOMERS, PRODUCTS } from './shop-schema.ts';

export interface Work {
  readonly client: pg.Client;
  readonly random: () => number;
  readonly features: Features;
  /** A number that no other transaction of the run gets. */
  readonly unique: () => number;
}

/** Does the statements of one transaction and returns how many rows it wrote. */
export type Transaction = (work: Work) => Promise<number>;

function below(work: Work, limit: number): number {
  return Math.floor(work.random() * limit);
}

async function write(client: pg.Client, sql: string, values: readonly (string | number)[] = []): Promise<number> {
  return (await client.query(sql, [...values])).rowCount ?? 0;
}

/** In the order of their ids: two transactions that change the same products never wait for one another in a circle. */
function someProducts(work: Work): number[] {
  const chosen = new Set<number>();
  const count = 1 + below(work, 4);
  while (chosen.size < count) chosen.add(1 + below(work, PRODUCTS));
  return [...chosen].sort((a, b) => a - b);
}

const placeOrder: Transaction = async (work) => {
  const { client, features } = work;
  const customer = 1 + below(work, CUSTOMERS);
  const order = await client.query<{ id: string }>('insert into orders (customer_id) values ($1) returning id', [
    customer,
  ]);
  const id = order.rows[0]?.id ?? '0';
  let written = 1;
  for (const [line, product] of someProducts(work).entries()) {
    const quantity = 1 + below(work, 5);
    written += await write(
      client,
      'insert into order_items select $1, $2, id, $3, round(price, 2) from products where id = $4',
      [id, line + 1, quantity, product],
    );
    written += await write(client, 'update products set stock = stock - $1 where id = $2', [quantity, product]);
  }
  if (features.has('payments')) {
    written += await write(client, 'insert into payments (order_id, amount) values ($1, $2)', [
      id,
      below(work, 90_000) / 100,
    ]);
  }
  if (features.has('loyalty points')) {
    written += await write(client, 'update customers set loyalty_points = loyalty_points + 1 where id = $1', [
      customer,
    ]);
  }
  return written;
};

const moveOrder: Transaction = async (work) => {
  const states = work.features.has('returns') ? ['shipped', 'returned'] : ['shipped'];
  const state = states[below(work, states.length)] ?? 'shipped';
  return await write(
    work.client,
    `update orders set status = $1 where id in (select id from orders where status = 'open' order by id limit 2 for update skip locked)`,
    [state],
  );
};

/** The children go by ON DELETE CASCADE. */
const cancelOrder: Transaction = async (work) =>
  await write(
    work.client,
    'delete from orders where id in (select id from orders order by id limit 1 for update skip locked)',
  );

const changeCustomer: Transaction = async (work) => {
  const note = ['called', 'wrote', 'moved — "somewhere else"', '它很好', "isn't amused"][below(work, 5)] ?? '';
  return await write(work.client, 'update customers set notes = $1, region_id = $2 where id = $3', [
    `${note} ${work.unique()}`,
    1 + below(work, 5),
    1 + below(work, CUSTOMERS),
  ]);
};

const newCustomer: Transaction = async (work) => {
  const number = work.unique();
  return await write(work.client, 'insert into customers (region_id, email, name) values ($1, $2, $3)', [
    1 + below(work, 5),
    `new${number}@example.org`,
    `New № ${number}`,
  ]);
};

/** Long texts are stored apart; an update of the price alone then says nothing of them. */
const describeProduct: Transaction = async (work) => {
  const text = Array.from({ length: 100 + below(work, 200) }, () => work.random().toString(36).slice(2)).join(' ');
  return await write(work.client, 'update products set description = $1 where id = $2', [
    text,
    1 + below(work, PRODUCTS),
  ]);
};

const reprice: Transaction = async (work) =>
  await write(work.client, 'update products set price = round(price * 1.01, 2) where id = $1 and price < 5000', [
    1 + below(work, PRODUCTS),
  ]);

const renameProduct: Transaction = async (work) => {
  const column = work.features.has('product titles') ? 'title' : 'name';
  return await write(work.client, `update products set ${column} = $1 where id = $2`, [
    `Product ${work.unique()}`,
    1 + below(work, PRODUCTS),
  ]);
};

/** Part of it is taken back, and must not arrive. */
const auditWithSavepoint: Transaction = async (work) => {
  const { client } = work;
  const sql = 'insert into audit (action, detail) values ($1, $2)';
  const written = await write(client, sql, ['login', `{"n": ${work.unique()}, "ok": true, "rate": 1.10}`]);
  await client.query('savepoint attempt');
  await write(client, sql, ['never happened', '{}']);
  await client.query('rollback to savepoint attempt');
  return written + (await write(client, sql, ['logout', 'null']));
};

/** Several rows of the table without a key may be the same: exactly one of them goes. */
const forgetAudit: Transaction = async (work) =>
  await write(
    work.client,
    `delete from audit where ctid in (select ctid from audit where action = 'logout' limit 1 for update skip locked)`,
  );

const visit: Transaction = async (work) => {
  if (!work.features.has('visits')) return 0;
  return await write(
    work.client,
    'insert into visits values (clock_timestamp() - make_interval(days => $1), $2, $3) on conflict do nothing',
    [below(work, 4_000), 1 + below(work, CUSTOMERS), `/page/${below(work, 50)}`],
  );
};

const rolledBack: Transaction = async (work) => {
  await write(work.client, `update customers set name = 'nobody' where id = $1`, [1 + below(work, CUSTOMERS)]);
  throw new TakenBack();
};

/** The application changes its mind. */
export class TakenBack extends Error {}

const SHARES: readonly (readonly [number, Transaction])[] = [
  [30, placeOrder],
  [15, moveOrder],
  [6, cancelOrder],
  [12, changeCustomer],
  [8, newCustomer],
  [4, describeProduct],
  [8, reprice],
  [4, renameProduct],
  [5, auditWithSavepoint],
  [2, forgetAudit],
  [8, visit],
  [2, rolledBack],
];
const SUM = SHARES.reduce((sum, [share]) => sum + share, 0);

export function pickTransaction(random: () => number): Transaction {
  let rest = random() * SUM;
  for (const [share, transaction] of SHARES) {
    rest -= share;
    if (rest < 0) return transaction;
  }
  return placeOrder;
}
