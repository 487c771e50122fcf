import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteQualified } from '../../../sql/quote.ts';

const EFFECTS = `
select format('trigger %I', t.tgname) as effect
from pg_trigger t where t.tgrelid = $1::regclass and t.tgenabled in ('O', 'A') and (not t.tgisinternal
  -- up to 14 a partition's copy of its parent's trigger counts as internal, like those of constraints
  or t.tgparentid <> 0 and not exists (select from pg_constraint k where k.oid = t.tgconstraint and k.contype <> 't'))
union all
select format('foreign key %I', k.conname)
from pg_constraint k where k.contype = 'f' and (k.conrelid = $1::regclass or k.confrelid = $1::regclass)
  and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))
union all
select format('rule %I', w.rulename) from pg_rewrite w where w.ev_class = $1::regclass and w.ev_enabled in ('O', 'A')
limit 1`;

/**
 * Without the replica role a target's own triggers, rules and cascading foreign keys would do once more what the source's did already. Rows
 * of tables without any apply rightly; a table with one is refused before its first row.
 */
export async function refuseSideEffects(session: SqlSession, schema: string, name: string): Promise<void> {
  const { rows } = await session.query(EFFECTS, [quoteQualified(schema, name)]);
  const effect = rows[0]?.['effect'];
  if (effect === undefined) return;
  throw new WalcastError('E_TARGET_ROLE', `${effect} of ${schema}.${name} would run a second time on the target`, {
    fields: { table: `${schema}.${name}` },
  });
}
