import { type CatalogObject, keyOf, part, type Row, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { relOptions, USER_RELATION } from './sql-parts.ts';

/** Without those that a failed CREATE INDEX CONCURRENTLY left behind; a partitioned one is invalid until every partition has its own. */
const INDEXES = `select i.indexrelid as oid, c.oid as table, format('%I.%I', n.nspname, c.relname) as table_id, n.nspname || '.' || ic.relname as name, format('%I.%I', n.nspname, ic.relname) as id,
    quote_ident(ic.relname) as plain_id, pg_get_indexdef(i.indexrelid) as definition, i.indisclustered as clustered, i.indisreplident as identity,
    i.indisvalid or ic.relkind = 'I' as valid, ${relOptions('ic.reloptions')} as options,
    (select ts.spcname from pg_tablespace ts where ts.oid = ic.reltablespace) as tablespace,
    (select p.inhparent from pg_inherits p where p.inhrelid = i.indexrelid) as parent,
    (select p.inhparent::regclass::text from pg_inherits p where p.inhrelid = i.indexrelid) as parent_id,
    (select string_agg(format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, ic.relname, a.attnum, a.attstattarget), e'\\x01' order by a.attnum)
      from pg_attribute a where a.attrelid = ic.oid and a.attstattarget >= 0) as statistics,
    k.oid as constraint_oid, quote_ident(k.conname) as constraint_id, k.contype as constraint_type, k.condeferrable as deferrable, k.condeferred as deferred,
    case when k.oid is not null then pg_get_constraintdef(k.oid) end as constraint_definition
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace join pg_class ic on ic.oid = i.indexrelid
    left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
  where c.relkind in ('r', 'p', 'm', 'f') and ${USER_RELATION}`;

/** Indexes, and the constraints that are made with one. */
export async function readIndexes(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, INDEXES);
  for (const row of rows) {
    const { constraint_oid: constraint = null } = row;
    if (constraint !== null)
      reader.dependencies.alias(keyOf('pg_class', text(row, 'oid')), keyOf('pg_constraint', constraint));
  }
  return rows.flatMap((row) => {
    if (row['valid'] === 'f') {
      reader.report({
        object: `INDEX ${text(row, 'id')}`,
        message: 'is invalid on the source and left out: REINDEX or drop it there',
      });
      return [];
    }
    return objectsOf(row, (key) => reader.dependencies.resolve(key));
  });
}

function objectsOf(row: Row, resolve: (key: string) => string): CatalogObject[] {
  const index = keyOf('pg_class', text(row, 'oid'));
  const { parent = null } = row;
  const parentKey = parent === null ? null : resolve(keyOf('pg_class', parent));
  const made: CatalogObject = {
    key: resolve(index),
    kind: 'index',
    name: text(row, 'name'),
    section: 'post-data',
    statements: [row['constraint_oid'] === null ? createIndex(row) : addConstraint(row), ...changes(row)],
    address:
      row['constraint_oid'] === null
        ? `INDEX ${text(row, 'id')}`
        : `CONSTRAINT ${text(row, 'constraint_id')} ON ${text(row, 'table_id')}`,
    ...(row['constraint_oid'] === null ? {} : { parts: [[index, `INDEX ${text(row, 'id')}`]] as const }),
    relation: Number(text(row, 'table')),
    requires: [keyOf('pg_class', text(row, 'table'))],
    ...(parentKey === null ? {} : { ignores: [parentKey] }),
  };
  return parentKey === null ? [made] : [made, attached(made, row, parentKey)];
}

function createIndex(row: Row): Statement {
  return { tag: 'CREATE INDEX', text: text(row, 'definition'), ...inTablespace(row) };
}

/** Only here the place has a spelling of its own; before a WHERE it cannot be put by anybody but the parser. */
function inTablespace({ tablespace = null }: Row): { readonly settings?: Readonly<Record<string, string>> } {
  return tablespace === null ? {} : { settings: { default_tablespace: tablespace } };
}

function addConstraint(row: Row): Statement {
  const definition = text(row, 'constraint_definition');
  const suffix = `${row['deferrable'] === 't' ? ' DEFERRABLE' : ''}${row['deferred'] === 't' ? ' INITIALLY DEFERRED' : ''}`;
  // the printed definition of an EXCLUDE has its options already
  const whole =
    row['constraint_type'] === 'x'
      ? definition
      : `${definition.slice(0, definition.length - suffix.length)}${part(' WITH (', row['options'], ')')}${suffix}`;
  return {
    tag: 'ALTER TABLE',
    text: `ALTER TABLE ONLY ${text(row, 'table_id')} ADD CONSTRAINT ${text(row, 'constraint_id')} ${whole}`,
    ...inTablespace(row),
  };
}

function changes(row: Row): Statement[] {
  const table = text(row, 'table_id');
  const name = text(row, 'plain_id');
  return [
    ...(row['statistics'] ?? '')
      .split('\x01')
      .flatMap((change) => (change === '' ? [] : [{ tag: 'ALTER INDEX', text: change }])),
    ...(row['clustered'] === 't' ? [{ tag: 'ALTER TABLE', text: `ALTER TABLE ${table} CLUSTER ON ${name}` }] : []),
    ...(row['identity'] === 't'
      ? [{ tag: 'ALTER TABLE', text: `ALTER TABLE ONLY ${table} REPLICA IDENTITY USING INDEX ${name}` }]
      : []),
  ];
}

function attached(made: CatalogObject, row: Row, parentKey: string): CatalogObject {
  return {
    key: `${made.key}#attached`,
    kind: 'index partition',
    name: made.name,
    section: 'post-data',
    statements: [
      { tag: 'ALTER INDEX', text: `ALTER INDEX ${text(row, 'parent_id')} ATTACH PARTITION ${text(row, 'id')}` },
    ],
    ...(made.relation === undefined ? {} : { relation: made.relation }),
    requires: [made.key, parentKey],
  };
}
