import { standsAlone } from './columns.ts';
import { type CatalogObject, keyOf, type ObjectKey, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { USER_RELATION } from './sql-parts.ts';

/** A check that was never validated comes after the rows, as some may break it; a child of an ordinary parent gets that one's checks from it. */
const INLINE = `k.contype = 'c' and k.convalidated and (k.conislocal or c.relispartition)`;
const ALONE = standsAlone('pg_constraint', 'k.oid', 'c.oid');

/** Checks that stand in the CREATE of relation `c`; `alone` only those that need nothing but the relation. */
export function inlineChecks(alone: boolean): string {
  return `(select string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' order by k.conname)
    from pg_constraint k where k.conrelid = c.oid and ${INLINE}${alone ? ` and ${ALONE}` : ''})`;
}

/** Statements that add the others, joined by a character that no statement holds. */
export const LATER_CHECKS = `(select string_agg(format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)), e'\\x01' order by k.conname)
    from pg_constraint k where k.conrelid = c.oid and ${INLINE} and not ${ALONE})`;

/** NOT NULL stands with its column too. */
const MADE_WITH_TABLE = `select k.oid, c.oid as table, format('CONSTRAINT %I ON %I.%I', k.conname, n.nspname, c.relname) as address
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where (${INLINE} or k.contype = 'n' and k.convalidated) and ${USER_RELATION}`;

/** What the CREATE of a table brings with it, by the table's oid. */
export async function readInlineChecks(
  reader: CatalogReader,
): Promise<ReadonlyMap<string, readonly (readonly [key: ObjectKey, address: string])[]>> {
  const found = new Map<string, [ObjectKey, string][]>();
  for (const row of await rowsOf(reader, MADE_WITH_TABLE)) {
    const table = text(row, 'table');
    const key = keyOf('pg_constraint', text(row, 'oid'));
    reader.dependencies.alias(key, keyOf('pg_class', table));
    const list = found.get(table) ?? [];
    list.push([key, text(row, 'address')]);
    found.set(table, list);
  }
  return found;
}

const UNVALIDATED = `select k.oid, k.conname as name, quote_ident(k.conname) as id, c.oid as table, n.nspname || '.' || c.relname as table_name, format('%I.%I', n.nspname, c.relname) as table_id,
    pg_get_constraintdef(k.oid) as definition
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where k.contype in ('c', 'n') and not k.convalidated and k.conislocal and ${USER_RELATION}`;

/** Which tables inherit from which, directly. */
const CHILDREN = `select i.inhparent as parent, string_agg(i.inhrelid::text, ' ') as children from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where c.relkind in ('r', 'p', 'f') group by i.inhparent`;

export async function readUnvalidated(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, UNVALIDATED);
  if (rows.length === 0) return [];
  const byName = new Map(rows.map((row) => [`${text(row, 'table')} ${text(row, 'name')}`, row]));
  const children = new Map<string, readonly string[]>();
  for (const row of await rowsOf(reader, CHILDREN)) children.set(text(row, 'parent'), text(row, 'children').split(' '));
  return rows.map((row) => {
    const id = text(row, 'id');
    const add = `ALTER TABLE ${text(row, 'table_id')} ADD CONSTRAINT ${id} ${text(row, 'definition')}`;
    return {
      key: keyOf('pg_constraint', text(row, 'oid')),
      kind: 'check',
      name: `${text(row, 'table_name')}.${text(row, 'name')}`,
      section: 'post-data',
      statements: [{ tag: 'ALTER TABLE', text: add }],
      address: `CONSTRAINT ${id} ON ${text(row, 'table_id')}`,
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_class', text(row, 'table')), ...sameInChildren(row, byName, children)],
    };
  });
}

/** A child's own one of the same name has to be there before its parent's, which merges with it; the other way round is an error. */
function sameInChildren(
  row: Row,
  byName: ReadonlyMap<string, Row>,
  children: ReadonlyMap<string, readonly string[]>,
): ObjectKey[] {
  const found: ObjectKey[] = [];
  const waiting = [...(children.get(text(row, 'table')) ?? [])];
  for (let child = waiting.pop(); child !== undefined; child = waiting.pop()) {
    const same = byName.get(`${child} ${text(row, 'name')}`);
    if (same !== undefined) found.push(keyOf('pg_constraint', text(same, 'oid')));
    waiting.push(...(children.get(child) ?? []));
  }
  return found;
}
