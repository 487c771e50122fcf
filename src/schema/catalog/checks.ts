import { standsAlone } from './columns.ts';
import { type CatalogObject, keyOf, type ObjectKey, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { USER_RELATION } from './sql-parts.ts';

/** Parents with ordinary children get theirs later: a child's own check of the same name has to be there first. */
const INLINE = `k.contype = 'c' and k.convalidated and (k.conislocal or c.relispartition) and ${standsAlone('pg_constraint', 'k.oid', 'c.oid')}`;

/** Checks that stand in the CREATE of table `c`. */
export function inlineChecks(): string {
  return `(select string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' order by k.conname)
    from pg_constraint k where k.conrelid = c.oid and ${INLINE})`;
}

/** Besides those that only a parent brings. NOT NULL stands with its column, and is here for its comment or as not validated. */
const CHECKS = `select k.oid, k.conname as name, quote_ident(k.conname) as id, k.contype as type, c.oid as table, n.nspname || '.' || c.relname as table_name, format('%I.%I', n.nspname, c.relname) as table_id,
    pg_get_constraintdef(k.oid) as definition, k.convalidated as valid, c.relispartition as partition, k.contype = 'n' and k.convalidated or ${INLINE} as inline
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where (k.contype = 'c' or k.contype = 'n' and (not k.convalidated or exists (select from pg_description d
      where d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid))) and (k.conislocal or c.relispartition and k.convalidated) and ${USER_RELATION}`;

/** Which tables inherit from which, directly. */
const CHILDREN = `select i.inhparent as parent, string_agg(i.inhrelid::text, ' ') as children from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where c.relkind in ('r', 'p', 'f') group by i.inhparent`;

export async function readChecks(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, CHECKS);
  const apart = new Map<string, Row>();
  for (const row of rows) if (row['inline'] === 'f') apart.set(`${text(row, 'table')} ${text(row, 'name')}`, row);
  const children = new Map<string, readonly string[]>();
  if (apart.size > 0)
    for (const row of await rowsOf(reader, CHILDREN))
      children.set(text(row, 'parent'), text(row, 'children').split(' '));
  return rows.map((row) => {
    const table = keyOf('pg_class', text(row, 'table'));
    const inline = row['inline'] === 't';
    const key = keyOf('pg_constraint', text(row, 'oid'));
    const id = text(row, 'id');
    const add = `ALTER TABLE ${text(row, 'table_id')} ADD CONSTRAINT ${id} ${text(row, 'definition')}`;
    return {
      key,
      kind: inline ? 'default' : 'check',
      name: `${text(row, 'table_name')}.${text(row, 'name')}`,
      // rows that break what was never validated may exist
      section: row['valid'] === 't' ? 'pre-data' : 'post-data',
      statements: inline ? [] : [{ tag: 'ALTER TABLE', text: add }],
      address: `CONSTRAINT ${id} ON ${text(row, 'table_id')}`,
      relation: Number(text(row, 'table')),
      requires: [table, ...sameInChildren(row, apart, children)],
      ...(row['partition'] === 't' && row['valid'] === 't' ? { precedes: [`${table}#attached`] } : {}),
    };
  });
}

/** A child's own one of the same name has to be there before its parent's, which merges with it; the other way round is an error. */
function sameInChildren(
  row: Row,
  apart: ReadonlyMap<string, Row>,
  children: ReadonlyMap<string, readonly string[]>,
): ObjectKey[] {
  if (row['inline'] === 't') return [];
  const found: ObjectKey[] = [];
  const waiting = [...(children.get(text(row, 'table')) ?? [])];
  for (let child = waiting.pop(); child !== undefined; child = waiting.pop()) {
    const same = apart.get(`${child} ${text(row, 'name')}`);
    if (same !== undefined) found.push(keyOf('pg_constraint', text(same, 'oid')));
    waiting.push(...(children.get(child) ?? []));
  }
  return found;
}
