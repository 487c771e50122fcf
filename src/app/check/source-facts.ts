import type { SqlSession } from '../../postgres/sql-session.ts';
import { READ_ONLY_FACTS } from '../../migrate/read-only.ts';
import { eventTriggerState } from '../../migrate/event-triggers.ts';
import { installedSets } from '../../migrate/records.ts';
import { schemaState, type SchemaState } from '../../migrate/ownership.ts';
import { WalcastError } from '../../errors/walcast-error.ts';
import type { ClientSession } from '../init/client-session.ts';
import { identityGaps, type IdentityGap } from './identity-gaps.ts';
import type { SourceOptions } from './source-options.ts';

/** What the preflight judges; read only, nothing is changed by asking. */
export interface SourceFacts {
  readonly server: Readonly<Record<string, string | null>>;
  /** The same on a second connection. */
  readonly secondServer: Readonly<Record<string, string | null>>;
  /** The backend's process id is the one that was announced when the connection was made. */
  readonly direct: boolean;
  readonly schema: SchemaState | 'foreign';
  readonly schemaProblem: string;
  readonly slot: SlotFacts | undefined;
  readonly publication: PublicationFacts | undefined;
  /** Our record of the slot, when there is one. */
  readonly record: { readonly publication: string; readonly complete: boolean } | undefined;
  readonly foreignSlots: readonly string[];
  readonly foreignPublications: readonly string[];
  /** Those of the installed sets that do not fire. */
  readonly silentTriggers: readonly string[];
  readonly replicaIdentity: string | undefined;
  readonly gaps: readonly IdentityGap[];
}

export interface SlotFacts {
  readonly here: boolean;
  readonly plugin: string;
  readonly active: boolean;
  readonly walStatus: string;
}

export interface PublicationFacts {
  /** All tables, all kinds of changes, by leaf partition. */
  readonly fits: boolean;
}

const SERVER_IDENTITY = `
select (select system_identifier::text from pg_control_system()) as system, pg_postmaster_start_time()::text as started,
  coalesce(host(inet_server_addr()), 'socket') || ':' || coalesce(inet_server_port(), 0) as address,
  pg_is_in_recovery()::text as recovery, pg_backend_pid()::text as pid`;

const SERVER = `
select current_setting('server_version_num') as version, current_setting('server_version') as version_text,
  current_setting('wal_level') as wal_level, current_setting('server_encoding') as encoding,
  r.rolname as role, r.rolsuper::text as superuser,
  (r.rolreplication or exists (select from pg_roles g
    where g.rolname = 'rds_replication' and pg_has_role(r.oid, g.oid, 'member')))::text as replication,
  current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots) as free_slots,
  current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication) as free_senders,
  current_setting('max_slot_wal_keep_size') as keep_size,
  coalesce(current_setting('idle_replication_slot_timeout', true), '0') as idle_timeout,
  coalesce(current_setting('event_triggers', true), 'on') as event_triggers,
  (to_regclass('walcast.checkpoint') is not null)::text as is_target,
  has_database_privilege(current_database(), 'create')::text as may_create, ${READ_ONLY_FACTS}
from pg_roles r where r.rolname = current_user`;

export async function readSourceFacts(
  session: ClientSession,
  second: SqlSession,
  { slot, publication }: SourceOptions,
): Promise<SourceFacts> {
  const [identity, server, other] = [
    await one(session, SERVER_IDENTITY),
    await one(session, SERVER),
    await one(second, SERVER_IDENTITY),
  ];
  const { state, problem } = await installed(session);
  const ours =
    state === 'ours' && (await one(session, `select to_regclass('walcast.slot')::text as slot`))['slot'] !== null;
  return {
    server: { ...identity, ...server },
    secondServer: other,
    direct:
      String(session.processId) === identity['pid'] && identity['pid'] === (await one(session, SERVER_IDENTITY))['pid'],
    schema: state,
    schemaProblem: problem,
    slot: await slotFacts(session, slot),
    publication: await publicationFacts(session, publication),
    record: ours ? await recordOf(session, slot) : undefined,
    foreignSlots: await foreignSlots(session, ours),
    foreignPublications: await foreignPublications(session, ours),
    silentTriggers: ours ? (await eventTriggerState(session, await installedSets(session))).disabled : [],
    replicaIdentity: ours
      ? ((await one(session, `select value from walcast.setting where name = 'replica_identity'`))['value'] ??
        undefined)
      : undefined,
    gaps: await identityGaps(session),
  };
}

async function one(
  session: SqlSession,
  sql: string,
  values: readonly string[] = [],
): Promise<Readonly<Record<string, string | null>>> {
  return (await session.query(sql, values)).rows[0] ?? {};
}

async function installed(session: SqlSession): Promise<{ state: SchemaState | 'foreign'; problem: string }> {
  try {
    return { state: await schemaState(session), problem: '' };
  } catch (error) {
    if (error instanceof WalcastError && error.code === 'E_SCHEMA_FOREIGN')
      return { state: 'foreign', problem: error.message };
    throw error;
  }
}

async function slotFacts(session: SqlSession, name: string): Promise<SlotFacts | undefined> {
  const { rows } = await session.query(
    `select coalesce(database = current_database(), false)::text as here, coalesce(plugin, '') as plugin, active::text as active,
       coalesce(wal_status, '') as wal_status from pg_replication_slots where slot_name = $1`,
    [name],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    here: row['here'] === 'true',
    plugin: row['plugin'] ?? '',
    active: row['active'] === 'true',
    walStatus: row['wal_status'] ?? '',
  };
}

async function publicationFacts(session: SqlSession, name: string): Promise<PublicationFacts | undefined> {
  const { rows } = await session.query(
    `select (puballtables and pubinsert and pubupdate and pubdelete and pubtruncate and not pubviaroot)::text as fits
     from pg_publication where pubname = $1`,
    [name],
  );
  return rows[0] === undefined ? undefined : { fits: rows[0]['fits'] === 'true' };
}

async function recordOf(session: SqlSession, name: string): Promise<SourceFacts['record']> {
  const { rows } = await session.query(
    `select publication, (consistent_point is not null)::text as complete from walcast.slot where slot_name = $1`,
    [name],
  );
  const row = rows[0];
  return row === undefined
    ? undefined
    : { publication: row['publication'] ?? '', complete: row['complete'] === 'true' };
}

async function foreignSlots(session: SqlSession, ours: boolean): Promise<string[]> {
  const { rows } = await session.query(
    `select slot_name as name from pg_replication_slots s where slot_type = 'logical' and database = current_database()
       ${ours ? 'and not exists (select from walcast.slot o where o.slot_name = s.slot_name)' : ''} order by 1`,
  );
  return rows.map((row) => row['name'] ?? '');
}

async function foreignPublications(session: SqlSession, ours: boolean): Promise<string[]> {
  const { rows } = await session.query(
    `select pubname as name from pg_publication p where puballtables
       ${ours ? 'and not exists (select from walcast.slot o where o.publication = p.pubname)' : ''} order by 1`,
  );
  return rows.map((row) => row['name'] ?? '');
}
