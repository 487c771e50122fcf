import { quoteLiteral } from '../../sql/quote.ts';
import { type CatalogObject, keyOf, ownerStatement, part, type Row, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

const PROVIDERS: Readonly<Record<string, string>> = { b: 'builtin', c: 'libc', i: 'icu', d: 'default' };

function query(major: number): string {
  const locale =
    major >= 17
      ? 'c.colllocale'
      : major >= 15
        ? 'c.colliculocale'
        : `case when c.collprovider = 'i' then c.collcollate end`;
  return `select c.oid, n.nspname || '.' || c.collname as name, format('%I.%I', n.nspname, c.collname) as id, ${ownerName('c.collowner')} as owner,
      c.collprovider as provider, c.collisdeterministic as deterministic, c.collcollate as collate, c.collctype as ctype,
      ${locale} as locale, ${major >= 16 ? 'c.collicurules' : 'null'} as rules
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace where ${USER_SCHEMA} and ${noMember('pg_collation', 'c.oid')}`;
}

export async function readCollations(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, query(reader.major))).map((row) => {
    const id = text(row, 'id');
    return {
      key: keyOf('pg_collation', text(row, 'oid')),
      kind: 'collation',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        { tag: 'CREATE COLLATION', text: `CREATE COLLATION ${id} (${definition(row)})` },
        ownerStatement('COLLATION', id, text(row, 'owner')),
      ],
      address: `COLLATION ${id}`,
    };
  });
}

/** The version is the target's: it tells under which library its own indexes were built. */
function definition(row: Row): string {
  const literal = (value: string | null): string => (value === null ? '' : quoteLiteral(value));
  const { locale = null, collate = null, ctype = null, rules = null } = row;
  const names =
    locale !== null
      ? `, locale = ${quoteLiteral(locale)}`
      : collate === ctype
        ? part(', locale = ', literal(collate))
        : `${part(', lc_collate = ', literal(collate))}${part(', lc_ctype = ', literal(ctype))}`;
  const deterministic = row['deterministic'] === 'f' ? ', deterministic = false' : '';
  return `provider = ${PROVIDERS[text(row, 'provider')] ?? 'libc'}${deterministic}${names}${part(', rules = ', literal(rules))}`;
}
