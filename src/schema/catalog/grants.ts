import { type CatalogObject, groupedBy, keyOf, text } from './catalog-object.ts';
import { grantStatements, privilegesOf, privilegesQuery } from './privileges.ts';
import { type CatalogReader, rowsOf } from './reader.ts';

interface Granted {
  readonly catalog: string;
  /** Columns oid, sub (attnum or 0), owner, acl, kind (for acldefault; null: nothing is granted at first), name and object. */
  readonly sql: string;
}

const OTHER_SCHEMA = `n.nspname <> 'walcast' and n.nspname !~ '^pg_(toast|temp)'`;

/** Of everything, the system's and the extensions' objects as well: what differs from how they were made counts. */
const SOURCES: readonly Granted[] = [
  {
    catalog: 'pg_namespace',
    sql: `select n.oid, 0 as sub, n.nspowner as owner, n.nspacl as acl, 'n'::"char" as kind, n.nspname::text as name, format('SCHEMA %I', n.nspname) as object, ''::text as column
      from pg_namespace n where n.nspname !~ '^pg_(toast|temp)' and n.nspname not in ('walcast', 'public')`,
  },
  {
    catalog: 'pg_class',
    sql: `select c.oid, 0 as sub, c.relowner as owner, c.relacl as acl, (case when c.relkind = 'S' then 's' else 'r' end)::"char" as kind, n.nspname || '.' || c.relname as name,
        format(case when c.relkind = 'S' then 'SEQUENCE %I.%I' else 'TABLE %I.%I' end, n.nspname, c.relname) as object, ''::text as column
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${OTHER_SCHEMA}`,
  },
  {
    catalog: 'pg_class',
    sql: `select c.oid, a.attnum as sub, c.relowner as owner, a.attacl as acl, null::"char" as kind, n.nspname || '.' || c.relname as name, format('TABLE %I.%I', n.nspname, c.relname) as object,
        format(' (%I)', a.attname) as column
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where not a.attisdropped and ${OTHER_SCHEMA}`,
  },
  {
    catalog: 'pg_proc',
    sql: `select p.oid, 0 as sub, p.proowner as owner, p.proacl as acl, 'f'::"char" as kind, n.nspname || '.' || p.proname as name,
        format('%s %I.%I(%s)', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, n.nspname, p.proname, case when p.prokind <> 'a' then pg_get_function_identity_arguments(p.oid)
          else coalesce((select string_agg(format_type(t.oid, null), ', ' order by t.i) from unnest(p.proargtypes) with ordinality as t(oid, i)), '') end) as object, ''::text as column
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${OTHER_SCHEMA}`,
  },
  {
    catalog: 'pg_type',
    sql: `select t.oid, 0 as sub, t.typowner as owner, t.typacl as acl, 'T'::"char" as kind, n.nspname || '.' || t.typname as name, format('TYPE %I.%I', n.nspname, t.typname) as object, ''::text as column
      from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${OTHER_SCHEMA}`,
  },
  {
    catalog: 'pg_language',
    sql: `select l.oid, 0 as sub, l.lanowner as owner, l.lanacl as acl, 'l'::"char" as kind, l.lanname::text as name, format('LANGUAGE %I', l.lanname) as object, ''::text as column from pg_language l`,
  },
  {
    catalog: 'pg_foreign_data_wrapper',
    sql: `select w.oid, 0 as sub, w.fdwowner as owner, w.fdwacl as acl, 'F'::"char" as kind, w.fdwname::text as name, format('FOREIGN DATA WRAPPER %I', w.fdwname) as object, ''::text as column
      from pg_foreign_data_wrapper w`,
  },
  {
    catalog: 'pg_foreign_server',
    sql: `select s.oid, 0 as sub, s.srvowner as owner, s.srvacl as acl, 'S'::"char" as kind, s.srvname::text as name, format('FOREIGN SERVER %I', s.srvname) as object, ''::text as column
      from pg_foreign_server s`,
  },
];

/** At first there is what initdb or the extension's script granted (pg_init_privs), else what acldefault says. */
function changed({ catalog, sql }: Granted): string {
  return `select o.oid || ' ' || o.sub || ' ' || o.object || e'\\x01' || o.column || e'\\x01' || o.name as id, o.owner, o.acl, b.base
    from (${sql}) o left join pg_init_privs i on i.classoid = '${catalog}'::regclass and i.objoid = o.oid and i.objsubid = o.sub
      cross join lateral (select coalesce(i.initprivs, case when o.kind is not null then acldefault(o.kind, o.owner) end) as base) b
    where o.acl is not null and o.acl is distinct from b.base`;
}

/**
 * `public` has other rights from 15 on: it gets what the source has, wherever it starts from.
 */
const PUBLIC_SCHEMA = `select n.oid || ' 0 SCHEMA public' || e'\\x01\\x01public' as id, n.nspowner as owner, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl, null::aclitem[] as base
  from pg_namespace n where n.nspname = 'public'`;

export async function readGrants(reader: CatalogReader): Promise<CatalogObject[]> {
  const objects: CatalogObject[] = [];
  for (const source of SOURCES) {
    const rows = await rowsOf(reader, privilegesQuery(changed(source)));
    for (const [id, own] of groupedBy(rows, 'id'))
      objects.push(
        grant(reader, source.catalog, id, (object, columns) => grantStatements(privilegesOf(own), object, { columns })),
      );
  }
  return [...objects, ...(await readPublicSchema(reader))];
}

function grant(
  reader: CatalogReader,
  catalog: string,
  id: string,
  statements: (object: string, columns: string) => CatalogObject['statements'],
): CatalogObject {
  const [head = '', columns = '', name = ''] = id.split('\x01');
  const [oid = '', sub = '', ...object] = head.split(' ');
  const key = keyOf(catalog, oid);
  const isTable = catalog === 'pg_class' && !head.includes(' SEQUENCE ');
  return {
    key: `${key}#grants${sub}`,
    kind: 'grant',
    name,
    section: null,
    statements: statements(object.join(' '), columns),
    ...(isTable ? { relation: Number(oid) } : {}),
    requires: [reader.dependencies.resolve(key)],
  };
}

async function readPublicSchema(reader: CatalogReader): Promise<CatalogObject[]> {
  const own = privilegesOf(await rowsOf(reader, privilegesQuery(PUBLIC_SCHEMA)));
  const schema = await rowsOf(
    reader,
    `select n.oid, quote_ident(pg_get_userbyid(n.nspowner)) as owner from pg_namespace n where n.nspname = 'public'`,
  );
  return schema.map((row) => {
    const object = 'SCHEMA "public"';
    const revokes = ['PUBLIC', text(row, 'owner')].flatMap((grantee) => {
      const held = new Set(own.flatMap((right) => (right.grantee === grantee ? right.privilege : [])));
      const missing = ['USAGE', 'CREATE'].filter((privilege) => !held.has(privilege));
      if (missing.length === 0) return [];
      return [{ tag: 'REVOKE', text: `REVOKE ${missing.join(', ')} ON ${object} FROM ${grantee}` }];
    });
    return {
      key: `${keyOf('pg_namespace', text(row, 'oid'))}#grants0`,
      kind: 'grant',
      name: 'public',
      section: null,
      statements: [...revokes, ...grantStatements(own, object)],
      requires: [keyOf('pg_namespace', text(row, 'oid'))],
    };
  });
}
