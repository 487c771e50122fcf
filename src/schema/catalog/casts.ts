import { type CatalogObject, keyOf, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA, userObject } from './sql-parts.ts';

const CASTS = `select c.oid, format('CAST (%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null)) as address,
    c.castmethod as method, c.castfunc::regprocedure::text as function, c.castcontext as context
  from pg_cast c where ${userObject('pg_cast', 'c.oid')}
    and not exists (select from pg_depend i where i.classid = 'pg_cast'::regclass and i.objid = c.oid and i.deptype = 'i')`;

const CONVERSIONS = `select c.oid, n.nspname || '.' || c.conname as name, format('%I.%I', n.nspname, c.conname) as id, ${ownerName('c.conowner')} as owner,
    quote_literal(pg_encoding_to_char(c.conforencoding)) as source, quote_literal(pg_encoding_to_char(c.contoencoding)) as target,
    c.conproc::regproc::text as function, c.condefault as standard
  from pg_conversion c join pg_namespace n on n.oid = c.connamespace where ${USER_SCHEMA} and ${noMember('pg_conversion', 'c.oid')}`;

const CONTEXTS: Readonly<Record<string, string>> = { a: ' AS ASSIGNMENT', i: ' AS IMPLICIT' };

export async function readCasts(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, CASTS)).map((row) => {
    const address = text(row, 'address');
    const how =
      row['method'] === 'f'
        ? `WITH FUNCTION ${text(row, 'function')}`
        : row['method'] === 'i'
          ? 'WITH INOUT'
          : 'WITHOUT FUNCTION';
    return {
      key: keyOf('pg_cast', text(row, 'oid')),
      kind: 'cast',
      name: address,
      section: 'pre-data',
      statements: [{ tag: 'CREATE CAST', text: `CREATE ${address} ${how}${CONTEXTS[text(row, 'context')] ?? ''}` }],
      address,
    };
  });
}

export async function readConversions(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, CONVERSIONS)).map((row) => {
    const address = `CONVERSION ${text(row, 'id')}`;
    const create = `CREATE ${row['standard'] === 't' ? 'DEFAULT ' : ''}${address} FOR ${text(row, 'source')} TO ${text(row, 'target')} FROM ${text(row, 'function')}`;
    return {
      key: keyOf('pg_conversion', text(row, 'oid')),
      kind: 'conversion',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        { tag: 'CREATE CONVERSION', text: create },
        { tag: 'ALTER CONVERSION', text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` },
      ],
      address,
    };
  });
}
