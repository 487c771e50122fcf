import { type CatalogObject, keyOf, ownerStatement, part, text, groupedBy } from './catalog-object.ts';
import { type CatalogReader, rowsOf } from './reader.ts';
import { noMember, ownerName, USER_SCHEMA } from './sql-parts.ts';

/** NOT NULL of a domain became a constraint with a name in 17. */
const FIRST_WITH_NOT_NULL_CONSTRAINTS = 17;

const DOMAINS = `select t.oid, n.nspname || '.' || t.typname as name, format('%I.%I', n.nspname, t.typname) as id, ${ownerName('t.typowner')} as owner,
    format_type(t.typbasetype, t.typtypmod) as base,
    (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
      where co.oid = t.typcollation and t.typcollation <> b.typcollation) as collation,
    coalesce(pg_get_expr(t.typdefaultbin, 'pg_type'::regclass), quote_literal(t.typdefault)) as standard, t.typnotnull as not_null
  from pg_type t join pg_type b on b.oid = t.typbasetype join pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'd' and ${USER_SCHEMA} and ${noMember('pg_type', 't.oid')}`;

const CONSTRAINTS = `select k.oid, k.contypid as domain, k.contype as type, quote_ident(k.conname) as id, k.conname as name, k.convalidated as valid, pg_get_constraintdef(k.oid) as definition
  from pg_constraint k join pg_type t on t.oid = k.contypid join pg_namespace n on n.oid = t.typnamespace
  where ${USER_SCHEMA} and ${noMember('pg_type', 't.oid')} order by k.conname`;

export async function readDomains(reader: CatalogReader): Promise<CatalogObject[]> {
  const domains = await rowsOf(reader, DOMAINS);
  const constraints = groupedBy(await rowsOf(reader, CONSTRAINTS), 'domain');
  return domains.flatMap((row) => {
    const id = text(row, 'id');
    const key = keyOf('pg_type', text(row, 'oid'));
    const own = constraints.get(text(row, 'oid')) ?? [];
    const inline = own
      .filter(({ valid }) => valid === 't')
      .map((k) => ` CONSTRAINT ${text(k, 'id')} ${text(k, 'definition')}`);
    const notNull = row['not_null'] === 't' && reader.major < FIRST_WITH_NOT_NULL_CONSTRAINTS ? ' NOT NULL' : '';
    const head = `CREATE DOMAIN ${id} AS ${text(row, 'base')}${part(' COLLATE ', row['collation'])}${part(' DEFAULT ', row['standard'])}${notNull}`;
    for (const k of own) if (k['valid'] === 't') reader.dependencies.alias(keyOf('pg_constraint', text(k, 'oid')), key);
    const domain: CatalogObject = {
      key,
      kind: 'type',
      name: text(row, 'name'),
      section: 'pre-data',
      statements: [
        { tag: 'CREATE DOMAIN', text: `${head}${inline.join('')}` },
        ownerStatement('DOMAIN', id, text(row, 'owner')),
      ],
      address: `DOMAIN ${id}`,
      parts: own
        .filter(({ valid }) => valid === 't')
        .map((k) => [keyOf('pg_constraint', text(k, 'oid')), `CONSTRAINT ${text(k, 'id')} ON DOMAIN ${id}`]),
      stub: {
        enoughFor: 'its own needs',
        statements: [{ tag: 'CREATE DOMAIN', text: head }],
        completion: inline.map((constraint) => ({ tag: 'ALTER DOMAIN', text: `ALTER DOMAIN ${id} ADD${constraint}` })),
        needs: reader.dependencies.direct(key),
      },
    };
    return [domain, ...own.filter(({ valid }) => valid !== 't').map((k) => unvalidated(domain, id, k))];
  });
}

/** Rows that break it may exist: it comes after them. */
function unvalidated(domain: CatalogObject, id: string, row: Readonly<Record<string, string | null>>): CatalogObject {
  const name = text(row, 'id');
  return {
    key: keyOf('pg_constraint', text(row, 'oid')),
    kind: 'check',
    name: `${domain.name}.${text(row, 'name')}`,
    section: 'post-data',
    statements: [{ tag: 'ALTER DOMAIN', text: `ALTER DOMAIN ${id} ADD CONSTRAINT ${name} ${text(row, 'definition')}` }],
    address: `CONSTRAINT ${name} ON DOMAIN ${id}`,
    requires: [domain.key],
  };
}
