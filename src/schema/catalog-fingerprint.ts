import type { SqlSession } from '../postgres/sql-session.ts';

/** What belongs to the temporary objects of some session changes all the time and is nobody's schema. */
const LASTING = `(select n.oid from pg_namespace n where n.nspname !~ '^pg_(toast_)?temp_')`;

/** Of pg_class only what a statement defines: TRUNCATE, VACUUM and ANALYZE change the rest. */
const CLASSES = `select 'pg_class' as catalog, count(*) as entries, sum(hashtextextended(concat_ws('|', c.oid, c.relname, c.relnamespace,
    c.relowner, c.relam, c.reltablespace, c.relkind, c.relpersistence, c.relnatts, c.relchecks, c.relhasrules, c.relhastriggers,
    c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relacl, c.reloptions, c.relispopulated), 0)) as hash
  from pg_class c where c.relnamespace in ${LASTING}`;

/** Catalogs whose rows say to which schema they belong. */
const WITH_SCHEMA: readonly (readonly [string, string])[] = [
  ['pg_type', 'typnamespace'],
  ['pg_proc', 'pronamespace'],
  ['pg_operator', 'oprnamespace'],
  ['pg_opclass', 'opcnamespace'],
  ['pg_opfamily', 'opfnamespace'],
  ['pg_conversion', 'connamespace'],
  ['pg_collation', 'collnamespace'],
  ['pg_constraint', 'connamespace'],
  ['pg_statistic_ext', 'stxnamespace'],
  ['pg_ts_config', 'cfgnamespace'],
  ['pg_ts_dict', 'dictnamespace'],
];

/** Catalogs whose rows belong to a relation. */
const OF_RELATION: readonly (readonly [string, string])[] = [
  ['pg_attribute', 'attrelid'],
  ['pg_attrdef', 'adrelid'],
  ['pg_index', 'indexrelid'],
  ['pg_trigger', 'tgrelid'],
  ['pg_rewrite', 'ev_class'],
  ['pg_policy', 'polrelid'],
  ['pg_inherits', 'inhrelid'],
  ['pg_partitioned_table', 'partrelid'],
  ['pg_sequence', 'seqrelid'],
  ['pg_foreign_table', 'ftrelid'],
];

const OTHERS = [
  'pg_enum',
  'pg_range',
  'pg_amop',
  'pg_amproc',
  'pg_cast',
  'pg_language',
  'pg_extension',
  'pg_foreign_data_wrapper',
  'pg_foreign_server',
  'pg_event_trigger',
  'pg_default_acl',
  'pg_description',
  'pg_transform',
  'pg_ts_parser',
  'pg_ts_template',
  'pg_ts_config_map',
];

/** Every change of a row gives it a new xmin. */
const BY_XMIN = 'count(*) as entries, sum(hashtextextended(x.xmin::text, 0)) as hash';

const FINGERPRINT = `select string_agg(concat_ws(':', catalog, entries, hash), ' ' order by catalog) as print from (
${[
  CLASSES,
  `select 'pg_namespace', ${BY_XMIN} from pg_namespace x where x.oid in ${LASTING}`,
  ...WITH_SCHEMA.map(
    ([catalog, column]) => `select '${catalog}', ${BY_XMIN} from ${catalog} x where x.${column} in ${LASTING}`,
  ),
  ...OF_RELATION.map(
    ([catalog, column]) =>
      `select '${catalog}', ${BY_XMIN} from ${catalog} x where x.${column} in (
        select c.oid from pg_class c where c.relnamespace in ${LASTING})`,
  ),
  ...OTHERS.map((catalog) => `select '${catalog}', ${BY_XMIN} from ${catalog} x`),
].join('\nunion all ')}) c`;

/**
 * Two equal ones: no schema change was committed between what the two sessions see. Reading a schema takes many looks at the catalogs, of which
 * PostgreSQL's own functions see the state of their moment and not that of the snapshot.
 */
export async function catalogFingerprint(session: SqlSession): Promise<string> {
  return (await session.query(FINGERPRINT)).rows[0]?.['print'] ?? '';
}
