import { type CatalogObject, keyOf, keysOf, part, type Row, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

/** Constructors of ranges come with their types. */
const NOT_INTERNAL = `not exists (select from pg_depend i where i.classid = 'pg_proc'::regclass and i.objid = p.oid and i.deptype = 'i')`;

const FUNCTIONS = `select p.oid, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
    format('%I.%I', n.nspname, p.proname) as id, pg_get_function_identity_arguments(p.oid) as arguments, ${ownerName('p.proowner')} as owner,
    p.prokind as kind, pg_get_functiondef(p.oid) as definition, pg_get_function_result(p.oid) as result, p.provolatile as volatile, p.proisstrict as strict,
    (select string_agg(distinct x.oid::text, ' ') from unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype) as x(oid)) as types
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prokind <> 'a' and ${USER_SCHEMA} and ${noMember('pg_proc', 'p.oid')} and ${NOT_INTERNAL}`;

const WORDS: Readonly<Record<string, string>> = { p: 'PROCEDURE' };
const VOLATILITIES: Readonly<Record<string, string>> = { i: ' IMMUTABLE', s: ' STABLE', v: ' VOLATILE' };

export async function readFunctions(reader: CatalogReader): Promise<CatalogObject[]> {
  const { dependencies } = reader;
  return (await rowsOf(reader, FUNCTIONS)).map((row) => {
    const word = WORDS[text(row, 'kind')] ?? 'FUNCTION';
    const address = `${word} ${text(row, 'id')}(${text(row, 'arguments')})`;
    const create: Statement = { tag: `CREATE ${word}`, text: text(row, 'definition').trimEnd() };
    const key = keyOf('pg_proc', text(row, 'oid'));
    const schema = [...dependencies.direct(key)].filter((need) => need.startsWith('pg_namespace/'));
    const types = keysOf('pg_type', row['types']).map((type) => dependencies.resolve(type));
    return {
      key,
      kind: 'function',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [create, { tag: `ALTER ${word}`, text: `ALTER ${address} OWNER TO ${text(row, 'owner')}` }],
      address,
      // What is written in C cannot hang on anything but types, and could not be completed later.
      stub: {
        enoughFor: 'everything',
        statements: [{ tag: create.tag, text: bodyless(row, word) }],
        completion: [create],
        needs: [...schema, ...types],
      },
    };
  });
}

/** The same signature; defaults of arguments may be added later. */
function bodyless(row: Row, word: string): string {
  const strict = row['strict'] === 't' ? ' STRICT' : '';
  const traits = word === 'PROCEDURE' ? '' : `${VOLATILITIES[text(row, 'volatile')] ?? ''}${strict}`;
  const window = row['kind'] === 'w' ? ' WINDOW' : '';
  return `CREATE ${word} ${text(row, 'id')}(${text(row, 'arguments')})${part(' RETURNS ', row['result'])} LANGUAGE sql${window}${traits} AS ''`;
}
