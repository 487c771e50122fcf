import { columnList, inheritedNotNulls, readColumnDetails } from './columns.ts';
import { inlineChecks, LATER_CHECKS, readInlineChecks } from './checks.ts';
import {
  type CatalogObject,
  keyOf,
  listed,
  keysOf,
  ownerStatement,
  part,
  type Row,
  type Statement,
  type Stub,
  text,
} from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { foreignOptions, ownerName, relOptions, USER_RELATION } from './sql-parts.ts';

/** The first server that refuses partitioned tables that are unlogged; before, the word was without effect. */
const FIRST_WITHOUT_UNLOGGED_PARTITIONED = 18;

const tablesQuery = (
  major: number,
): string => `select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as id, ${ownerName('c.relowner')} as owner,
    c.relkind as kind, c.relpersistence as persistence, c.relispartition as partition, c.relreplident as identity,
    ${relOptions('c.reloptions')} as options, (select ${relOptions('tt.reloptions', 'toast.')} from pg_class tt where tt.oid = c.reltoastrelid) as toast_options,
    (select quote_ident(ts.spcname) from pg_tablespace ts where ts.oid = c.reltablespace) as tablespace,
    (select quote_ident(am.amname) from pg_am am where am.oid = c.relam and am.amname <> 'heap') as method,
    case when c.reloftype <> 0 then format_type(c.reloftype, null) end as of_type,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key, pg_get_expr(c.relpartbound, c.oid) as bound,
    (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid) as parents,
    (select string_agg(i.inhparent::regclass::text, e'\\x01' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid) as parent_list,
    (select string_agg(i.inhparent::text, ' ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid) as parent_oids,
    not c.relispartition and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attinhcount > 0 and not a.attislocal)
      and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'n') and not k.conislocal) as self_made,
    (select quote_ident(s.srvname) from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid) as server,
    (select ${foreignOptions('f.ftoptions')} from pg_foreign_table f where f.ftrelid = c.oid) as foreign_options,
    ${columnList(major)} as columns, ${inheritedNotNulls(major)} as not_nulls, ${inlineChecks(false)} as checks,
    ${inlineChecks(true)} as free_checks, ${LATER_CHECKS} as later_checks
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'f') and ${USER_RELATION}`;

const IDENTITIES: Readonly<Record<string, string>> = { f: 'FULL', n: 'NOTHING' };

export async function readTables(reader: CatalogReader): Promise<CatalogObject[]> {
  const details = await readColumnDetails(reader);
  const checks = await readInlineChecks(reader);
  return (await rowsOf(reader, tablesQuery(reader.major))).flatMap((row) => {
    const foreign = row['kind'] === 'f';
    const id = text(row, 'id');
    const key = keyOf('pg_class', text(row, 'oid'));
    const word = foreign ? 'FOREIGN TABLE' : 'TABLE';
    const parents = keysOf('pg_class', row['parent_oids']);
    const identity = foreign ? undefined : IDENTITIES[text(row, 'identity')];
    const later = row['bound'] !== null || (row['self_made'] === 't' && parents.length > 0);
    const statements: Statement[] = [
      { tag: `CREATE ${word}`, text: createTable(row, word, reader.targetMajor, 'checks') },
      ownerStatement(word, id, text(row, 'owner')),
      ...(details.get(text(row, 'oid')) ?? []),
    ];
    if (identity !== undefined)
      statements.push({ tag: 'ALTER TABLE', text: `ALTER TABLE ONLY ${id} REPLICA IDENTITY ${identity}` });
    const table: CatalogObject = {
      key,
      kind: 'table',
      name: text(row, 'name'),
      section: 'pre-data',
      statements,
      address: `${word} ${id}`,
      parts: checks.get(text(row, 'oid')) ?? [],
      relation: Number(text(row, 'oid')),
      ...(later ? { ignores: parents } : {}),
      ...withoutChecks(row, word, reader, key),
    };
    return later ? [table, attached(table, row, parents)] : [table];
  });
}

/** A check may call a function that takes the table's rows. */
function withoutChecks(row: Row, word: string, reader: CatalogReader, key: string): { readonly stub?: Stub } {
  const { later_checks: later = null } = row;
  if (later === null) return {};
  const create = createTable(row, word, reader.targetMajor, 'free_checks');
  return {
    stub: {
      enoughFor: 'its own needs',
      statements: [{ tag: `CREATE ${word}`, text: create }],
      completion: later.split('\x01').map((statement) => ({ tag: 'ALTER TABLE', text: statement })),
      needs: [...reader.dependencies.of(key, 'pg_constraint')],
    },
  };
}

function createTable(row: Row, word: string, targetMajor: number, checks: 'checks' | 'free_checks'): string {
  const items = listed(row, 'columns', 'not_nulls', checks);
  const keepsUnlogged = row['kind'] !== 'p' || targetMajor < FIRST_WITHOUT_UNLOGGED_PARTITIONED;
  const unlogged = row['persistence'] === 'u' && keepsUnlogged ? 'UNLOGGED ' : '';
  const inherits = row['bound'] === null && row['self_made'] === 'f' ? part(' INHERITS (', row['parents'], ')') : '';
  const options = listed(row, 'options', 'toast_options');
  const list = row['of_type'] !== null && items === '' ? '' : ` (${items})`;
  const storage =
    word === 'FOREIGN TABLE'
      ? ` SERVER ${text(row, 'server')}${part(' OPTIONS (', row['foreign_options'], ')')}`
      : `${part(' PARTITION BY ', row['partition_key'])}${part(' USING ', row['method'])}${part(' WITH (', options, ')')}${part(' TABLESPACE ', row['tablespace'])}`;
  return `CREATE ${unlogged}${word} ${text(row, 'id')}${part(' OF ', row['of_type'])}${list}${inherits}${storage}`;
}

/** Made apart, with columns in its own order, and attached: a partition, or a table that declares itself all that it has from its parents. */
function attached(table: CatalogObject, row: Row, parents: readonly string[]): CatalogObject {
  const { bound = null } = row;
  const texts =
    bound === null
      ? text(row, 'parent_list')
          .split('\x01')
          .map((parent) => `ALTER TABLE ${text(row, 'id')} INHERIT ${parent}`)
      : [`ALTER TABLE ONLY ${text(row, 'parents')} ATTACH PARTITION ${text(row, 'id')} ${bound}`];
  return {
    key: `${table.key}#attached`,
    kind: 'partition',
    name: table.name,
    section: 'pre-data',
    statements: texts.map((statement) => ({ tag: 'ALTER TABLE', text: statement })),
    ...(table.relation === undefined ? {} : { relation: table.relation }),
    requires: [table.key, ...parents],
  };
}
