import type { SqlSession } from '../../../postgres/sql-session.ts';

/** A column of the target as the catalog has it. */
export interface TargetColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly notNull: boolean;
  /** a GENERATED ALWAYS AS IDENTITY */
  readonly identityAlways: boolean;
  readonly generated: boolean;
  /** As the server writes it, qualified where it has to be. */
  readonly typeName: string;
  /** Its array type; 0: it has none. */
  readonly arrayOid: number;
  /** Between the elements of such an array. */
  readonly delimiter: number;
  /** An array or composite type itself, or a domain over one. */
  readonly nested: boolean;
  /** Somebody defined a cast from text to it: only its input function must read a value. */
  readonly textCast: boolean;
}

/** A unique index whose columns can find one row, each with the equality operator of its operator class. */
export interface TargetKey {
  readonly columns: readonly { readonly name: string; readonly operator: string }[];
  readonly primary: boolean;
  /** All columns NOT NULL and checked at once: finds at most one row whatever the values. */
  readonly exact: boolean;
}

export interface TargetTable {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** Triggers or rules fire although we apply: what they do depends on each single change and on their order. */
  readonly fires: boolean;
  readonly columns: ReadonlyMap<string, TargetColumn>;
  readonly keys: readonly TargetKey[];
}

const FIRES = `(exists (select from pg_trigger g where g.tgenabled in ('A', 'R') and not g.tgisinternal
    and (g.tgrelid = c.oid or g.tgrelid in (select relid from pg_partition_tree(c.oid))))
  or exists (select from pg_rewrite w where w.ev_class = c.oid and w.ev_enabled in ('A', 'R') and w.ev_type <> '1'))::text`;

const COLUMNS = `
select c.relkind::text as kind, ${FIRES} as fires, a.attname as name, a.atttypid::text as type, a.attnotnull::text as not_null,
       a.attidentity::text as identity, a.attgenerated::text as generated, format_type(a.atttypid, -1) as type_name,
       t.typarray::text as array_type, t.typdelim::text as delimiter,
       (coalesce(b.typcategory, t.typcategory) in ('A', 'C'))::text as nested,
       exists (select from pg_cast k where k.castsource = 'text'::regtype and k.casttarget = t.oid and k.castfunc <> 0 and k.oid >= 16384)::text
         as text_cast
from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_type t on t.oid = a.atttypid
  left join pg_type b on b.oid = t.typbasetype
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'f')
order by a.attnum`;

/** Native replication looks the operator up in the same way: by the operator class of the identity's index, not by the name "=". */
const KEYS = `
select i.indexrelid::text as index, i.indisprimary::text as is_primary, i.indimmediate::text as immediate, a.attname as name,
       a.attnotnull::text as not_null, format('OPERATOR(%I.%s)', ns.nspname, o.oprname) as operator
from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_index i on i.indrelid = c.oid
  cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality as part(attnum, opclass, position)
  join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
  join pg_opclass oc on oc.oid = part.opclass
  join pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype and ao.amoprighttype = oc.opcintype
    and ao.amopstrategy = 3
  join pg_am am on am.oid = ao.amopmethod and am.amname = 'btree'
  join pg_operator o on o.oid = ao.amopopr
  join pg_namespace ns on ns.oid = o.oprnamespace
where n.nspname = $1 and c.relname = $2 and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  and part.position <= i.indnkeyatts
order by not i.indisprimary, i.indexrelid, part.position`;

/** Null: the target has no such table. */
export async function loadTargetTable(session: SqlSession, schema: string, name: string): Promise<TargetTable | null> {
  const { rows } = await session.query(COLUMNS, [schema, name]);
  if (rows.length === 0) return null;
  const columns = new Map<string, TargetColumn>();
  for (const row of rows) {
    if (row['name'] === null || row['name'] === undefined) continue; // a table without columns
    columns.set(row['name'], {
      name: row['name'],
      typeOid: Number(row['type']),
      notNull: row['not_null'] === 'true',
      identityAlways: row['identity'] === 'a',
      generated: row['generated'] !== '',
      typeName: row['type_name'] ?? '',
      arrayOid: Number(row['array_type']),
      delimiter: (row['delimiter'] ?? ',').charCodeAt(0),
      nested: row['nested'] === 'true',
      textCast: row['text_cast'] === 'true',
    });
  }
  return {
    schema,
    name,
    partitioned: rows[0]?.['kind'] === 'p',
    fires: rows[0]?.['fires'] === 'true',
    columns,
    keys: await loadKeys(session, schema, name),
  };
}

async function loadKeys(session: SqlSession, schema: string, name: string): Promise<TargetKey[]> {
  const { rows } = await session.query(KEYS, [schema, name]);
  const keys = new Map<string, { columns: { name: string; operator: string }[]; primary: boolean; exact: boolean }>();
  for (const row of rows) {
    const index = row['index'] ?? '';
    let key = keys.get(index);
    if (key === undefined) {
      key = { columns: [], primary: row['is_primary'] === 'true', exact: true };
      keys.set(index, key);
    }
    key.columns.push({ name: row['name'] ?? '', operator: row['operator'] ?? '=' });
    if (row['not_null'] !== 'true' || row['immediate'] !== 'true') key.exact = false;
  }
  return [...keys.values()];
}
