import type { SqlSession } from '../../postgres/sql-session.ts';
import type { SnapshotTable } from '../../wal/snapshot.ts';
import { TYPES_EXPRESSION } from './user-types.ts';

/**
 * Only plain rows of catalogs: functions such as pg_get_expr lock the table, and would wait behind somebody who waits for the lock that our
 * other session holds.
 */
const CURRENT = `
select n.nspname as schema, c.relname as name, c.relkind::text as kind, c.relfilenode::text as file_node, ${TYPES_EXPRESSION} as types,
  coalesce((select json_agg(json_build_array(a.attnum, a.attname, a.atttypid::bigint, a.atttypmod, a.attgenerated) order by a.attnum)
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')::text as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid`;

export type TableChange =
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'changed'; readonly what: string };

/**
 * Whether rows read under an older snapshot are still those that the script's table takes: same name, same columns, not rewritten. Keys,
 * indexes, defaults, owners and rights may differ: they come with the stream, and the rows stay what they are.
 */
export async function tableChange(catalogs: SqlSession, table: SnapshotTable): Promise<TableChange> {
  const [current] = (await catalogs.query(CURRENT, [String(table.oid)])).rows;
  if (current === undefined) return { kind: 'gone' };
  const { metadata } = table;
  const changed = (what: string): TableChange => ({ kind: 'changed', what });
  if (current['schema'] !== metadata.schema || current['name'] !== metadata.name || current['kind'] !== metadata.kind)
    return changed(`it is ${current['schema']}.${current['name']} now`);
  if (JSON.stringify(JSON.parse(current['columns'] ?? '')) !== columnsOf(table)) return changed('its columns changed');
  if ((current['types'] ?? undefined) !== table.types) return changed('a type of its columns changed');
  if (current['file_node'] !== table.fileNode) return changed('it was rewritten or emptied');
  return { kind: 'same' };
}

function columnsOf({ metadata }: SnapshotTable): string {
  const columns = [...(metadata.columns ?? [])].sort((a, b) => a.num - b.num);
  return JSON.stringify(
    columns.map(({ num, name, type_oid: type, typmod = -1, generated_kind: generated = '' }) => [
      num,
      name,
      type,
      typmod,
      generated,
    ]),
  );
}
