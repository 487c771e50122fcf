import type pg from 'pg';
import { rowsOf } from '../text-client.ts';
import type { Observation } from './prefix.ts';

/** Names of everything a migration makes. Plain columns only: those follow the transaction's snapshot, catalog functions do not. */
export const SCHEMA_FINGERPRINT = `
with spaces as (
  select oid, nspname from pg_namespace
  where nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'walcast') and nspname !~ '^pg_(toast_)?temp_'
), relations as (
  select c.oid, concat_ws('.', s.nspname, c.relname) as name, c.relkind
  from pg_class c join spaces s on s.oid = c.relnamespace where c.relname !~ '_concurrently$'
), lines as (
  select concat_ws(' ', 'relation', name, relkind) as line from relations
  union all
  select concat_ws(' ', 'column', r.name, a.attname, t.typname, a.attnotnull, a.atthasdef)
  from pg_attribute a join relations r on r.oid = a.attrelid join pg_type t on t.oid = a.atttypid
  where a.attnum > 0 and not a.attisdropped and r.relkind <> 'i'
  union all
  select concat_ws(' ', 'constraint', r.name, c.conname, c.contype)
  from pg_constraint c join relations r on r.oid = c.conrelid
  union all
  select concat_ws(' ', 'function', s.nspname, p.proname, md5(p.prosrc)) from pg_proc p join spaces s on s.oid = p.pronamespace
  union all
  select concat_ws(' ', 'trigger', r.name, t.tgname) from pg_trigger t join relations r on r.oid = t.tgrelid where not t.tgisinternal
  union all
  select concat_ws(' ', 'label', t.typname, e.enumlabel)
  from pg_enum e join pg_type t on t.oid = e.enumtypid join spaces s on s.oid = t.typnamespace
)
select md5(coalesce(string_agg(line, chr(10) order by line collate "C"), '')) as schema from lines`;

// LOCK takes no snapshot: a rewrite that commits between snapshot and lock would show an empty table, in any PostgreSQL.
const BEGIN = `begin isolation level repeatable read, read only;
  set local lock_timeout = '5s';
  lock table branches, tellers, accounts, history, ticket, commit_log in access share mode`;

const STATE = `
with by_branch as (select bid, sum(delta) as delta from history group by bid),
  by_teller as (select tid, sum(delta) as delta from history group by tid),
  by_account as (select aid, sum(delta) as delta from history group by aid)
select
  (select count(*) from history) as history,
  (select count(*) from branches left join by_branch using (bid) where bbalance <> coalesce(delta, 0))
  + (select count(*) from tellers left join by_teller using (tid) where tbalance <> coalesce(delta, 0))
  + (select count(*) from accounts left join by_account using (aid) where abalance <> coalesce(delta, 0)) as unbalanced,
  (select n from ticket) as ticket, (select digest from ticket) as digest,
  (select count(ticket) from commit_log) as tickets,
  (select string_agg(concat_ws(':', writer, amount, latest), ',')
   from (select writer, count(*) as amount, max(n) as latest from commit_log group by writer) as per_writer) as counts`;

/** What a reader sees of the workload in one snapshot. */
export async function observe(client: pg.Client): Promise<Observation> {
  await client.query(BEGIN);
  try {
    const [state = {}] = rowsOf(await client.query(STATE));
    const [{ schema } = {}] = rowsOf(await client.query(SCHEMA_FINGERPRINT));
    await client.query('commit');
    const writers = (state['counts'] ?? '').split(',').filter((text) => text !== '');
    return {
      writers: new Map(
        writers.map((text) => {
          const [writer = 0, count = 0, latest = 0] = text.split(':').map(Number);
          return [writer, { count, latest }];
        }),
      ),
      history: Number(state['history']),
      unbalanced: Number(state['unbalanced']),
      ticket: Number(state['ticket']),
      digest: state['digest'] ?? '',
      tickets: Number(state['tickets']),
      schema: schema ?? '',
    };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
