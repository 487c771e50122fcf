import { type CatalogObject, keyOf, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { USER_RELATION } from './sql-parts.ts';

/**
 * Those of partitions come with their parent's, under its name; where one is called otherwise, it was there before its partition was
 * attached, and is made first: the parent's takes it over.
 */
const FOREIGN_KEYS = `select k.oid, n.nspname || '.' || c.relname || '.' || k.conname as name, quote_ident(k.conname) as id, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id, c.relkind as kind,
    pg_get_constraintdef(k.oid) as definition, nullif(k.conparentid, 0) as parent
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace left join pg_constraint pk on pk.oid = k.conparentid
  where k.contype = 'f' and ${USER_RELATION} and (k.conparentid = 0 or pk.conrelid <> k.conrelid and pk.conname <> k.conname)`;

export async function readForeignKeys(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, FOREIGN_KEYS)).map((row) => {
    const table = text(row, 'table_id');
    const only = row['kind'] === 'p' ? '' : 'ONLY ';
    const { parent = null } = row;
    const add = `ALTER TABLE ${only}${table} ADD CONSTRAINT ${text(row, 'id')} ${text(row, 'definition')}`;
    return {
      key: keyOf('pg_constraint', text(row, 'oid')),
      kind: 'foreign key',
      name: text(row, 'name'),
      section: 'post-data',
      statements: [{ tag: 'ALTER TABLE', text: add }],
      address: `CONSTRAINT ${text(row, 'id')} ON ${table}`,
      relation: Number(text(row, 'table')),
      requires: [keyOf('pg_class', text(row, 'table'))],
      ...(parent === null
        ? {}
        : { precedes: [keyOf('pg_constraint', parent)], ignores: [keyOf('pg_constraint', parent)] }),
    };
  });
}
