import type { SqlSession } from '../../postgres/sql-session.ts';

/** Catalogs of which any new version of a row is a change of the schema; temporary objects are none. */
const CATALOGS: Readonly<Record<string, string>> = {
  pg_attrdef: 'adrelid',
  pg_index: 'indrelid',
  pg_inherits: 'inhrelid',
  pg_partitioned_table: 'partrelid',
  pg_policy: 'polrelid',
  pg_rewrite: 'ev_class',
  pg_sequence: 'seqrelid',
  pg_statistic_ext: 'stxrelid',
  pg_trigger: 'tgrelid',
  pg_foreign_table: 'ftrelid',
  pg_constraint: 'conrelid',
};

const OTHERS =
  `pg_aggregate pg_am pg_amop pg_amproc pg_cast pg_collation pg_conversion pg_default_acl pg_description pg_enum pg_event_trigger pg_extension
  pg_foreign_data_wrapper pg_foreign_server pg_init_privs pg_language pg_opclass pg_operator pg_opfamily pg_proc pg_range pg_seclabel pg_transform
  pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template`.split(/\s+/);

/** Without what ANALYZE, VACUUM, TRUNCATE and rewrites change. */
const RELATION = `row(c.oid, c.relname, c.relnamespace, c.reloftype, c.relowner, c.relam, c.reltablespace, c.relpersistence, c.relkind, c.relnatts, c.relchecks,
  c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relispopulated, c.reloptions, c.relacl)`;

/** Without the values that a rewrite writes into the rows. */
const COLUMN = `row(a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnum, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated, a.attisdropped, a.attislocal,
  a.attinhcount, a.attstorage, a.attcompression, a.attcollation, a.attstattarget, a.attacl, a.attoptions, a.attfdwoptions)`;

/** Made when a session needs one for the first time, and kept for others. */
const TEMPORARY = `array(select n.oid from pg_namespace n where n.nspname ~ '^pg_(toast_)?temp_')`;

const version = (catalog: string): string =>
  `hashtextextended(x.tableoid || ' ' || x.ctid::text || ' ' || x.xmin::text, 0)::numeric`.replace(
    'x.tableoid',
    `'${catalog}'`,
  );

const QUERY = [
  `select 'pg_class' as catalog, count(*) as entries, sum(hashtextextended(${RELATION}::text, 0)::numeric) as state from pg_class c where c.relpersistence <> 't' and c.relkind not in ('t', 'i', 'I')`,
  `select 'pg_attribute', count(*), sum(hashtextextended(${COLUMN}::text, 0)::numeric) from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relpersistence <> 't' and c.relnamespace <> 'pg_toast'::regnamespace`,
  ...Object.entries(CATALOGS).map(
    ([
      catalog,
      relation,
    ]) => `select '${catalog}', count(*), sum(${version(catalog)}) from ${catalog} x left join pg_class c on c.oid = x.${relation}
      where c.relpersistence is distinct from 't' and c.relkind is distinct from 't'`,
  ),
  `select 'pg_type', count(*), sum(${version('pg_type')}) from pg_type x where x.typnamespace <> all (${TEMPORARY})`,
  `select 'pg_namespace', count(*), sum(${version('pg_namespace')}) from pg_namespace x where x.oid <> all (${TEMPORARY})`,
  ...OTHERS.map((catalog) => `select '${catalog}', count(*), sum(${version(catalog)}) from ${catalog} x`),
].join(' union all ');

/**
 * Equal for two sessions that see the same schema. The server prints definitions as they are at the moment, not as they were when the snapshot
 * was taken: what a snapshot's session says before, and a session without one afterwards, tells whether that was the same.
 */
export async function schemaFingerprint(session: SqlSession): Promise<string> {
  const { rows } = await session.query(
    `select md5(string_agg(f::text, ',' order by f.catalog)) as fingerprint from (${QUERY}) f`,
  );
  return rows[0]?.['fingerprint'] ?? '';
}
