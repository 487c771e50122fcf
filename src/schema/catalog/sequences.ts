import { type CatalogObject, keyOf, ownerStatement, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { ownerName, USER_RELATION } from './sql-parts.ts';

/** `link`: i of an identity column, a owned by a column. */
const SEQUENCES = `select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as id, ${ownerName('c.relowner')} as owner,
    c.relpersistence as persistence, format_type(s.seqtypid, null) as type,
    format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
      case when s.seqcycle then ' CYCLE' else ' NO CYCLE' end) as options,
    d.deptype as link, t.oid as table, t.oid::regclass::text as table_id, t.relpersistence as table_persistence, quote_ident(a.attname) as column, a.attidentity as identity
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    left join pg_class t on t.oid = d.refobjid left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relkind = 'S' and ${USER_RELATION}`;

const PERSISTENCE: Readonly<Record<string, string>> = { p: 'LOGGED', u: 'UNLOGGED' };

export async function readSequences(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, SEQUENCES)).flatMap((row) => (row['link'] === 'i' ? [identity(row)] : plain(row)));
}

function plain(row: Row): CatalogObject[] {
  const id = text(row, 'id');
  const key = keyOf('pg_class', text(row, 'oid'));
  const unlogged = row['persistence'] === 'u' ? 'UNLOGGED ' : '';
  const table = row['table'] === null ? null : keyOf('pg_class', text(row, 'table'));
  const sequence: CatalogObject = {
    key,
    kind: 'sequence',
    name: text(row, 'name'),
    section: 'pre-data',
    statements: [
      {
        tag: 'CREATE SEQUENCE',
        text: `CREATE ${unlogged}SEQUENCE ${id} AS ${text(row, 'type')} ${text(row, 'options')}`,
      },
      ownerStatement('SEQUENCE', id, text(row, 'owner')),
    ],
    address: `SEQUENCE ${id}`,
    ...(table === null ? {} : { ignores: [table] }),
  };
  if (table === null) return [sequence];
  const owned: CatalogObject = {
    key: `${key}#owned`,
    kind: 'owned sequence',
    name: text(row, 'name'),
    section: 'pre-data',
    statements: [
      { tag: 'ALTER SEQUENCE', text: `ALTER SEQUENCE ${id} OWNED BY ${text(row, 'table_id')}.${text(row, 'column')}` },
    ],
    relation: Number(text(row, 'table')),
    requires: [key, table],
  };
  return [sequence, owned];
}

/** Made with its column's property, and owned by the table's owner. */
function identity(row: Row): CatalogObject {
  const id = text(row, 'id');
  const kind = row['identity'] === 'a' ? 'ALWAYS' : 'BY DEFAULT';
  const head = `ALTER TABLE ${text(row, 'table_id')} ALTER COLUMN ${text(row, 'column')} ADD GENERATED ${kind} AS IDENTITY`;
  const add = { tag: 'ALTER TABLE', text: `${head} (SEQUENCE NAME ${id} ${text(row, 'options')})` };
  const own = text(row, 'persistence');
  const change =
    own === row['table_persistence']
      ? []
      : [{ tag: 'ALTER SEQUENCE', text: `ALTER SEQUENCE ${id} SET ${PERSISTENCE[own] ?? 'LOGGED'}` }];
  return {
    key: keyOf('pg_class', text(row, 'oid')),
    kind: 'default',
    name: text(row, 'name'),
    section: 'pre-data',
    statements: [add, ...change],
    address: `SEQUENCE ${id}`,
    relation: Number(text(row, 'table')),
  };
}
