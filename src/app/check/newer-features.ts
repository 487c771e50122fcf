import type { SqlSession } from '../../postgres/sql-session.ts';

/** What an older server does not know, with the objects of the source that use it. */
export interface NewerFeature {
  /** The first major version that knows it. */
  readonly since: number;
  readonly what: string;
  readonly objects: readonly string[];
}

interface Probe {
  readonly since: number;
  readonly what: string;
  /** Names of objects; asked only on servers that know the columns it reads. */
  readonly sql: string;
}

const SHOWN = 6;
const USERS = "c.oid >= 16384 and n.nspname !~ '^pg_' and n.nspname <> 'walcast'";
const OF_CLASS = `from pg_class c join pg_namespace n on n.oid = c.relnamespace`;
const OF_CONSTRAINT = `from pg_constraint o join pg_class c on c.oid = o.conrelid join pg_namespace n on n.oid = c.relnamespace`;

/** Bodies of views, rules and functions as the server keeps them, with the kind of node that only a later version knows. */
const bodiesWith = (...nodes: readonly string[]): string => {
  const holds = (tree: string): string => nodes.map((node) => `${tree}::text like '%{${node} %'`).join(' or ');
  return `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} join pg_rewrite w on w.ev_class = c.oid where (${holds('w.ev_action')}) and ${USERS}
    union all select format('%I.%I', n.nspname, c.proname) from pg_proc c join pg_namespace n on n.oid = c.pronamespace where (${holds('c.prosqlbody')}) and ${USERS}`;
};

const PROBES: readonly Probe[] = [
  {
    since: 15,
    what: 'UNIQUE NULLS NOT DISTINCT',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} join pg_index i on i.indexrelid = c.oid where i.indnullsnotdistinct and ${USERS}`,
  },
  {
    since: 15,
    what: 'views with security_invoker',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} where c.relkind = 'v' and c.reloptions::text ~ 'security_invoker' and ${USERS}`,
  },
  {
    since: 15,
    what: 'ON DELETE SET NULL or DEFAULT of some columns',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CONSTRAINT} where o.confdelsetcols is not null and ${USERS}`,
  },
  {
    since: 15,
    what: 'unlogged sequences',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} where c.relkind = 'S' and c.relpersistence = 'u' and ${USERS}`,
  },
  {
    since: 15,
    what: 'numeric columns with a scale below zero or above the precision',
    // as numeric_typmod_precision and numeric_typmod_scale have it
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} join pg_attribute a on a.attrelid = c.oid
      where a.atttypid = 'numeric'::regtype and a.atttypmod >= 4 and not a.attisdropped and ${USERS}
        and not ((((a.atttypmod - 4) & 2047) # 1024) - 1024) between 0 and ((a.atttypmod - 4) >> 16) & 65535`,
  },
  { since: 15, what: 'MERGE in bodies of views, rules or functions', sql: bodiesWith('MERGEACTION') },
  {
    since: 16,
    what: 'JSON constructors and IS JSON in bodies of views, rules or functions',
    sql: bodiesWith('JSONCONSTRUCTOREXPR', 'JSONISPREDICATE'),
  },
  {
    since: 16,
    what: 'collations with ICU rules',
    sql: `select format('%I.%I', n.nspname, c.collname) as name from pg_collation c join pg_namespace n on n.oid = c.collnamespace where c.collicurules is not null and ${USERS}`,
  },
  {
    since: 17,
    what: 'identity columns or exclusion constraints of partitioned tables',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} where c.relkind = 'p' and ${USERS}
      and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attidentity <> '') or exists (select from pg_constraint o where o.conrelid = c.oid and o.contype = 'x'))`,
  },
  {
    since: 17,
    what: 'the right MAINTAIN',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} where ${USERS}
      and exists (select from aclexplode(c.relacl) a where a.privilege_type = 'MAINTAIN' and a.grantee <> c.relowner)`,
  },
  {
    since: 17,
    what: 'collations of the provider builtin',
    sql: `select format('%I.%I', n.nspname, c.collname) as name from pg_collation c join pg_namespace n on n.oid = c.collnamespace where c.collprovider = 'b' and ${USERS}`,
  },
  {
    since: 17,
    what: 'JSON_TABLE, JSON_QUERY, JSON_VALUE and JSON_EXISTS in bodies of views, rules or functions',
    sql: bodiesWith('JSONEXPR'),
  },
  {
    since: 18,
    what: 'defaults with uuidv7() or uuidv4()',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} join pg_attrdef d on d.adrelid = c.oid
      where d.adbin::text ~ (':funcid (' || 'pg_catalog.uuidv4()'::regprocedure::oid || '|' || 'pg_catalog.uuidv7()'::regprocedure::oid || '|' || 'pg_catalog.uuidv7(interval)'::regprocedure::oid || ') ') and ${USERS}`,
  },
  {
    since: 18,
    what: 'virtual generated columns',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CLASS} where ${USERS}
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attgenerated = 'v' and not a.attisdropped)`,
  },
  {
    since: 18,
    what: 'constraints that are NOT ENFORCED, or WITHOUT OVERLAPS or PERIOD',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CONSTRAINT} where (not o.conenforced or o.conperiod) and ${USERS}`,
  },
  {
    since: 18,
    what: 'NOT NULL constraints that are NOT VALID',
    sql: `select format('%I.%I', n.nspname, c.relname) as name ${OF_CONSTRAINT} where o.contype = 'n' and not o.convalidated and ${USERS}`,
  },
];

/** What of this source no server below its own version takes. */
export async function readNewerFeatures(session: SqlSession, major: number): Promise<NewerFeature[]> {
  const found: NewerFeature[] = [];
  for (const { since, what, sql } of PROBES) {
    if (major < since) continue;
    const { rows } = await session.query(`select distinct name from (${sql}) found order by 1 limit ${SHOWN}`);
    if (rows.length > 0) found.push({ since, what, objects: rows.map(({ name }) => name ?? '') });
  }
  return found;
}
