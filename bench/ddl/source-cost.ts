import { value } from '../database.ts';
import { median } from '../statistics.ts';
import { dumpedTable, script } from './scripts.ts';
import type { Variant } from './variants.ts';

/** Medians of a task by variant. */
export interface Cost {
  readonly task: string;
  readonly statements: number;
  readonly byVariant: ReadonlyMap<string, { readonly milliseconds: number; readonly walBytes: number }>;
}

interface Sample {
  readonly milliseconds: number;
  readonly walBytes: number;
}

const COLUMN_ROUNDS_PER_TABLE = 50;

/** ADD COLUMN and DROP COLUMN, statement by statement, each statement on all variants before the next. */
export async function columnCosts(variants: readonly Variant[], count: number): Promise<Cost[]> {
  const adds = new Samples();
  const drops = new Samples();
  for (let i = 0; i < count; i++) {
    const table = `columns_${Math.floor(i / COLUMN_ROUNDS_PER_TABLE)}`;
    if (i % COLUMN_ROUNDS_PER_TABLE === 0) {
      for (const { client } of variants) {
        await client.query(
          `create table ${table} (id int primary key, a text, b int, c timestamptz, d numeric, e jsonb)`,
        );
      }
    }
    for (const variant of turned(variants, i))
      adds.add(variant, await measure(variant, [`alter table ${table} add column x_${i} int`]));
    for (const variant of turned(variants, i))
      drops.add(variant, await measure(variant, [`alter table ${table} drop column x_${i}`]));
  }
  return [adds.cost('ADD COLUMN', 1), drops.cost('DROP COLUMN', 1)];
}

/** The schema of many tables as pg_dump writes it, one query a statement. */
export async function restoreCost(variants: readonly Variant[], tables: number, rounds: number): Promise<Cost> {
  const samples = new Samples();
  const statements = Array.from({ length: tables }, (_, i) => dumpedTable('restored', i + 1)).flat();
  for (let round = 0; round < rounds; round++) {
    for (const variant of turned(variants, round)) {
      await variant.client.query('create schema restored');
      samples.add(variant, await measure(variant, statements));
      await dropSchema(variant, 'restored', tables);
    }
  }
  return samples.cost(`restore of ${tables} tables`, statements.length);
}

/** Everything as one query. Done in several lengths, WAL a statement tells whether the cost is linear. */
export async function scriptCost(variants: readonly Variant[], statements: number, rounds: number): Promise<Cost> {
  const samples = new Samples();
  for (let round = 0; round < rounds; round++) {
    for (const variant of turned(variants, round)) {
      await variant.client.query('create schema scripted');
      samples.add(variant, await measure(variant, [script('scripted', statements)]));
      await dropSchema(variant, 'scripted', statements / 5);
    }
  }
  return samples.cost(`one query of ${statements} statements`, statements);
}

/** Table by table: a single DROP SCHEMA … CASCADE would take more locks than the server has room for. */
async function dropSchema({ client }: Variant, schema: string, tables: number): Promise<void> {
  const prefix = schema === 'restored' ? 't' : 's';
  for (let n = tables; n >= 1; n--) await client.query(`drop table if exists ${schema}.${prefix}${n} cascade`);
  await client.query(`drop schema ${schema} cascade`);
}

async function measure({ client }: Variant, statements: readonly string[]): Promise<Sample> {
  const from = (await value(client, 'select pg_current_wal_insert_lsn()::text')) ?? '0/0';
  const started = performance.now();
  for (const statement of statements) await client.query(statement);
  const milliseconds = performance.now() - started;
  const walBytes = Number(await value(client, 'select pg_current_wal_insert_lsn() - $1::pg_lsn', [from]));
  return { milliseconds, walBytes };
}

/** Samples of several statements count per statement. */
class Samples {
  readonly #all = new Map<string, Sample[]>();

  add({ name }: Variant, sample: Sample): void {
    const list = this.#all.get(name) ?? [];
    list.push(sample);
    this.#all.set(name, list);
  }

  cost(task: string, statements: number): Cost {
    const byVariant = new Map(
      [...this.#all].map(([name, samples]) => [
        name,
        {
          milliseconds: median(samples.map(({ milliseconds }) => milliseconds)) / statements,
          walBytes: median(samples.map(({ walBytes }) => walBytes)) / statements,
        },
      ]),
    );
    return { task, statements, byVariant };
  }
}

function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
