import { WalcastError } from '../../errors/walcast-error.ts';
import { sqlstateOf } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { SHAPE_EXPRESSION } from '../../schema/relation-shape.ts';
import type { SnapshotTable } from '../../wal/snapshot.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';
import { TYPES_EXPRESSION } from './user-types.ts';

export interface TableSelection {
  /** The stream brings nothing of them: default false. */
  readonly unlogged?: boolean;
}

/** Tables a query: what it answers stays small, also with wide tables. */
const PAGE = 200;

/** Relations of users: neither the system's nor temporary ones nor ours. */
export const USER_SCHEMA = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'walcast')`;

/** Not made by an extension. */
export const NO_MEMBER = `not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')`;

/** Of an extension, but its rows, or those that fulfil the condition, are the user's. */
export const CONFIGURED = `(
  select x.condition from pg_extension e, unnest(e.extconfig, e.extcondition) as x (oid, condition) where x.oid = c.oid limit 1)`;

const TABLES = `
select ${SHAPE_EXPRESSION} as shape, c.relfilenode::text as file_node, coalesce(pg_table_size(c.oid), 0)::text as bytes,
       greatest(c.reltuples, 0)::bigint::text as rows, ${TYPES_EXPRESSION} as types, ${CONFIGURED} as condition
from (
  select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = any ($2::text[]) and c.oid > $1::oid and ${USER_SCHEMA}
    and (${NO_MEMBER} or ${CONFIGURED} is not null)
  order by c.oid limit ${PAGE}) c
join pg_namespace n on n.oid = c.relnamespace
order by c.oid`;

/** Undefined table, object, schema, column or function, or a failed look-up: functions read the catalogs as they are now. */
const SCHEMA_MOVED = new Set(['42P01', '42704', '3F000', '42703', '42883', 'XX000']);

/** Every table that holds rows of users, in the order of their oids, as the session sees the catalogs. */
export async function readTables(session: SqlSession, selection: TableSelection = {}): Promise<SnapshotTable[]> {
  const persistence = selection.unlogged === true ? '{p,u}' : '{p}';
  const tables: SnapshotTable[] = [];
  for (let last = 0, more = true; more; last = tables.at(-1)?.oid ?? 0) {
    const rows = await page(session, last, persistence);
    for (const row of rows) tables.push(tableOf(row));
    more = rows.length === PAGE;
  }
  return tables;
}

type Row = Readonly<Record<string, string | null>>;

async function page(session: SqlSession, last: number, persistence: string): Promise<readonly Row[]> {
  try {
    return (await session.query(TABLES, [String(last), persistence])).rows;
  } catch (error) {
    if (!SCHEMA_MOVED.has(sqlstateOf(error) ?? '')) throw error;
    throw new WalcastError('E_SNAPSHOT_SCHEMA', 'tables of the source were changed or dropped while they were read', {
      cause: error,
    });
  }
}

function tableOf(row: Row): SnapshotTable {
  const metadata = JSON.parse(row['shape'] ?? '') as TableMetadata;
  const { types = null, condition = null } = row;
  return {
    oid: metadata.oid,
    metadata,
    fileNode: row['file_node'] ?? '',
    bytes: Number(row['bytes']),
    estimatedRows: Number(row['rows']),
    ...(types === null ? {} : { types }),
    ...(condition === null ? {} : { extensionCondition: condition }),
  };
}
