import { hiddenRelations } from '../../listener/snapshot/rights.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { readNewerFeatures, type NewerFeature } from './newer-features.ts';

/** How a database compares text, beside its encoding. */
export interface Locale {
  readonly encoding: string;
  /** c libc · i ICU · b builtin */
  readonly provider: string;
  readonly collate: string;
  readonly ctype: string;
  /** Of ICU and builtin. */
  readonly locale: string;
}

/** What matters of a source whose rows are to be copied; read only, by any role. */
export interface CopySourceFacts {
  readonly version: number;
  readonly role: string;
  readonly recovery: boolean;
  readonly locale: Locale;
  /** As the statistics have it. */
  readonly bytes: number;
  /** Bytes; null: no limit. */
  readonly keepBytes: number | null;
  readonly freeConnections: number;
  /** A standby cancels what its recovery waits for. */
  readonly cancelsReads: boolean;
  readonly unreadable: readonly string[];
  /** Row security would leave rows out. */
  readonly hidden: readonly string[];
  readonly unlogged: readonly string[];
  readonly largeObjects: number;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly tablespaces: readonly string[];
  /** Collations of the operating system that tables or types name. */
  readonly collations: readonly string[];
  /** Partitioned by ranges of text in the order of the database's locale. */
  readonly textRanges: readonly string[];
  readonly newer: readonly NewerFeature[];
}

export const LOCALE = `
  current_setting('server_encoding') as encoding, d.datcollate as collate, d.datctype as ctype,
  coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', '') as locale`;

/** Of this role; what is kept for superusers is for them only. */
export const FREE_CONNECTIONS = `
  (least(current_setting('max_connections')::int
      - case when r.rolsuper then 0 else current_setting('superuser_reserved_connections')::int end
      - (select count(*) from pg_stat_activity where backend_type in ('client backend', 'walsender')),
    case when r.rolconnlimit < 0 then 100000 else r.rolconnlimit end,
    case when d.datconnlimit < 0 then 100000 else d.datconnlimit end))::text as free_connections`;

const SERVER = `
select current_setting('server_version_num') as version, r.rolname as role, pg_is_in_recovery()::text as recovery,
  ${LOCALE}, ${FREE_CONNECTIONS},
  (select coalesce(sum(relpages::bigint), 0) * current_setting('block_size')::bigint from pg_class where relkind in ('r', 't', 'm')) as bytes,
  (select case when setting = '-1' then null else setting::bigint * 1024 * 1024 end from pg_settings where name = 'max_slot_wal_keep_size') as keep,
  (pg_is_in_recovery() and current_setting('hot_standby_feedback') = 'off' and current_setting('max_standby_streaming_delay') <> '-1')::text as cancels,
  (select count(*) from pg_largeobject_metadata) as large_objects
from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()`;

const UNLOGGED = `
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'u' and n.nspname !~ '^pg_' and n.nspname <> 'walcast' order by 1`;

const EXTENSIONS = `select extname as name, extversion as version from pg_extension where extname <> 'plpgsql' order by 1`;

const TABLESPACES = `
select distinct t.spcname as name from pg_class c join pg_tablespace t on t.oid = c.reltablespace
where c.oid >= 16384 and t.spcname !~ '^pg_' order by 1`;

const COLLATIONS = `
select distinct c.collname as name from pg_collation c
where c.collnamespace = 'pg_catalog'::regnamespace and c.collname not in ('default', 'C', 'POSIX')
  and (exists (select from pg_attribute a where a.attcollation = c.oid and a.attrelid >= 16384 and not a.attisdropped)
    or exists (select from pg_type t where t.typcollation = c.oid and t.oid >= 16384))
order by 1`;

const TEXT_RANGES = `
select format('%I.%I', n.nspname, c.relname) as name
from pg_partitioned_table p join pg_class c on c.oid = p.partrelid join pg_namespace n on n.oid = c.relnamespace
where p.partstrat = 'r' and 'pg_catalog."default"'::regcollation = any (p.partcollation::oid[]) order by 1`;

export async function readCopySource(session: SqlSession): Promise<CopySourceFacts> {
  const server = (await session.query(SERVER)).rows[0] ?? {};
  const names = async (sql: string): Promise<string[]> => (await session.query(sql)).rows.map(({ name }) => name ?? '');
  const missing = await hiddenRelations(session);
  const named = (rows: typeof missing): string[] =>
    rows.map(({ schema, name }) => `${spelled(schema)}.${spelled(name)}`);
  const version = Number(server['version']);
  return {
    version,
    role: server['role'] ?? '',
    recovery: server['recovery'] === 'true',
    locale: localeOf(server),
    bytes: Number(server['bytes']),
    keepBytes: server['keep'] === null ? null : Number(server['keep']),
    freeConnections: Number(server['free_connections']),
    cancelsReads: server['cancels'] === 'true',
    unreadable: named(missing.filter(({ reason }) => reason !== 'row_security')),
    hidden: named(missing.filter(({ reason }) => reason === 'row_security')),
    unlogged: await names(UNLOGGED),
    largeObjects: Number(server['large_objects']),
    extensions: (await session.query(EXTENSIONS)).rows.map(({ name, version: installed }) => ({
      name: name ?? '',
      version: installed ?? '',
    })),
    tablespaces: await names(TABLESPACES),
    collations: await names(COLLATIONS),
    textRanges: await names(TEXT_RANGES),
    newer: await readNewerFeatures(session, Math.trunc(version / 10_000)),
  };
}

/** As %I prints it. */
function spelled(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteIdentifier(name);
}

export function localeOf(row: Readonly<Record<string, string | null>>): Locale {
  return {
    encoding: row['encoding'] ?? '',
    provider: row['provider'] ?? '',
    collate: row['collate'] ?? '',
    ctype: row['ctype'] ?? '',
    locale: row['locale'] ?? '',
  };
}
