import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral } from '../../sql/quote.ts';
import { alterPatiently } from '../init/alter-patiently.ts';

/** The next table whose identity we chose, with whether it still is that one. */
const CHOSEN = `
select k.relation::text as oid, case when c.oid is not null then format('%I.%I', n.nspname, c.relname) end as table,
  case k.previous when 'n' then 'nothing' else 'default' end as previous, (c.relreplident = k.chosen)::text as ours
from walcast.chosen_identity k
  left join pg_class c on c.oid = k.relation left join pg_namespace n on n.oid = c.relnamespace
order by n.nspname, c.relname limit 1`;

/** Resets each to what it was before us, one transaction a table; one that somebody has chosen since stays. */
export async function giveIdentitiesBack(
  session: SqlSession,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const row = (await session.query(CHOSEN)).rows[0];
    if (row === undefined) return done;
    const { oid, table, previous } = {
      oid: row['oid'] ?? '',
      table: row['table'] ?? '',
      previous: row['previous'] ?? '',
    };
    const forget = `delete from walcast.chosen_identity where relation = ${quoteLiteral(oid)}::oid`;
    if (row['ours'] === 'true') {
      const alter = `alter table only ${table} replica identity ${previous}`;
      // dropped or renamed since: asked again
      if (await alterPatiently(session, `${alter}; ${forget}`, { ...options, table, oid }))
        done.push(`replica identity of ${table}: ${previous} again`);
    } else {
      await session.execute(forget);
    }
  }
}
