import { type CatalogObject, keyOf, ownerStatement, part, type Row, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { collate, noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

/** Neither domains nor what comes with something else: rows of tables, arrays, multiranges. */
const TYPES = `select t.oid, n.nspname || '.' || t.typname as name, format('%I.%I', n.nspname, t.typname) as id, ${ownerName('t.typowner')} as owner,
    case when not t.typisdefined then 's' else t.typtype end as kind,
    (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
    (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)) || ${collate('a.attcollation', 'at.typcollation')}, ', ' order by a.attnum)
      from pg_attribute a join pg_type at on at.oid = a.atttypid where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where ${USER_SCHEMA} and ${noMember('pg_type', 't.oid')} and t.typtype in ('b', 'c', 'e', 'p', 'r') and (t.typrelid = 0 or c.relkind = 'c')
    and not exists (select from pg_type e where e.typarray = t.oid)`;

const RANGES = `select r.rngtypid as oid, format_type(r.rngsubtype, null) as subtype,
    (select format('%I.%I', on_.nspname, o.opcname) from pg_opclass o join pg_namespace on_ on on_.oid = o.opcnamespace where o.oid = r.rngsubopc and not o.opcdefault) as opclass,
    (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
      where co.oid = r.rngcollation and r.rngcollation <> s.typcollation) as collation,
    nullif(r.rngcanonical, 0)::regproc::text as canonical, nullif(r.rngsubdiff, 0)::regproc::text as subdiff,
    format('%I.%I', mn.nspname, m.typname) as multirange
  from pg_range r join pg_type s on s.oid = r.rngsubtype join pg_type m on m.oid = r.rngmultitypid join pg_namespace mn on mn.oid = m.typnamespace
  where r.rngtypid >= 16384`;

const BASES = `select t.oid, t.typinput::regproc::text as input, t.typoutput::regproc::text as output,
    nullif(t.typreceive::oid, 0)::regproc::text as receive, nullif(t.typsend::oid, 0)::regproc::text as send,
    nullif(t.typmodin::oid, 0)::regproc::text as typmod_in, nullif(t.typmodout::oid, 0)::regproc::text as typmod_out,
    nullif(t.typanalyze::oid, 0)::regproc::text as analyze, nullif(t.typsubscript::oid, 0)::regproc::text as subscript,
    case when t.typlen = -1 then 'variable' else t.typlen::text end as length, t.typbyval as by_value, t.typalign as align, t.typstorage as storage,
    quote_literal(t.typcategory::text) as category, t.typispreferred as preferred, quote_literal(t.typdefault) as standard, quote_literal(t.typdelim::text) as delimiter,
    case when t.typelem <> 0 then format_type(t.typelem, null) end as element, t.typcollation <> 0 as collatable
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'b' and t.typisdefined and ${USER_SCHEMA} and ${noMember('pg_type', 't.oid')} and not exists (select from pg_type e where e.typarray = t.oid)`;

const ALIGNMENTS: Readonly<Record<string, string>> = { c: 'char', s: 'int2', i: 'int4', d: 'double' };
const STORAGES: Readonly<Record<string, string>> = { p: 'plain', e: 'external', x: 'extended', m: 'main' };

export async function readTypes(reader: CatalogReader): Promise<CatalogObject[]> {
  const rows = await rowsOf(reader, TYPES);
  const ranges = byOid(await rowsOf(reader, RANGES));
  const bases = byOid(await rowsOf(reader, BASES));
  return rows.map((row) => {
    const id = text(row, 'id');
    const key = keyOf('pg_type', text(row, 'oid'));
    const definition = definitionOf(row, ranges, bases);
    const create = createType(id, definition);
    const viaShell = row['kind'] === 'b' || row['kind'] === 'r';
    const schema = reader.dependencies.of(key);
    return {
      key,
      kind: 'type',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [create, ownerStatement('TYPE', id, text(row, 'owner'))],
      address: `TYPE ${id}`,
      ...(viaShell
        ? {
            stub: {
              enoughFor: 'its own needs' as const,
              statements: [createType(id, '')],
              completion: [create],
              needs: [...schema].filter((need) => need.startsWith('pg_namespace/')),
            },
          }
        : {}),
    };
  });
}

function byOid(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [text(row, 'oid'), row]));
}

function createType(id: string, definition: string): Statement {
  return { tag: 'CREATE TYPE', text: `CREATE TYPE ${id}${definition}` };
}

function definitionOf(row: Row, ranges: ReadonlyMap<string, Row>, bases: ReadonlyMap<string, Row>): string {
  const oid = text(row, 'oid');
  switch (row['kind']) {
    case 'e':
      return ` AS ENUM (${row['labels'] ?? ''})`;
    case 'c':
      return ` AS (${row['columns'] ?? ''})`;
    case 'r':
      return rangeDefinition(ranges.get(oid) ?? {});
    case 'b':
      return baseDefinition(bases.get(oid) ?? {});
    default:
      return '';
  }
}

function rangeDefinition(row: Row): string {
  return ` AS RANGE (SUBTYPE = ${text(row, 'subtype')}${part(', SUBTYPE_OPCLASS = ', row['opclass'])}${part(', COLLATION = ', row['collation'])}${part(
    ', CANONICAL = ',
    row['canonical'],
  )}${part(', SUBTYPE_DIFF = ', row['subdiff'])}, MULTIRANGE_TYPE_NAME = ${text(row, 'multirange')})`;
}

function baseDefinition(row: Row): string {
  const parts = [
    `INPUT = ${text(row, 'input')}`,
    `OUTPUT = ${text(row, 'output')}`,
    part('RECEIVE = ', row['receive']),
    part('SEND = ', row['send']),
    part('TYPMOD_IN = ', row['typmod_in']),
    part('TYPMOD_OUT = ', row['typmod_out']),
    part('ANALYZE = ', row['analyze']),
    part('SUBSCRIPT = ', row['subscript']),
    `INTERNALLENGTH = ${text(row, 'length')}`,
    row['by_value'] === 't' ? 'PASSEDBYVALUE' : '',
    `ALIGNMENT = ${ALIGNMENTS[text(row, 'align')] ?? 'int4'}`,
    `STORAGE = ${STORAGES[text(row, 'storage')] ?? 'plain'}`,
    `CATEGORY = ${text(row, 'category')}`,
    row['preferred'] === 't' ? 'PREFERRED = true' : '',
    part('DEFAULT = ', row['standard']),
    part('ELEMENT = ', row['element']),
    `DELIMITER = ${text(row, 'delimiter')}`,
    row['collatable'] === 't' ? 'COLLATABLE = true' : '',
  ];
  return ` (${parts.filter((entry) => entry !== '').join(', ')})`;
}
