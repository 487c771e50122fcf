import type { SqlSession } from '../../../postgres/sql-session.ts';
import { guardCommit } from '../ddl/commit-guard.ts';
import { DEFAULT_ROW_PATH } from '../ddl/ddl-replayer.ts';
import { RoleRunner } from '../ddl/role-runner.ts';
import { inTransaction } from './in-transaction.ts';
import type { SnapshotContext } from './snapshot-context.ts';

/**
 * Filled materialized views over tables of which rows came later than the schema: when the views were filled, those tables were empty or at
 * another moment than the others. A view after all that it is made of.
 */
const STALE = `
with recursive late (oid, level) as (
  select distinct to_regclass(format('%I.%I', t.definition -> 'metadata' ->> 'schema', t.definition -> 'metadata' ->> 'name'))::oid, 0
  from walcast.snapshot s join walcast.snapshot_table t on t.snapshot = s.id join walcast.snapshot_range r on r.snapshot = s.id and r.oid = t.oid
  where s.id = $1 and r.visible <> s.schema_snapshot
  union
  select next.oid, late.level + 1 from late cross join lateral (
    select w.ev_class from pg_depend d join pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
      where d.refclassid = 'pg_class'::regclass and d.refobjid = late.oid and w.ev_class <> late.oid
    union select i.inhparent from pg_inherits i where i.inhrelid = late.oid) as next (oid)
)
select c.oid::regclass::text as view, c.relowner::text as owner, r.rolname as owner_name, r.rolsuper as superuser, r.rolname = current_user as own
from (select oid, max(level) as level from late group by oid) l join pg_class c on c.oid = l.oid join pg_roles r on r.oid = c.relowner
where c.relkind = 'm' and c.relispopulated order by l.level, c.oid`;

export async function refreshStaleViews({ replay }: SnapshotContext, session: SqlSession, id: string): Promise<void> {
  const runner = new RoleRunner();
  const { rows } = await session.query(STALE, [id]);
  for (const row of rows) {
    const role = {
      name: row['owner_name'] ?? '',
      oid: row['owner'] ?? '',
      superuser: row['superuser'] === 't',
      own: row['own'] === 't',
    };
    await inTransaction(session, async () => {
      runner.begin();
      await runner.prepare(session, role);
      await session.query("select pg_catalog.set_config('search_path', $1, true)", [
        replay.rowSearchPath ?? DEFAULT_ROW_PATH,
      ]);
      await runner.run(session, role, `refresh materialized view ${row['view'] ?? ''}`);
      await runner.clean(session);
      if (runner.userCodeRan) await guardCommit(session);
    });
  }
}
