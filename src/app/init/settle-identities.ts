import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral } from '../../sql/quote.ts';
import { identityGaps, IMPOSSIBLE, type IdentityGap } from '../check/identity-gaps.ts';
import { alterPatiently } from './alter-patiently.ts';

/** Gives every table that needs one a replica identity, a transaction a table. Returns what was given. */
export async function settleIdentities(
  session: SqlSession,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<IdentityGap[]> {
  const settled = new Map<string, IdentityGap>();
  for (let gaps = await identityGaps(session); gaps.length > 0; gaps = await identityGaps(session)) {
    for (const gap of gaps) {
      if (gap.identity === IMPOSSIBLE) {
        throw new WalcastError('E_PREFLIGHT', `${gap.table} needs a primary key: it has virtual generated columns`);
      }
      if (settled.has(gap.oid)) {
        throw new WalcastError(
          'E_INTERNAL',
          `${gap.table} still has no usable replica identity after it was given one`,
        );
      }
      // The lock first: what the function then reads of the table stays as it is.
      const sql = `lock table only ${gap.table} in access exclusive mode;
        select walcast.settle_identities(array[${quoteLiteral(gap.oid)}::oid], true)`;
      const done = await alterPatiently(session, sql, { ...options, table: gap.table, oid: gap.oid });
      // else it was dropped, or has another name in the next list
      if (done) settled.set(gap.oid, gap);
    }
  }
  return [...settled.values()];
}
