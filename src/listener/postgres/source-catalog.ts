import { setTimeout as delay } from 'node:timers/promises';
import { connectClient, endClient, limited, sqlstateOf } from '../../postgres/client.ts';
import { READING_OPTIONS } from '../../postgres/pinned-settings.ts';
import { SHAPE_EXPRESSION } from '../../schema/relation-shape.ts';
import { quoteIdentifier, quoteQualified } from '../../sql/quote.ts';
import { formatLsn, type Lsn } from '../../wal/lsn.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';

const LIMIT_MS = 60_000;
const POLL_MS = 10;
/** Undefined table, schema, column, type or function. */
const GONE = new Set(['42P01', '3F000', '42703', '42704', '42883']);
const USER_TABLES = `c.relkind in ('r', 'p') and c.relpersistence = 'p' and n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'walcast')`;

const INSTALLED = `select to_regclass('walcast.table_ids') is not null as installed`;
const IDS = `
select distinct on (t.relation) t.relation::text as oid, t.id, t.root::text as root
from walcast.table_ids t where t.since <= coalesce($1::pg_lsn, 'FFFFFFFF/FFFFFFFF') order by t.relation, t.since desc`;
const VISIBLE = `
select coalesce(bool_and(pg_visible_in_snapshot(x.xid::xid8, pg_current_snapshot())), true) as visible from unnest($1::text[]) as x(xid)`;
const RELATIONS = `
select ${SHAPE_EXPRESSION}::text as shape from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::oid[]) and c.relkind in ('r', 'p')`;
const ALL = `
select ${SHAPE_EXPRESSION}::text as shape from pg_class c join pg_namespace n on n.oid = c.relnamespace
where ${USER_TABLES} order by c.oid`;
const NAME = `
select n.nspname as schema, c.relname as name,
  (select json_object_agg(a.attname, json_build_array(a.atttypid::bigint, (
     with recursive base (oid, below) as (
       select t.oid, t.typbasetype from pg_type t where t.oid = a.atttypid
       union all select t.oid, t.typbasetype from base join pg_type t on t.oid = base.below)
     select format_type(base.oid, null) from base where base.below = 0)))
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::text as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid`;

type Row = Readonly<Record<string, string | null>>;

/** Reads the source's catalog and single rows as they are now. A session of its own for each question: they are rare. */
export class PostgresSourceCatalog {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;

  constructor(url: string, signal?: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async tableIds(at: Lsn | null): Promise<readonly { oid: number; id: string; root: number }[] | null> {
    return await this.#asked(async (query) => {
      const [found] = await query(INSTALLED, []);
      if (found?.['installed'] !== 't') return null;
      const rows = await query(IDS, [at === null ? null : formatLsn(at)]);
      return rows.flatMap(({ oid, id, root }) =>
        typeof id === 'string' ? [{ oid: Number(oid), id, root: Number(root ?? oid) }] : [],
      );
    });
  }

  async nextXid(): Promise<bigint> {
    return await this.#asked(async (query) => {
      const [row] = await query('select pg_snapshot_xmax(pg_current_snapshot())::text as xid', []);
      return BigInt(row?.['xid'] ?? 0);
    });
  }

  async untilVisible(xids: readonly bigint[]): Promise<void> {
    await this.#asked(async (query) => {
      for (;;) {
        const [row] = await query(VISIBLE, [xids.map(String)]);
        if (row?.['visible'] === 't') return;
        await delay(POLL_MS, undefined, { signal: this.#signal });
      }
    });
  }

  async relations(oids: readonly number[]): Promise<readonly TableMetadata[]> {
    return await this.#asked(async (query) => (await query(RELATIONS, [`{${oids.join(',')}}`])).map(shapeOf));
  }

  async allRelations(): Promise<readonly TableMetadata[]> {
    return await this.#asked(async (query) => (await query(ALL, [])).map(shapeOf));
  }

  async values({
    oid,
    keyNames,
    keys,
    columns,
  }: {
    readonly oid: number;
    readonly keyNames: readonly string[];
    readonly keys: readonly (readonly string[])[];
    readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  }): Promise<readonly (readonly (string | null)[] | null)[]> {
    const none = keys.map(() => null);
    return await this.#asked(async (query) => {
      const [table] = await query(NAME, [String(oid)]);
      if (table === undefined) return none;
      const now = JSON.parse(table['columns'] ?? '{}') as Record<string, [number, string]>;
      const types = keyNames.map((name) => now[name]?.[1]);
      if (types.includes(undefined) || columns.some(({ name, typeOid }) => now[name]?.[0] !== typeOid)) return none;
      // Arrays of the keys' own types, below domains, and format(): input and output functions run, but no cast or check of a user.
      const wanted = types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
      const names = keyNames.map((_, i) => `k${i}`).join(', ');
      const joined = keyNames.map((name, i) => `t.${quoteIdentifier(name)} = w.k${i}`).join(' and ');
      const values = columns.map(({ name }, i) => `${textOf(`t.${quoteIdentifier(name)}`)} as v${i}`).join(', ');
      const sql = `select w.place::text as place, ${values}
        from unnest(${wanted}) with ordinality as w(${names}, place)
        join ${quoteQualified(table['schema'] ?? '', table['name'] ?? '')} t on ${joined}`;
      const found: (readonly (string | null)[] | null)[] = [...none];
      try {
        const rows = await query(
          sql,
          keyNames.map((_, i) => keys.map((key) => key[i] ?? '')),
        );
        for (const row of rows) found[Number(row['place']) - 1] = columns.map((_, i) => row[`v${i}`] ?? null);
      } catch (error) {
        // renamed or dropped this very moment: what became of it comes with the stream
        if (!GONE.has(sqlstateOf(error) ?? '')) throw error;
      }
      return found;
    });
  }

  async #asked<T>(
    work: (query: (sql: string, values: readonly unknown[]) => Promise<readonly Row[]>) => Promise<T>,
  ): Promise<T> {
    const client = await connectClient({
      url: this.#url,
      applicationName: 'walcast catalog',
      options: READING_OPTIONS,
      side: 'source',
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
    try {
      return await limited(client, { signal: this.#signal, milliseconds: LIMIT_MS }, () =>
        work(async (sql, values) => (await client.query<Record<string, string | null>>(sql, [...values])).rows),
      );
    } finally {
      await endClient(client);
    }
  }
}

function textOf(column: string): string {
  return `case num_nulls(${column}) when 0 then format('%s', ${column}) end`;
}

function shapeOf(row: Row): TableMetadata {
  return JSON.parse(row['shape'] ?? '') as TableMetadata;
}
