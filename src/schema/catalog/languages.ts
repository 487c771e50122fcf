import { type CatalogObject, keyOf, ownerStatement, part, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { ownerName, userObject } from './sql-parts.ts';

const LANGUAGES = `select l.oid, l.lanname as name, quote_ident(l.lanname) as id, ${ownerName('l.lanowner')} as owner, l.lanpltrusted as trusted,
    nullif(l.lanplcallfoid, 0)::regproc::text as handler, nullif(l.laninline, 0)::regproc::text as inline, nullif(l.lanvalidator, 0)::regproc::text as validator
  from pg_language l where l.lanispl and ${userObject('pg_language', 'l.oid')}`;

const TRANSFORMS = `select t.oid, format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, null), l.lanname) as address,
    nullif(t.trffromsql::oid, 0)::regprocedure::text as from_sql, nullif(t.trftosql::oid, 0)::regprocedure::text as to_sql
  from pg_transform t join pg_language l on l.oid = t.trflang where ${userObject('pg_transform', 't.oid')}`;

const METHODS = `select m.oid, m.amname as name, quote_ident(m.amname) as id, m.amtype as type, m.amhandler::regproc::text as handler
  from pg_am m where ${userObject('pg_am', 'm.oid')}`;

export async function readLanguages(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, LANGUAGES)).map((row) => {
    const id = text(row, 'id');
    const functions = `${part(' HANDLER ', row['handler'])}${part(' INLINE ', row['inline'])}${part(' VALIDATOR ', row['validator'])}`;
    const create = `CREATE ${row['trusted'] === 't' ? 'TRUSTED ' : ''}LANGUAGE ${id}${functions}`;
    return {
      key: keyOf('pg_language', text(row, 'oid')),
      kind: 'language',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [{ tag: 'CREATE LANGUAGE', text: create }, ownerStatement('LANGUAGE', id, text(row, 'owner'))],
      address: `LANGUAGE ${id}`,
    };
  });
}

export async function readTransforms(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, TRANSFORMS)).map((row) => {
    const address = text(row, 'address');
    const functions = [part('FROM SQL WITH FUNCTION ', row['from_sql']), part('TO SQL WITH FUNCTION ', row['to_sql'])];
    return {
      key: keyOf('pg_transform', text(row, 'oid')),
      kind: 'transform',
      name: address,
      section: 'pre-data',
      statements: [
        {
          tag: 'CREATE TRANSFORM',
          text: `CREATE ${address} (${functions.filter((entry) => entry !== '').join(', ')})`,
        },
      ],
      address,
    };
  });
}

export async function readAccessMethods(reader: CatalogReader): Promise<CatalogObject[]> {
  return (await rowsOf(reader, METHODS)).map((row) => {
    const address = `ACCESS METHOD ${text(row, 'id')}`;
    const type = row['type'] === 't' ? 'TABLE' : 'INDEX';
    return {
      key: keyOf('pg_am', text(row, 'oid')),
      kind: 'access method',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        { tag: 'CREATE ACCESS METHOD', text: `CREATE ${address} TYPE ${type} HANDLER ${text(row, 'handler')}` },
      ],
      address,
    };
  });
}
