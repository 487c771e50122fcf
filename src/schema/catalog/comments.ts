import { quoteLiteral } from '../../sql/quote.ts';
import { type CatalogObject, keyOf, type ObjectKey, type Statement, text } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';

const COLUMN = `case when x.objsubid > 0 then (select format('%I.%I.%I', n.nspname, c.relname, a.attname) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attrelid = x.objoid and a.attnum = x.objsubid) end`;

const COMMENTS = `select cl.relname as catalog, x.objoid as oid, x.description as text, ${COLUMN} as column
  from pg_description x join pg_class cl on cl.oid = x.classoid where x.objoid >= 16384 or x.classoid = 'pg_namespace'::regclass and x.objoid = (select n.oid from pg_namespace n where n.nspname = 'public') order by x.classoid, x.objoid, x.objsubid`;

const LABELS = `select cl.relname as catalog, x.objoid as oid, x.label as text, quote_ident(x.provider) as provider, ${COLUMN} as column
  from pg_seclabel x join pg_class cl on cl.oid = x.classoid where x.objoid >= 16384 order by x.classoid, x.objoid, x.objsubid`;

/** The objects with their comments and security labels as further statements. */
export async function describeObjects(
  reader: CatalogReader,
  objects: readonly CatalogObject[],
): Promise<CatalogObject[]> {
  const addresses = new Map<ObjectKey, readonly [owner: ObjectKey, address: string]>();
  for (const { key, address, parts = [] } of objects) {
    if (address !== undefined) addresses.set(key, [key, address]);
    for (const [part, itsAddress] of parts) addresses.set(part, [key, itsAddress]);
  }
  const added = new Map<ObjectKey, Statement[]>();
  const unknown: { readonly key: ObjectKey; readonly content: string }[] = [];
  const add = async (
    sql: string,
    statement: (what: string, content: string, provider: string) => Statement,
  ): Promise<void> => {
    for (const row of await rowsOf(reader, sql)) {
      const own = keyOf(text(row, 'catalog'), text(row, 'oid'));
      const { column = null } = row;
      const owner = reader.dependencies.resolve(own);
      if (owner.startsWith('pg_extension/') && owner !== own) continue;
      const found = addresses.get(own) ?? (column === null ? undefined : addresses.get(owner));
      if (found === undefined) {
        unknown.push({ key: own, content: text(row, 'text') });
        continue;
      }
      const [key, address] = found;
      const list = added.get(key) ?? [];
      list.push(
        statement(
          column === null ? address : `COLUMN ${column}`,
          quoteLiteral(text(row, 'text')),
          row['provider'] ?? '',
        ),
      );
      added.set(key, list);
    }
  };
  await add(COMMENTS, (what, content) => ({ tag: 'COMMENT', text: `COMMENT ON ${what} IS ${content}` }));
  await add(LABELS, (what, content, provider) => ({
    tag: 'SECURITY LABEL',
    text: `SECURITY LABEL FOR ${provider} ON ${what} IS ${content}`,
  }));
  await reportUnknown(reader, unknown);
  return objects.map((object) => {
    const more = added.get(object.key);
    return more === undefined ? object : { ...object, statements: [...object.statements, ...more] };
  });
}

/** Of temporary, system and our own objects nothing is said. */
const NAMED = `select i.type || ' ' || i.identity as name from pg_class cl, pg_identify_object(cl.oid, $2::oid, 0) i
  where cl.relname = $1 and cl.relnamespace = 'pg_catalog'::regnamespace and btrim(coalesce(i.schema, ''), '"') !~ '^(pg_.*|information_schema|walcast)$'
    and btrim(i.identity, '"') !~ '^(pg_.*|information_schema|walcast)$' and i.identity !~ '\\m(on|for) "?(pg_temp|pg_toast|walcast)[_".]'`;

async function reportUnknown(
  reader: CatalogReader,
  unknown: readonly { readonly key: ObjectKey; readonly content: string }[],
): Promise<void> {
  for (const { key, content } of unknown) {
    const [catalog = '', oid = ''] = key.split('/');
    for (const row of (await reader.session.query(NAMED, [catalog, oid])).rows)
      reader.report({
        object: text(row, 'name'),
        message: `its comment or label is left out: ${content.slice(0, 100)}`,
      });
  }
}
